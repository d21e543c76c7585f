"""Shows words again that could not be saved (the session had ended, the folder is away), so that they are never lost.

The page works without scripts: sign in in a new tab, come back, go on. Scripts get the same as JSON, with the token
that the forms of their page need from then on.
"""

import sqlite3
from contextlib import suppress

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf

from sidedoor.desk.people.signing_in import person_of_this_request

_NOT_WORDS = {"base", "seen", "once", "from", "step", "to", "number"}
_SECRET = {"password", "code", "secret", "credential", "link"}


def shown_again(trouble: str = "") -> ResponseReturnValue | None:
    """Return a page with what was typed; None if there is nothing to show, or something that must not be shown.

    `trouble`: the sentence that says why the words could not be saved, if the session is not the reason.
    """
    fields = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    if request.method != "POST" or not fields or any(name in _SECRET for name, _ in fields):
        return None
    person = None
    with suppress(sqlite3.Error):  # the database may be the trouble itself
        person = person_of_this_request()
    g.person = person
    status = 503 if trouble else 400 if person else 401
    if "application/json" in request.headers.get("Accept", ""):
        signed_out = "You are signed out. What you typed is still here: sign in in a new tab, then send it again."
        problem = (
            f"You signed in meanwhile, as {person.name}. Nothing was sent yet: send it again." if person else signed_out
        )
        return {
            "problem": trouble or problem,
            "person": person.name if person else "",
            "csrf_token": generate_csrf(),
        }, status
    words = [(name, value) for name, value in fields if value.strip() and name not in _NOT_WORDS]
    pictures = any(file.filename for file in request.files.values())
    page = render_template(
        "desk/people/typed.html", who=person, trouble=trouble, fields=fields, words=words, pictures=pictures
    )
    return page, status
