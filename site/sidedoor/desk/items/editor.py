"""The list of everything, and the editor: write, save, and see at once what prevents publication."""

import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import current_person, only, polled
from sidedoor.desk.current import comments, item_steps, library, now, picture_library, reviews, shelf, workflow
from sidedoor.desk.items.composing import compose
from sidedoor.desk.items.files import CannotSave, Conflict
from sidedoor.desk.items.form import NOTE_KINDS, Fields, changed, fields_of, from_form, notes_of, with_insertion
from sidedoor.desk.items.listing import STANDINGS, former_addresses, links_outside, matching, place_of, rows
from sidedoor.desk.items.merging import merged
from sidedoor.desk.items.picture_library import LibraryPicture
from sidedoor.desk.items.pictures import PictureRefused, take_in
from sidedoor.desk.items.starts import STARTS
from sidedoor.desk.items.steps import WRITERS, Item
from sidedoor.desk.items.wall_clock import time_of_day
from sidedoor.desk.refusal_words import STOPS, sentence
from sidedoor.desk.refusals import HalfDone, Refusal
from sidedoor.desk.step import Done, take
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
"""The visual editor, which `make editor` builds. Without it, people write in the form's own field."""
PLACES = {
    "title": "title", "tab_title": "tab_title", "summary": "summary", "language": "language", "group": "group",
    "location": "location", "press_contact": "press_contact", "sources": "sources", "reviewed": "reviewed",
    "legal_review_on": "legal_review_on", "notes_to_editors": "notes_to_editors",
    "publish_at": "publish_date", "expires_at": "expires_date",
}  # fmt: skip
"""The form's field for each name in the front matter."""
MOST_TO_CHOOSE = 200
"""How many pictures the editor's page lists at most."""
AWAY_SECONDS = 90
"""The script of a page with an open item reports every 20 seconds; after this long without, its person counts as
gone."""


@blueprint.get("")
@only("press", "editor")
def everything() -> ResponseReturnValue:
    """List every item that this person may open, by state, with search."""
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
    """List former addresses and where they lead, and every link to another site."""
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
    """Start a draft from its title."""
    title, kind, problem = " ".join(request.form.get("title", "").split()), request.values.get("kind", "news"), ""
    if kind not in WRITERS:
        abort(404)
    if request.method == "POST":
        try:
            original = _copied()
            like = original or request.form.get("start", "")
            item = item_steps().start(current_person(), kind, title, request.form.get("slug", "").strip(), like)
            return redirect(path_of(item), 303)
        except STOPS as stopped:
            problem = sentence(stopped)
    original = _copied()
    page = render_template(
        "desk/items/new.html",
        title=title or (original.read()[0].get("title", "") if original else ""),
        kind=kind,
        problem=problem,
        starts=STARTS if kind == "news" and not original else {},
        start=request.form.get("start", ""),
        slug=request.form.get("slug", ""),
        like=original.slug if original else "",
    )
    return page, 422 if problem else 200


def _copied() -> Item | None:
    """The item of which the new one is to be a copy."""
    kind, slug = request.values.get("kind", "news"), request.values.get("like", "")
    return find(kind, slug) if slug and kind in WRITERS else None


@blueprint.get("/<any(news, help, page):kind>/<slug>")
@only("press", "editor")
def editor(kind: Kind, slug: str) -> ResponseReturnValue:
    """Show the editor, with what was typed and not saved, if there is any."""
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
    """Save as a draft or ready for approval. Whatever goes wrong, the form still holds what was typed."""
    item, fields, base = find(kind, slug), _fields(), request.form.get("base", "")
    fields["body"] = with_insertion(fields.get("body", ""), fields)
    ready = request.form.get("step") == "ready"
    try:
        before = fields_of(*item.read())
        if chosen := fields.pop("picture_here", ""):
            fields["body"] = _with_picture_of_the_library(fields, chosen)
        if picture := request.files.get("picture"):
            fields["body"] = _with_picture(fields, picture.read())
        item = item_steps().save(current_person(), item, fields, base, ready)
    except Conflict:
        item = find(kind, slug)
        if item_steps().is_saved(item, fields, base, ready):
            with suppress(sqlite3.Error):
                reviews().forget_typed(item.file, current_person().id)
            return _saved(item, ready)
        together = merged(_fields_before(item, base), fields, fields_of(*item.read()))
        if together.theirs:
            return _editor(item, fields, base, conflict=True), 409
        # Neither of the two has read the merged text, so it is a draft until somebody has.
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
    if _missed(fields, before):
        flash("The time you gave is past, so there is no embargo: it goes live as soon as it is approved.", "problem")
    return _saved(item, ready)


