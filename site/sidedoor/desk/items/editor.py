"""The list of everything, and the editor: write, save, and be told at once of what stands in the way."""

import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import current_person, only, polled
from sidedoor.desk.current import comments, library, newsroom, now, picture_library, reviews, shelf, workflow
from sidedoor.desk.items.composing import compose
from sidedoor.desk.items.files import CannotSave, Conflict
from sidedoor.desk.items.form import NOTE_KINDS, Fields, changed, fields_of, from_form, notes_of, with_insertion
from sidedoor.desk.items.listing import STANDINGS, former_addresses, links_outside, matching, place_of, rows
from sidedoor.desk.items.merging import merged
from sidedoor.desk.items.newsroom import WRITERS, Item
from sidedoor.desk.items.picture_library import Held
from sidedoor.desk.items.pictures import PictureRefused, take_in
from sidedoor.desk.items.starts import STARTS
from sidedoor.desk.items.wall_clock import time_of_day
from sidedoor.desk.refusal_words import STOPS, sentence
from sidedoor.desk.refusals import HalfDone, Refusal
from sidedoor.documents.checks import EASIEST_GRADE_FOR, reading_age
from sidedoor.documents.document import Document
from sidedoor.documents.front_matter import read_document
from sidedoor.documents.models import Kind
from sidedoor.documents.problems import Refused, Wrong
from sidedoor.documents.readability import rough_blocks
from sidedoor.documents.times import parse_wall_time
from sidedoor.web.inline import STATIC

blueprint = Blueprint("editor", __name__, url_prefix="/items")
VISUAL = STATIC / "js/desk/built/editor.js"
"""The visual editor, which `make editor` builds. Without it, the form's own field is there to write in."""
PLACES = {
    "title": "title", "tab_title": "tab_title", "summary": "summary", "language": "language", "group": "group",
    "location": "location", "press_contact": "press_contact", "sources": "sources", "reviewed": "reviewed",
    "legal_review_on": "legal_review_on", "notes_to_editors": "notes_to_editors",
    "publish_at": "publish_date", "expires_at": "expires_date",
}  # fmt: skip
"""Where in the form each name of the front matter is asked for."""
MOST_TO_CHOOSE = 200
"""Pictures that an editor's page lists."""
AWAY_SECONDS = 90
"""Whoever has an item open says so every 20 seconds; after this long they count as gone."""


@blueprint.get("")
@only("press", "editor")
def everything() -> ResponseReturnValue:
    """Every item that this person may open, by state, with search."""
    words, standing, kind = (request.args.get(name, "")[:100] for name in ("words", "state", "kind"))
    listed = rows(library(), shelf(), reviews(), now(), current_person())
    items = matching(listed, words, standing, kind, now())
    return render_template(
        "desk/items/list.html",
        rows=items[:300],
        more=len(items) > 300,
        words=words,
        state=standing,
        kind=kind,
        states=STANDINGS,
        now=now(),
    )


@blueprint.get("/addresses")
@only("press", "editor")
def addresses() -> ResponseReturnValue:
    """Former addresses and where they lead; and every link that leads elsewhere."""
    return render_template(
        "desk/items/addresses.html",
        former=former_addresses(library()),
        outside=links_outside(library()),
        place_of=place_of,
        writers=WRITERS,
    )


@blueprint.route("/new", methods=["GET", "POST"])
@only("press", "editor")
def new() -> ResponseReturnValue:
    """Start a draft by its title."""
    title, kind, problem = " ".join(request.form.get("title", "").split()), request.values.get("kind", "news"), ""
    if kind not in WRITERS:
        abort(404)
    if request.method == "POST":
        try:
            copied = _copied()
            like = copied or request.form.get("start", "")
            item = newsroom().start(current_person(), kind, title, request.form.get("slug", "").strip(), like)
            return redirect(path_of(item), 303)
        except STOPS as stopped:
            problem = sentence(stopped)
    copied = _copied()
    page = render_template(
        "desk/items/new.html",
        title=title or (copied.read()[0].get("title", "") if copied else ""),
        kind=kind,
        problem=problem,
        starts=STARTS if kind == "news" and not copied else {},
        start=request.form.get("start", ""),
        slug=request.form.get("slug", ""),
        like=copied.slug if copied else "",
    )
    return page, 422 if problem else 200


