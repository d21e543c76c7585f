"""What somebody does with the editor's form: load it, change fields, press a button."""

import html
import re

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

_INPUT = re.compile(r"<input\b([^>]*)>")
_AREA = re.compile(r'<textarea\b[^>]*\bname="([^"]+)"[^>]*>(.*?)</textarea>', re.S)
_SELECT = re.compile(r'<select\b[^>]*\bname="([^"]+)"[^>]*>(.*?)</select>', re.S)


def _attribute(tag: str, name: str) -> str | None:
    match = re.search(rf'\b{name}="([^"]*)"', tag)
    return html.unescape(match[1]) if match else None


def fields_of(page: str) -> dict[str, str | list[str]]:
    """Every field of the editor's form, as a browser would send it."""
    form = page[page.index('id="editor"') : page.index("<aside")]
    fields: dict[str, str | list[str]] = {}
    for tag in _INPUT.findall(form):
        name, kind = _attribute(tag, "name"), _attribute(tag, "type")
        if not name or kind == "file" or (kind == "checkbox" and "checked" not in tag):
            continue
        value = _attribute(tag, "value") or ""
        if name == "related_help":
            fields.setdefault(name, [])
            fields[name] = [*fields[name], value]
        else:
            fields[name] = value
    for name, value in _AREA.findall(form):
        fields[name] = html.unescape(value)
    for name, options in _SELECT.findall(form):
        chosen = re.search(r'<option(?: value="([^"]*)")? selected>([^<]*)', options) or re.search(
            r'<option(?: value="([^"]*)")?>([^<]*)', options
        )
        assert chosen
        fields[name] = html.unescape(chosen[1] if chosen[1] is not None else chosen[2])
    return fields


def start(client: FlaskClient, title: str, kind: str = "news") -> str:
    """Start an item; returns its address on the desk."""
    answer = client.post("/items/new", data={"title": title, "kind": kind})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return str(answer.location)


def save(client: FlaskClient, path: str, step: str = "draft", **changes: str | list[str]) -> TestResponse:
    """Load the editor, change some fields, and press a button."""
    page = client.get(path).get_data(as_text=True)
    return client.post(path, data={**fields_of(page), **changes, "step": step})


def seen(client: FlaskClient, path: str) -> str:
    """The version that the review page shows."""
    match = re.search(r'name="seen" value="([^"]+)"', client.get(f"{path}/review").get_data(as_text=True))
    return match[1] if match else ""


def approve(client: FlaskClient, path: str, step: str = "approve", **more: str) -> TestResponse:
    """Read the review page, then press a button on it."""
    return client.post(f"{path}/{step}", data={"seen": seen(client, path), **more})