def _saved(item: Item, ready: bool) -> ResponseReturnValue:
    # The category "saved" tells kept.js that the browser has nothing left to keep.
    flash("It is saved, and waits for a colleague's approval." if ready else "It is saved.", "saved")
    return redirect(f"{path_of(item)}/review" if ready else path_of(item), 303)


@blueprint.post("/<any(news, help, page):kind>/<slug>/picture")
@only("press", "editor")
def picture(kind: Kind, slug: str) -> ResponseReturnValue:
    """Take in a picture for the text. Answers with its name and words, or with a sentence that says why not."""
    find(kind, slug)
    sent = request.files.get("picture")
    try:
        name, alt, credit = _take_in_picture(request.form, sent.read() if sent else b"")
    except STOPS as stopped:
        return {"problem": sentence(stopped)}, 422
    return {"name": name, "alt": alt, "credit": credit}


def _save_together(item: Item, fields: Fields) -> ResponseReturnValue:
    def step() -> Done:
        item_steps().save(current_person(), item, fields, item.working.digest, ready=False)
        flash(
            "Somebody else saved it while you wrote. You changed different parts, so both are in it. Read it, then"
            " go on."
        )
        return Done("It is saved as a draft.", path_of(item), "saved")

    return take(
        step, lambda problem: _editor(item, fields, item.working.digest, problem=problem), lambda: path_of(item)
    )


@blueprint.post("/<any(news, help, page):kind>/<slug>/typing")
@only("press", "editor")
def typing(kind: Kind, slug: str) -> ResponseReturnValue:
    """Keep what the editor's script sends while somebody types, check it, and answer with the panel."""
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
    """Record that the page is still open. The editor's script calls this while nobody types."""
    item, person = find(kind, slug), current_person()
    reviews().store_typed(item.file, person.id, person.name, now(), item.working.digest, None)
    return {"others": _others(item), "changed": item.working.digest != request.form.get("base")}


@blueprint.post("/<any(news, help, page):kind>/<slug>/typing/forget")
@only("press", "editor")
def forget_typing(kind: Kind, slug: str) -> ResponseReturnValue:
    """Throw away what was typed and not saved."""
    item = find(kind, slug)
    reviews().forget_typed(item.file, current_person().id)
    return redirect(path_of(item), 303)


def find(kind: Kind, slug: str) -> Item:
    """Return the item of an address. Aborts with 404 if there is none, 403 if this person may not write its kind."""
    if not current_person().may(*WRITERS[kind]):
        abort(403)
    return item_steps().find(kind, slug) or abort(404)


def path_of(item: Item) -> str:
    """Return the address at which the desk shows an item."""
    return f"/items/{item.kind}/{item.slug}"


def working_text(item: Item, fields: Fields) -> str:
    """Return the file that saving `fields` would make. Raises Refused if the file cannot be read."""
    front, body = item.read()
    after, body = changed(fields, front, body, item.kind, now(), library().site.zone)
    return compose(after, body, item.working.text)


def _editor(item: Item, fields: Fields | None, base: str, **extra: object) -> str:
    try:
        front, body = item.read()
    except Refused as refused:
        return render_template("desk/items/raw.html", item=item, path=path_of(item), problems=refused.problems)
    saved = fields_of(front, body)
    # After a conflict, take what only one of the two changed; where both changed something, show both versions.
    together = merged(_fields_before(item, base), fields or {}, saved) if extra.get("conflict") else None
    shown = {**saved, **(together.fields if together else fields or {})}
    return render_template(
        "desk/items/editor.html",
        item=item,
        path=path_of(item),
        fields=shown,
        notes=list(enumerate(notes_of(front))),
        note_kinds=NOTE_KINDS,
        # Once a conflict has been shown, the next save starts from the present version.
        base=item.working.digest if extra.get("conflict") else base,
        theirs=together.theirs if together else {},
        marked=together.marked if together else {},
        standing=item_steps().standing(item),
        public=item_steps().is_public(item),
        overtaken=workflow().overtaken(item),
        begun_by=_begun_by(item),
        still_goes_live=still_goes_live(item),
        may_approve=not item_steps().why_not_approve(current_person(), item),
        begun_at=reviews().last_written(item.file),
        last=reviews().last(item.file),
        comments=[comment for comment in comments().of(item.file) if not comment.closed_by],
        others=_others(item),
        panel=_panel(item, shown),
        help_pages=_help_pages(shown["language"]),
        contacts=library().contacts.values(),
        visual=VISUAL.is_file(),
        pictures=[(picture, markdown_of(picture)) for picture in _pictures_to_choose()],
        own_pages=sorted(library().public(now()).shown, key=lambda page: page.title),
        **extra,
    )