def _copied() -> Item | None:
    """The item that a new one is to be a copy of."""
    kind, slug = request.values.get("kind", "news"), request.values.get("like", "")
    return find(kind, slug) if slug and kind in WRITERS else None


@blueprint.get("/<any(news, help, page):kind>/<slug>")
@only("press", "editor")
def editor(kind: Kind, slug: str) -> ResponseReturnValue:
    """The editor, with what was typed and not saved, if there is any."""
    item = find(kind, slug)
    typed = next(
        (typing for typing in reviews().typed(item.file) if typing.person == current_person().id and typing.fields),
        None,
    )
    if typed:
        return _editor(item, dict(typed.fields), typed.base, typed_at=typed.at)
    return _editor(item, None, item.working.digest)


@blueprint.post("/<any(news, help, page):kind>/<slug>")
@only("press", "editor")
def save(kind: Kind, slug: str) -> ResponseReturnValue:
    """Save, as a draft or ready for approval. Whatever goes wrong, what was typed is still in the form."""
    item, fields, base = find(kind, slug), _fields(), request.form.get("base", "")
    fields["body"] = with_insertion(fields.get("body", ""), fields)
    ready = request.form.get("step") == "ready"
    try:
        before = fields_of(*item.read())
        if chosen := fields.pop("picture_here", ""):
            fields["body"] = _with_picture_of_the_library(fields, chosen)
        if picture := request.files.get("picture"):
            fields["body"] = _with_picture(fields, picture.read())
        item = newsroom().save(current_person(), item, fields, base, ready)
    except Conflict:
        item = find(kind, slug)
        together = merged(_fields_before(item, base), fields, fields_of(*item.read()))
        if together.theirs:
            return _editor(item, fields, base, conflict=True), 409
        # Neither has read the whole of it, so it is a draft until somebody has.
        return _save_together(item, together.fields)
    except HalfDone as stopped:
        flash(sentence(stopped), "problem")
        return redirect(path_of(item), 303)
    except STOPS as stopped:
        with suppress(sqlite3.Error, OSError):  # the page holds what was typed in any case
            _keep_typed(item, fields, base)
        return _editor(item, fields, base, problem=sentence(stopped)), 422
    if shelf().history.trouble:
        flash("It is saved, but its history is not being kept. Tell whoever runs this machine.", "problem")
    # This category tells kept.js that the browser has nothing left to keep.
    if _missed(fields, before):
        flash("The time you gave is past, so there is no embargo: it goes live as soon as it is approved.", "problem")
    flash("It is saved, and waits for a colleague's approval." if ready else "It is saved.", "saved")
    return redirect(f"{path_of(item)}/review" if ready else path_of(item), 303)


@blueprint.post("/<any(news, help, page):kind>/<slug>/picture")
@only("press", "editor")
def picture(kind: Kind, slug: str) -> ResponseReturnValue:
    """Take in one picture for the text: its name and words, or in one sentence why not."""
    find(kind, slug)
    sent = request.files.get("picture")
    try:
        name, alt, credit = _taken_in(request.form, sent.read() if sent else b"")
    except STOPS as stopped:
        return {"problem": sentence(stopped)}, 422
    return {"name": name, "alt": alt, "credit": credit}


def _save_together(item: Item, fields: Fields) -> ResponseReturnValue:
    try:
        item = newsroom().save(current_person(), item, fields, item.working.digest, ready=False)
    except STOPS as stopped:
        return _editor(item, fields, item.working.digest, problem=sentence(stopped)), 422
    flash(
        "Somebody else saved it while you wrote. You changed different parts, so both are in it. Read it, then go on."
    )
    flash("It is saved as a draft.", "saved")
    return redirect(path_of(item), 303)


@blueprint.post("/<any(news, help, page):kind>/<slug>/typing")
@only("press", "editor")
def typing(kind: Kind, slug: str) -> ResponseReturnValue:
    """What the editor's script sends while somebody types: kept as it is, looked at, and answered with the panel."""
    item, fields = find(kind, slug), _fields()
    _keep_typed(item, fields, request.form.get("base", ""))
    return {
        "others": _others(item),
        "changed": item.working.digest != request.form.get("base"),
        "panel": _panel(item, fields),
    }


