"""The pages of the audit, which staff know as the log: to read it and to download it."""

import json

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import only
from sidedoor.desk.audit.store import as_csv
from sidedoor.desk.current import audit
from sidedoor.web.numbers import whole_number

blueprint = Blueprint("audit", __name__, url_prefix="/log")
_A_PAGE = 100


@blueprint.get("")
@only("admin", "editor")
def latest() -> ResponseReturnValue:
    """Show who did what and when, the newest first; `words` narrows it down."""
    words = request.args.get("words", "")[:100]
    entries = audit().entries(words, request.args.get("before", type=whole_number), _A_PAGE)
    older = entries[-1].number if len(entries) == _A_PAGE else None
    return render_template(
        "desk/audit/list.html", entries=entries, words=words, older=older, broken=audit().first_broken()
    )


@blueprint.get("/all.<any(csv, jsonl):kind>")
@only("admin", "editor")
def everything(kind: str) -> Response:
    """Send the whole audit, as a table or as one JSON object per line; `words` narrows it down."""
    entries = audit().everything(request.args.get("words", "")[:100])
    if kind == "csv":
        text = "".join(as_csv(entries))
    else:
        lines = ({**vars(entry), "at": entry.at.isoformat()} for entry in entries)
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    response = Response(text, mimetype="text/csv" if kind == "csv" else "application/jsonl")
    response.headers["Content-Disposition"] = f"attachment; filename=desk-log.{kind}"
    return response
