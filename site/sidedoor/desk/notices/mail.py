"""Hands mail to the organisation's own server, with Python's smtplib, over TLS with the machine's own authorities.

A failure is a Refusal that carries the server's own answer, because only that tells an administrator what to mend.
"""

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.utils import format_datetime

from sidedoor.desk.notices.store import Letter
from sidedoor.desk.refusals import Refusal, Stopped
from sidedoor.documents.times import utc_now
from sidedoor.settings import Settings, read_mail_server

_PATIENCE_SECONDS = 20


class NotTaken(Stopped):
    """The server did not take the mail. `for_good`: trying again would not help."""

    def __init__(self, why: Refusal, for_good: bool = False, **values: object) -> None:
        super().__init__(why, **values)
        self.for_good = for_good


def message_of(settings: Settings, letter: Letter, address: str, sender: str) -> EmailMessage:
    """Return the letter as it is sent: plain text, marked so that no program answers it automatically (RFC 3834)."""
    message, domain = EmailMessage(), str(settings.mail_from).rpartition("@")[2]
    message["From"], message["To"] = f"{_quoted(sender)} <{settings.mail_from}>", address
    message["Subject"], message["Date"] = letter.subject, format_datetime(utc_now())
    message["Message-ID"] = f"<{letter.id}@{domain}>"
    message["Auto-Submitted"], message["X-Auto-Response-Suppress"] = "auto-generated", "All"
    message.set_content(letter.body)
    return message


def hand_in(settings: Settings, message: EmailMessage) -> None:
    """Hand one message to the server. Raises NotTaken."""
    if not settings.mail_server:
        raise NotTaken(Refusal.NO_MAIL_SERVER)
    place = read_mail_server(settings.mail_server)
    try:
        # The machine's own authorities, and those in SSL_CERT_FILE for a server with a private authority.
        secure = ssl.create_default_context()
        server = (
            smtplib.SMTP_SSL(place.host, place.port, timeout=_PATIENCE_SECONDS, context=secure)
            if place.tls == "implicit"
            else smtplib.SMTP(place.host, place.port, timeout=_PATIENCE_SECONDS)
        )
    except OSError as error:
        raise _not_reached(place.host, error) from error
    try:
        if place.tls == "starttls":
            server.starttls(context=secure)  # raises if the server does not offer TLS: mail never goes unencrypted
        if place.user:
            server.login(place.user, settings.mail_password)
        server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        code, reply = next(iter(error.recipients.values()))
        raise NotTaken(Refusal.MAIL_ADDRESS_REFUSED, code >= 500, said=_words(reply)) from error
    except smtplib.SMTPAuthenticationError as error:
        raise NotTaken(Refusal.MAIL_PASSWORD_REFUSED, said=_words(error.smtp_error)) from error
    except smtplib.SMTPNotSupportedError as error:
        raise NotTaken(Refusal.MAIL_NO_TLS, host=place.host) from error
    except smtplib.SMTPResponseException as error:
        raise NotTaken(Refusal.MAIL_REFUSED, said=f"{error.smtp_code} {_words(error.smtp_error)}") from error
    except (smtplib.SMTPException, OSError, UnicodeDecodeError) as error:
        raise _not_reached(place.host, error) from error
    finally:
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
        server.close()


def _not_reached(host: str, error: Exception) -> NotTaken:
    if isinstance(error, ssl.SSLCertVerificationError):
        return NotTaken(Refusal.MAIL_CERTIFICATE, host=host, said=error.verify_message)
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return NotTaken(Refusal.MAIL_NOT_REACHED, host=host, said=reason)


def _words(reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())[:200]


def _quoted(name: str) -> str:
    return '"' + "".join(character for character in name if character.isprintable() and character not in '"\\') + '"'
