"""The preview: the real public page, which the public site itself makes from a version of a document."""

import re

from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import current_person, only
from sidedoor.desk.current import audit, item_steps, library, now, previews, reviews, the_desk
from sidedoor.desk.headers import preview_headers
from sidedoor.desk.items.editor import find, path_of, working_text
from sidedoor.desk.items.preview_links import PreviewLink
from sidedoor.desk.items.steps import Item, as_if_public
from sidedoor.documents.document import kind_of, slug_of
from sidedoor.documents.models import Kind
from sidedoor.documents.pictures import TYPES
from sidedoor.documents.problems import Refused
from sidedoor.web.edition import EDITION_KEY, Edition

blueprint = Blueprint("preview", __name__)
_TYPES = {"jpg": TYPES["JPEG"], "jpeg": TYPES["JPEG"], "png": TYPES["PNG"], "webp": TYPES["WEBP"]}
_SOURCE = re.compile(r"<source\b[^>]*>")
_MARK = '<p class="emergency" role="note"><strong>Draft. Not published. Do not share.</strong></p>'


@blueprint.get("/items/<any(news, help, page):kind>/<slug>/preview")
@only("press", "editor")
def preview(kind: Kind, slug: str) -> Response:
    """Show the page as it is saved; with `typed` in the address, with what this person typed and has not saved yet."""
    item, text = find(kind, slug), ""
    typed = next(
        (typing for typing in reviews().typed(item.file) if typing.person == current_person().id and typing.fields),
        None,
    )
    try:
        text = working_text(item, dict(typed.fields)) if typed and "typed" in request.args else item.working.text
    except Refused:
        abort(404)
    return _page(item, text, "/images/", frame=True)


@blueprint.get("/images/<name>")
@only("press", "editor")
def image(name: str) -> Response:
    """Send a picture, whether it is public or not."""
    return _picture(name)


@blueprint.post("/items/<any(news, help, page):kind>/<slug>/links")
@only("press", "editor")
def make_link(kind: Kind, slug: str) -> ResponseReturnValue:
    """Make a link to this revision for somebody without an account."""
    item, for_whom = find(kind, slug), " ".join(request.form.get("for_whom", "").split())
    if not for_whom:
        flash("Write who the link is for.", "problem")
        return redirect(f"{path_of(item)}/review", 303)
    may_approve = "may_approve" in request.form
    with audit().recorded(current_person().name, "made a preview link", item.file, for_whom):
        token = previews().make(item.file, item.working.digest, current_person().name, for_whom, may_approve, now())
    address = f"{the_desk().settings.desk_address}/p/{token}"
    return render_template("desk/items/link.html", item=item, path=path_of(item), address=address, for_whom=for_whom)


@blueprint.post("/items/<any(news, help, page):kind>/<slug>/links/revoke")
@only("press", "editor")
def revoke_link(kind: Kind, slug: str) -> ResponseReturnValue:
    """End a link."""
    item, name = find(kind, slug), request.form.get("link", "")
    for link in previews().of(item.file, now()):
        if link.name == name:
            with audit().recorded(current_person().name, "revoked a preview link", item.file, link.for_whom):
                previews().revoke(item.file, name)
    flash("The link is void.")
    return redirect(f"{path_of(item)}/review", 303)


@blueprint.get("/p/<token>")
@only("stranger")
def shared(token: str) -> ResponseReturnValue:
    """Show what a link opens: the draft in a frame, marked as a draft on every screen."""
    link, _ = _shared(token)
    response = current_app.make_response(render_template("desk/items/shared.html", token=token, link=link))
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@blueprint.get("/p/<token>/page")
@only("stranger")
def shared_page(token: str) -> Response:
    """Show the draft itself, inside that frame."""
    _, item = _shared(token)
    return _page(item, item.working.text, f"/p/{token}/images/", frame=True, outside=True)


@blueprint.get("/p/<token>/images/<name>")
@only("stranger")
def shared_image(token: str, name: str) -> Response:
    """Send a picture that the draft uses, and no other picture."""
    _, item = _shared(token)
    document = item_steps().assess(item.kind, item.slug, item.working.text).document
    if not document or name not in document.pictures:
        abort(404)
    return _picture(name)


@blueprint.post("/p/<token>/approve")
@only("stranger")
def shared_approval(token: str) -> ResponseReturnValue:
    """Record that the holder of the link approves of this version. Somebody at the desk still has to publish it."""
    link, item = _shared(token)
    if not link.may_approve or link.approved:
        abort(403)
    who, by = f"{link.for_whom} (by link)", f"link made by {link.made_by}"
    with audit().recorded(who, "approved of the draft", item.file, by):
        if not previews().approve(token, now()):
            abort(403)
    return redirect(f"/p/{token}", 303)


def _shared(token: str) -> tuple[PreviewLink, Item]:
    """The link and its item. Aborts with 404 if the link is void or too old, or its version has changed since."""
    link = previews().find(token, now())
    kind = kind_of(link.file) if link else None
    item = item_steps().find(kind, slug_of(link.file)) if link and kind else None
    if not link or not item or item.working.digest != link.version:
        abort(404)
    if not item.change and item_steps().is_public(item):
        abort(404)
    return link, item


def _page(item: Item, text: str, images: str, frame: bool, outside: bool = False) -> Response:
    """The public page of a version. Its links lead nowhere, because the frame around it is sandboxed."""
    document = item_steps().assess(item.kind, item.slug, text).document
    if not document:
        headers = preview_headers(the_desk().settings.https, frame)
        page = render_template("desk/items/no_preview.html")
        return Response(page, 200, {**headers, "Content-Type": "text/html; charset=utf-8"})
    shown, public, moment = as_if_public(document, library(), now(), outside)
    edition = Edition(shown, public, moment, moment)
    pages = the_desk().pages
    answer = pages.test_client().get(document.path, environ_overrides={EDITION_KEY: edition})
    headers = preview_headers(the_desk().settings.https, frame, dict(answer.headers))
    # Use the picture itself: the desk serves no other sizes, which would need the same guards as on the public site.
    html = _SOURCE.sub("", answer.get_data(as_text=True)).replace('src="/images/', f'src="{images}')
    marked = html.replace("</header>", f"</header>{_MARK}", 1)
    return Response(marked, 200, {**headers, "Content-Type": "text/html; charset=utf-8"})


def _picture(name: str) -> Response:
    stem, _, ending = name.rpartition(".")
    path = the_desk().content / "images" / name
    if (
        not stem
        or ending not in _TYPES
        or "/" in name
        or name.startswith(".")
        or not path.is_file()
        or path.is_symlink()
    ):
        abort(404)
    return Response(path.read_bytes(), mimetype=_TYPES[ending])