@blueprint.post("/<any(news, help, page):kind>/<slug>/typing/here")
@only("press", "editor")
@polled
def still_here(kind: Kind, slug: str) -> ResponseReturnValue:
    """What the editor's script says while nobody types: the page is still open."""
    item, person = find(kind, slug), current_person()
    reviews().types(item.file, person.id, person.name, now(), item.working.digest, None)
    return {"others": _others(item), "changed": item.working.digest != request.form.get("base")}


@blueprint.post("/<any(news, help, page):kind>/<slug>/typing/forget")
@only("press", "editor")
def forget_typing(kind: Kind, slug: str) -> ResponseReturnValue:
    """Throw away what was typed and not saved."""
    item = find(kind, slug)
    reviews().saved(item.file, current_person().id)
    return redirect(path_of(item), 303)


def find(kind: Kind, slug: str) -> Item:
    """The item of an address. Aborts with 404 if there is none, with 403 if this person does not write this kind."""
    if not current_person().may(*WRITERS[kind]):
        abort(403)
    return newsroom().find(kind, slug) or abort(404)


def path_of(item: Item) -> str:
    """Where the desk shows an item."""
    return f"/items/{item.kind}/{item.slug}"


def working_text(item: Item, fields: Fields) -> str:
    """The file that saving `fields` would make. Raises Refused if the file cannot be read."""
    front, body = item.read()
    after, body = changed(fields, front, body, item.kind, now(), library().site.zone)
    return compose(after, body, item.working.text)


def _editor(item: Item, fields: Fields | None, base: str, **more: object) -> str:
    try:
        front, body = item.read()
    except Refused as refused:
        return render_template("desk/items/raw.html", item=item, path=path_of(item), problems=refused.problems)
    saved = fields_of(front, body)
    # After a conflict, what only one of the two changed is taken over, and where both did, both are shown.
    together = merged(_fields_before(item, base), fields or {}, saved) if more.get("conflict") else None
    shown = {**saved, **(together.fields if together else fields or {})}
    return render_template(
        "desk/items/editor.html",
        item=item,
        path=path_of(item),
        fields=shown,
        notes=list(enumerate(notes_of(front))),
        note_kinds=NOTE_KINDS,
        # After a conflict has been shown, saving again starts from what is there now.
        base=item.working.digest if more.get("conflict") else base,
        theirs=together.theirs if together else {},
        marked=together.marked if together else {},
        standing=newsroom().standing(item),
        public=newsroom().is_public(item),
        overtaken=workflow().overtaken(item),
        last=reviews().last(item.file),
        comments=[one for one in comments().of(item.file) if not one.closed_by],
        others=_others(item),
        panel=_panel(item, shown),
        help_pages=_help_pages(shown["language"]),
        contacts=library().contacts.values(),
        visual=VISUAL.is_file(),
        pictures=[(one, markdown_of(one)) for one in _pictures_to_choose()],
        own_pages=sorted(library().public(now()).shown, key=lambda page: page.title),
        **more,
    )


def _help_pages(language: str) -> list[Document]:
    """Each help page once: in the language of the item, if it is written in that, else in the site's own."""
    pages = dict[str, Document]()
    every = [page for page in library().documents if page.kind == "help"]
    for page in sorted(every, key=lambda page: (page.language != language, page.folder != "")):
        pages.setdefault(page.slug, page)
    return sorted(pages.values(), key=every.index)


def _pictures_to_choose() -> list[Held]:
    """The newest that can be shown and may still be used."""
    try:
        return [one for one in picture_library().held() if one.picture and not one.past][:MOST_TO_CHOOSE]
    except (Refused, CannotSave):  # the page says so by itself
        return []


def _fields_before(item: Item, base: str) -> Fields:
    """The fields of the version `base`, from which both people began; empty if it is no longer known."""
    try:
        written = read_document(workflow().version(item, base) or "", item.file)
    except Refused:
        return {}
    return fields_of(written.values, written.body)


