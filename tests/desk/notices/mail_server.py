"""A real mail server on this machine (aiosmtpd), with a certificate that is trusted while a test runs."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

from aiosmtpd.smtp import SMTP, AuthResult, Envelope
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PASSWORD = "a word of the post room"


class Mailbox:
    """The mail that the server accepted. `answer`: its reply to a message; `refuses`: addresses that it does not know."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.answer = "250 taken"
        self.refuses: set[str] = set()
        self.port = 0

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address in self.refuses:
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        if self.answer.startswith("2"):
            self.envelopes.append(envelope)
        return self.answer

    @property
    def mail(self) -> list[EmailMessage]:
        """Every message, parsed as a mail program does it."""
        raw = [envelope.content for envelope in self.envelopes]
        return [message_from_bytes(content, policy=policy.default) for content in raw if isinstance(content, bytes)]

    def to(self, address: str) -> list[EmailMessage]:
        """The messages for one address."""
        return [message for message in self.mail if message["To"] == address]


@contextmanager
def mail_server(folder: Path, way: Literal["smtps", "smtp", "smtp+plain"], port: int = 0) -> Iterator[Mailbox]:
    """Run the server until the block ends. Over TLS it accepts mail only from the user `desk`."""
    box, secure, connections = Mailbox(), _certificate(folder), list[SMTP]()

    def protocol() -> SMTP:
        connections.append(_smtp())
        return connections[-1]

    def _smtp() -> SMTP:
        if way == "smtp+plain":
            return SMTP(box, loop=loop)
        return SMTP(
            box,
            loop=loop,
            tls_context=secure if way == "smtp" else None,
            require_starttls=way == "smtp",
            auth_require_tls=way == "smtp",
            authenticator=lambda _server, _session, _envelope, _mechanism, login: AuthResult(
                success=(login.login, login.password) == (b"desk", PASSWORD.encode()), handled=False
            ),
        )

    loop = asyncio.new_event_loop()
    tls = secure if way == "smtps" else None
    server = loop.run_until_complete(loop.create_server(protocol, "127.0.0.1", port, ssl=tls))
    box.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield box
    finally:

        async def rest() -> None:
            server.close()  # in its own loop: beside it, a connection that ends just now closes the server, too
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            for connection in connections:
                if connection.transport:
                    connection.transport.close()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(rest(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


def authority(folder: Path) -> Path:
    """The file to name in SSL_CERT_FILE so that the certificate is trusted."""
    _certificate(folder)
    return folder / "mail.pem"


def _certificate(folder: Path) -> ssl.SSLContext:
    file = folder / "mail.pem"
    if not file.exists():
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail of a test")])
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.load_cert_chain(file)
    return secure