def still_goes_live(item: Item) -> datetime | None:
    """Return when (aware) what was approved goes live although a change to it waits; None if it does not."""
    if not item.change or item_steps().standing(item) != "scheduled":
        return None
    document = item_steps().assess(item.kind, item.slug, item.stored.text).document
    return document.published_at if document else None


def _begun_by(item: Item) -> list[str]:
    """Who else wrote the change that waits beside what is public, and which this form shows instead."""
    writers = reviews().writers(item.file) if item.change else {}
    return [name for number, name in writers.items() if number != current_person().id]


def _help_pages(language: str) -> list[Document]:
    """Each help page once: in the language of the item if there is such a version, otherwise in the site's own."""
    pages = dict[str, Document]()
    every = [page for page in library().documents if page.kind == "help"]
    for page in sorted(every, key=lambda page: (page.language != language, page.folder != "")):
        pages.setdefault(page.slug, page)
    return sorted(pages.values(), key=every.index)


def _pictures_to_choose() -> list[LibraryPicture]:
    """The newest pictures that can be shown and may still be used."""
    try:
        return [picture for picture in picture_library().pictures() if picture.picture and not picture.past][
            :MOST_TO_CHOOSE
        ]
    except (Refused, CannotSave):  # the page of pictures reports this
        return []


def _fields_before(item: Item, base: str) -> Fields:
    """The fields of the version `base`, from which both people started; empty if it cannot be found any more."""
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
    assessment = item_steps().assess(item.kind, item.slug, text)
    document = assessment.document
    going_live = document.published_at if document and item.kind == "news" else None
    # Show the length even of a text that is no document yet, because something in it must be put right.
    blocks = document.sentences if document else rough_blocks(written.body)
    return render_template(
        "desk/items/panel.html",
        # Problems count lines in the text as the form shows it: without front matter and leading empty lines.
        text_from=written.body_line + len(written.body) - len(written.body.lstrip("\n")),
        fields=PLACES,
        words=sum(len(block.split()) for block in blocks),
        reading_age=reading_age(blocks, fields.get("language", "")),
        oldest=round(EASIEST_GRADE_FOR[item.kind]) + 5,
        stops=assessment.stops,
        advice=assessment.advice,
        going_live=going_live,
        missed=_missed(fields, fields_of(*item.read())),
        in_future=going_live and going_live > now(),
    )


def _missed(fields: Fields, before: Fields) -> bool:
    """Whether the person typed a moment to go live that has passed already."""
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
    reviews().store_typed(item.file, person.id, person.name, now(), base, fields)


def _others(item: Item) -> list[str]:
    """The names of everybody else who has the item open now, or left words unsaved in it."""
    me = current_person().id
    return [
        typing.name
        for typing in reviews().typed(item.file)
        if typing.person != me and (typing.fields or (now() - typing.at).total_seconds() < AWAY_SECONDS)
    ]


def _with_picture(fields: Fields, raw: bytes) -> str:
    """The body with the picture at its end. The picture is first re-made from its pixels and stored."""
    if not raw:
        return fields["body"]
    file_name, alt, credit = _take_in_picture(fields, raw)
    return f"{fields['body'].rstrip()}\n\n{_picture_markdown(file_name, alt, credit)}\n"


def _with_picture_of_the_library(fields: Fields, name: str) -> str:
    """The body with a picture of the library at its end. Raises PictureRefused if the library does not have it."""
    picture = picture_library().find(name)
    if not picture or not picture.picture:
        raise PictureRefused(Refusal.PICTURE_NOT_HERE)
    return f"{fields['body'].rstrip()}\n\n{markdown_of(picture)}\n"


def markdown_of(picture: LibraryPicture) -> str:
    """Return the Markdown that puts a picture of the library into a text, with its description and credit."""
    return _picture_markdown(picture.name, picture.shows, picture.credit)


def _picture_markdown(name: str, shows: str, credit: str) -> str:
    caption = f"\n\n*Picture: {credit}*" if credit else ""
    return f"![{_escaped(shows)}](/images/{name}){caption}"


def _take_in_picture(fields: Mapping[str, str], raw: bytes) -> tuple[str, str, str]:
    """Store the picture; return its new name, description and credit. Raises what parse_wall_time does, and
    PictureRefused."""
    alt, credit = (" ".join(fields.get(f"picture_{part}", "").split()) for part in ("alt", "credit"))
    if not alt and not fields.get("picture_decorative"):
        raise PictureRefused(Refusal.PICTURE_WITHOUT_WORDS)
    if expires := fields.get("picture_expires", "").strip():
        parse_wall_time(f"{expires} 00:00", library().site.zone)
    picture = take_in(raw)
    picture_library().keep(current_person(), picture, alt, credit, expires)
    return picture.file_name, alt, credit


def _escaped(alt: str) -> str:
    return alt.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
