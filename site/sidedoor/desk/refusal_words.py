"""The desk's refusals in words: why a step is not possible, and what to do."""

import sqlite3
from collections.abc import Mapping

from sidedoor.desk.refusals import Refusal, Stopped
from sidedoor.desk.words import LABELS, in_form_words
from sidedoor.documents.problem_words import form_words
from sidedoor.documents.problems import Problem, Refused, Wrong

WORDS = {
    Refusal.OWN_WORDS: "You wrote or changed this yourself. Somebody else has to approve it.",
    Refusal.SIGNED_ALREADY: "You have approved this version. Somebody else has to approve it as well.",
    Refusal.LANGUAGE_NOT_KNOWN: "Somebody who knows {language} has to read it; under People an administrator says who.",
    Refusal.ORIGINAL_CHANGED: "The original was changed meanwhile. Your words are still here: compare, then save.",
    Refusal.NOT_ALL_TRANSLATED: "Not translated yet: {count}; the first is “{start}”. Until then, save it as a draft.",
    Refusal.OTHER_PAGE: "This file is for another page, {page}. Send it in there.",
    Refusal.CHANGED_SINCE_READ: "It was changed since you read it. Read it again, then decide.",
    Refusal.PUBLIC_CHANGED: (
        "The public version was changed outside the desk meanwhile. Compare the two first, or begin again."
    ),
    Refusal.ONLY_EDITORS_PUBLISH_ALONE: "Only an editor may publish without a second person.",
    Refusal.NO_REASON_TO_PUBLISH_ALONE: "Write why this cannot wait for a second person.",
    Refusal.NOTHING_TO_APPROVE_AFTERWARDS: "There is nothing here to approve afterwards.",
    Refusal.ROLE_DOES_NOT_APPROVE: "Your role does not approve this kind of page.",
    Refusal.ROLE_DOES_NOT_WRITE: "Your role does not write this kind of page.",
    Refusal.NOT_READY: "It is not ready yet: nobody has sent it for approval.",
    Refusal.NOTHING_WAITS: "Nothing here is waiting for approval.",
    Refusal.PUBLISHED_ALREADY: "Nothing waits here any more: {name} has published it.",
    Refusal.NO_TITLE: "Write a title first. It can be changed later.",
    Refusal.NOT_FIT_TO_SEND: "It cannot be sent for approval yet. First put this right: {problem}",
    Refusal.NOT_FIT_TO_PUBLISH: "This has to be put right first: {problem}",
    Refusal.DRAFT_ALREADY: "It is a draft already.",
    Refusal.NOT_SCHEDULED: "Only what is not public yet can be taken out of the calendar.",
    Refusal.NEVER_PUBLISHED: "Only what was published can be withdrawn. A draft can be deleted.",
    Refusal.NOT_SEEN_YET: (
        "Readers have not seen it yet, and would then see it at its time. Take it out of the calendar instead."
    ),
    Refusal.NO_REASON_TO_WITHDRAW: "Write the reason. Readers will see it.",
    Refusal.NO_REPLACEMENT: "Write the address of the page that replaces it: /news/the-other-one.",
    Refusal.NOT_WITHDRAWN: "It is not withdrawn.",
    Refusal.PUBLIC_IS_NOT_DELETED: "What is public cannot be deleted here. Withdraw it.",
    Refusal.ONLY_EDITORS_MOVE: "Only an editor can change the address of what is public.",
    Refusal.ADDRESS_TAKEN: "There is an item named {slug} already.",
    Refusal.ADDRESS_TAKEN_SINCE: "There is an item named {slug} again. The old words are in its history.",
    Refusal.NO_HISTORY_NOW: "No history is being kept just now, so it could not come back. Nothing is thrown away.",
    Refusal.HERE_ALREADY: "It is here already.",
    Refusal.NOT_IN_HISTORY: "The history does not have it.",
    Refusal.CONTACT_IS_SHOWN: "It is shown on {pages}. Take it out there first.",
    Refusal.CONTACTS_CHANGED: (
        "Somebody changed the contacts meanwhile. What you typed is below; compare it, and save again."
    ),
    Refusal.NO_CONTACTS: "There is no contacts.yaml. Tell whoever runs this machine.",
    Refusal.CHANGED_MEANWHILE: "Somebody else changed {file} meanwhile. Look at it again, then decide.",
    Refusal.FOLDER_AWAY: (
        "The folder with the site's words cannot be reached just now, so nothing can be opened or saved."
        " Readers see everything as it was. Keep this page open, and tell whoever runs this machine."
    ),
    Refusal.NOT_SAVED: (
        "It could not be saved ({reason}). What you typed is still here; tell whoever runs this machine."
    ),
    Refusal.UNREADABLE: "{file} cannot be read ({reason}). Tell whoever runs this machine.",
    Refusal.CHARACTER_LOST: "A character of it cannot be read any more ({character}). Type it again, then save.",
    Refusal.NOT_UTF8: "{file} is not UTF-8 text, so it stays as it is. Whoever edited it can correct it.",
    Refusal.NOT_OUR_NAME: "“{file}” is not a name of a file that the desk keeps.",
    Refusal.OUTSIDE_CONTENT: "“{file}” leads out of the content folder, so it is left alone.",
    Refusal.PICTURE_EMPTY: "The file is empty. Choose the picture again.",
    Refusal.PICTURE_TOO_BIG: "The picture is over {megabytes} MB. Send a smaller one.",
    Refusal.PICTURE_PIXELS: "The picture has too many pixels. Send one of 6,000 by 4,000 or smaller.",
    Refusal.PICTURE_MOVES: "The picture moves, which some readers cannot stop. Send a still one.",
    Refusal.PICTURE_SEVERAL: "The file holds {count} pictures. Save the one you want by itself, then send that.",
    Refusal.PICTURE_COLOURS: (
        "The picture has colours (HDR, or measured ones) that would come out wrong. Save it as a JPEG, then send that."
    ),
    Refusal.PICTURE_FORMAT: "This is not a picture that can be used. Send a JPEG, PNG, WebP, HEIC, AVIF or TIFF.",
    Refusal.PICTURE_STAYS_BIG: "The picture cannot be made small enough. Send a plainer or smaller one.",
    Refusal.PICTURE_WITHOUT_WORDS: "Say in a few words what the picture shows, or tick that it only decorates.",
    Refusal.PICTURE_IN_USE: "The picture is used in {where}. Take it out there first.",
    Refusal.PICTURE_NOT_HERE: "The picture that was chosen is not in the library any more. Choose another.",
    Refusal.COMMENT_EMPTY: "Write what you want to say.",
    Refusal.COMMENT_TOO_LONG: "That is too long. Say it in {most} characters or fewer.",
    Refusal.COMMENT_GONE: "That comment is not there any more.",
    Refusal.NOT_A_PASSAGE: "These words are not in the text now. Copy them from it, or choose a paragraph.",
    Refusal.NOT_A_NAME: "A name has 2 to 80 characters. Write it as it should appear in the history.",
    Refusal.NAME_TAKEN: "{name} is here already. Change their roles, or renew their link.",
    Refusal.NO_ROLE: "Choose one or more of these roles: {roles}.",
    Refusal.LAST_ADMIN: "Somebody has to be able to invite people. Make another person an admin first.",
    Refusal.NOTHING_TO_RECOVER: "Nobody has asked for that, or it is done already.",
    Refusal.RECOVERY_TAKES_TWO: (
        "That takes a second person: another administrator, or an editor. Where there is none, whoever runs this"
        " machine can make a link."
    ),
    Refusal.LINK_SPENT: "This link is no longer good. Ask an administrator for a new one.",
    Refusal.ONLY_WAY_IN: "It is your only way in. Add another passkey or a password first.",
    Refusal.PASSKEY_TAKEN: "This passkey is here already. Use another device, or sign in with it.",
    Refusal.PASSKEY_REFUSED: "The passkey was not accepted. Try again.",
    Refusal.PASSWORD_SHORT: "A password has {shortest} characters or more. Four words that belong to nobody do well.",
    Refusal.PASSWORD_COMMON: "That password is among the first that would be guessed. Choose another.",
    Refusal.CODE_WRONG: "The six digits do not fit. Type the ones the app shows now; if none do, its clock is wrong.",
    Refusal.ACCOUNT_TAKEN: "This work account, or this person, is connected already. Ask an administrator.",
    Refusal.FORM_INCOMPLETE: "Something was missing. Load the page again, and try again.",
    Refusal.SITE_UNREADABLE: "site.toml cannot be read. Whoever edited it outside the desk can correct it.",
    Refusal.NOT_HOURS: "“{line}” are no hours. Write days and times, like “Mon–Fri 9am–5pm”.",
    Refusal.NOT_A_HOLIDAY: "“{line}” is no day with a name. Write it like “2026-12-25 Christmas Day”.",
    Refusal.NOT_A_MAIL_ADDRESS: "“{written}” is no mail address. Write one like ann@example.org, or leave it empty.",
    Refusal.NO_MAIL_SERVER: "No mail server is set. Whoever runs this machine sets SIDEDOOR_MAIL_SERVER.",
    Refusal.MAIL_NOT_REACHED: "{host} was not reached ({said}). Look at SIDEDOOR_MAIL_SERVER and the network.",
    Refusal.MAIL_CERTIFICATE: (
        "{host} shows a certificate that this machine does not trust ({said}). Name the host as its certificate does;"
        " the certificate of an authority of your own goes into the file that SSL_CERT_FILE names."
    ),
    Refusal.MAIL_NO_TLS: (
        "{host} offers no TLS or no sign-in there, so nothing was sent. Use its port for TLS, with smtps:// or smtp://."
    ),
    Refusal.MAIL_PASSWORD_REFUSED: (
        "The mail server does not accept the user or the password ({said}). Look at SIDEDOOR_MAIL_SERVER and the file"
        " that SIDEDOOR_MAIL_PASSWORD_FILE names."
    ),
    Refusal.MAIL_ADDRESS_REFUSED: "The mail server does not take mail for this address ({said}). Write it again.",
    Refusal.MAIL_REFUSED: "The mail server did not take it ({said}). Look at SIDEDOOR_MAIL_FROM and at its own log.",
    Refusal.DATABASE_AWAY: (
        "The desk's database cannot be reached, so nothing was done. Tell whoever runs this machine."
    ),
    Refusal.NOT_RECORDED: (
        "It is done, but could not be recorded in the desk's database. Look at it again before you go on, and tell"
        " whoever runs this machine."
    ),
    Refusal.HALF_WRITTEN: (
        "Only part of it is done: {file} could not be written ({reason}). Look at it again before you go on, and"
        " tell whoever runs this machine."
    ),
}

STOPS = (Stopped, Refused, Wrong, sqlite3.Error)
"""The exceptions of a failed step for which `sentence` has words."""


def in_words(why: Refusal, values: Mapping[str, object] | None = None) -> str:
    """Return a refusal in words for the person who tried."""
    return WORDS[why].format_map({name: _shown(value) for name, value in (values or {}).items()})


def sentence(stopped: Exception) -> str:
    """Return what stopped a step (one of STOPS), in words for the person who tried."""
    match stopped:
        case Stopped():
            return in_words(stopped.why, stopped.values)
        case Refused():
            return " ".join(str(in_form_words(problem)) for problem in stopped.problems[:3])
        case Wrong():
            return str(form_words(stopped.code, stopped.values, "", LABELS))
        case _:
            return in_words(Refusal.DATABASE_AWAY)


def _shown(value: object) -> object:
    if isinstance(value, Problem):
        return in_form_words(value)
    return ", ".join(map(str, value)) if isinstance(value, tuple) else value