def _panel(item: Item, fields: Fields) -> str:
    try:
        text = working_text(item, fields)
        written = read_document(text, item.file)
    except Refused as refused:
        return render_template(
            "desk/items/panel.html", stops=refused.problems, advice=[], going_live=None, fields=PLACES
        )
    looked_at = newsroom().assess(item.kind, item.slug, text)
    document = looked_at.document
    going_live = document.published_at if document and item.kind == "news" else None
    # What still has to be put right must not hide how long it is.
    blocks = document.sentences if document else rough_blocks(written.body)
    return render_template(
        "desk/items/panel.html",
        # Lines are counted in the text as the form shows it: without front matter, and without empty lines before it.
        text_from=written.body_line + len(written.body) - len(written.body.lstrip("\n")),
        fields=PLACES,
        words=sum(len(block.split()) for block in blocks),
        reading_age=reading_age(blocks, fields.get("language", "")),
        oldest=round(EASIEST_GRADE_FOR[item.kind]) + 5,
        stops=looked_at.stops,
        advice=looked_at.advice,
        going_live=going_live,
        missed=_missed(fields, fields_of(*item.read())),
        in_future=going_live and going_live > now(),
    )


def _missed(fields: Fields, before: Fields) -> bool:
    """Whether somebody typed a moment to go live at that is past already."""
    day, time = fields.get("publish_date", ""), time_of_day(fields.get("publish_time", "").strip())
    if not day or (day, time) == (before["publish_date"], before["publish_time"]):
        return False
    try:
        return parse_wall_time(f"{day} {time}", library().site.zone) < now() - timedelta(minutes=1)
    except Wrong:
        return False


def _fields() -> Fields:
    lists = (
        {"related_help": list(dict.fromkeys(request.form.getlist("related_help")))}
        if "with_related_help" in request.form
        else {}
    )
    form = {
        name: value
        for name, value in request.form.items()
        if name not in ("csrf_token", "base", "step", "related_help")
    }
    return from_form(form, lists)


def _keep_typed(item: Item, fields: Fields, base: str) -> None:
    person = current_person()
    reviews().types(item.file, person.id, person.name, now(), base, fields)


def _others(item: Item) -> list[str]:
    """The names of everybody else who has the item open now, or left words unsaved in it."""
    me = current_person().id
    return [
        typing.name
        for typing in reviews().typed(item.file)
        if typing.person != me and (typing.fields or (now() - typing.at).total_seconds() < AWAY_SECONDS)
    ]


def _with_picture(fields: Fields, raw: bytes) -> str:
    """The body with the picture at its end; it is first remade from its pixels and put on the shelf."""
    if not raw:
        return fields["body"]
    file_name, alt, credit = _taken_in(fields, raw)
    return f"{fields['body'].rstrip()}\n\n{_written(file_name, alt, credit)}\n"


def _with_picture_of_the_library(fields: Fields, name: str) -> str:
    """The body with a picture that is here already at its end. Raises PictureRefused where it is not."""
    known = picture_library().find(name)
    if not known or not known.picture:
        raise PictureRefused(Refusal.PICTURE_NOT_HERE)
    return f"{fields['body'].rstrip()}\n\n{markdown_of(known)}\n"


def markdown_of(picture: Held) -> str:
    """What puts a picture of the library into a text, with its description and credit."""
    return _written(picture.name, picture.shows, picture.credit)


def _written(name: str, shows: str, credit: str) -> str:
    caption = f"\n\n*Picture: {credit}*" if credit else ""
    return f"![{_escaped(shows)}](/images/{name}){caption}"


def _taken_in(fields: Mapping[str, str], raw: bytes) -> tuple[str, str, str]:
    """The picture's new name, what it shows, and its credit. Raises PictureRefused, or what parse_wall_time does."""
    alt, credit = (" ".join(fields.get(f"picture_{part}", "").split()) for part in ("alt", "credit"))
    if not alt and not fields.get("picture_decorative"):
        raise PictureRefused(Refusal.PICTURE_WITHOUT_WORDS)
    if expires := fields.get("picture_expires", "").strip():
        parse_wall_time(f"{expires} 00:00", library().site.zone)
    made = take_in(raw)
    picture_library().keep(current_person(), made, alt, credit, expires)
    return made.file_name, alt, credit


def _escaped(alt: str) -> str:
    return alt.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
