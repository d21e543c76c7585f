"""The commands: `flask content check`, `flask news new`, `flask feedback list`, `flask export`."""

import json
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from sidedoor.documents.checks import check_library, facts_of
from sidedoor.documents.codes import Code
from sidedoor.documents.exchange import from_po, to_po, translation_file
from sidedoor.documents.fixed_addresses import LINKED
from sidedoor.documents.ledger import facts_due, pages_of
from sidedoor.documents.library import Library
from sidedoor.documents.problems import Level, Problem, Refused
from sidedoor.documents.reading import FACTS
from sidedoor.documents.segments import with_front
from sidedoor.documents.slugs import slug_from_title, slug_problem
from sidedoor.documents.translations import TranslationStanding, standings
from sidedoor.private import as_its_folder_says, folder_within
from sidedoor.public.current import content_folder, live, now, settings, the_site
from sidedoor.public.export import CannotExport, drift, write_mirror
from sidedoor.public.site_checks import check_site
from sidedoor.web.language import awaiting_review

content = AppGroup("content", help="Look after the content folder.")
news = AppGroup("news", help="Write news.")
feedback = AppGroup("feedback", help="Read what people wrote.")
translations = AppGroup("translations", help="Look after pages in other languages.")

_NEW_ITEM = """---
title: {title}
summary:
state: draft
publish_at: {publish_at}
notes_to_editors: |
  Write what journalists need to know here.
related_help:
  - get-help-now
---

Write the news here. Start with what happened, to whom, when and where.
"""


def add_commands(app: Flask) -> None:
    """Give the `flask` command its groups."""
    for group in (content, news, feedback, translations):
        app.cli.add_command(group)
    app.cli.add_command(export)


@content.command("check")
@click.option("--facts", is_flag=True, help="List the ledger: each fact, its pages, and figures that no fact holds.")
@with_appcontext
def check(facts: bool) -> None:
    """List everything that is wrong or due. Exits with 1 if anything is wrong."""
    if facts:
        sys.exit(_check_facts(live().library, now()))
    library = live().library
    problems = [
        *check_library(library, now(), LINKED),
        *check_site(library, now, content_folder(), settings().https),
        *awaiting_review(library.site.languages),
    ]
    for problem in problems:
        click.echo(str(problem))
    errors = sum(problem.level is Level.ERROR for problem in problems)
    click.echo(
        f"{len(library.documents)} documents: {errors} wrong, {len(problems) - errors} due or better another way."
    )
    sys.exit(1 if errors else 0)


def _check_facts(library: Library, now: datetime) -> int:
    """Print the ledger. Returns 1 if a page prints a figure that no fact holds, or names a fact that is not there, else
    0."""
    due = {fact.id for fact in facts_due(library, now)}
    for fact in library.facts.values():
        late = ", DUE" if fact.id in due else ""
        click.echo(
            f"{fact.id}: {' · '.join(fact.values)} ({', '.join(fact.places) or 'everywhere'}; by {fact.check_by}{late})"
        )
        for page in pages_of(fact, library):
            click.echo(f"    {page.file}")
    problems = [problem for page in library.documents for problem in facts_of(page, library)]
    problems += [problem for problem in library.problems if problem.file == FACTS]
    for problem in problems:
        click.echo(str(problem if problem.line else replace(problem, line=_line_of(problem))))
    click.echo(f"{len(library.facts)} facts, {len(due)} due; {len(problems)} problems.")
    return 1 if problems else 0


def _line_of(problem: Problem) -> int | None:
    """The first line of the file that holds the figure, or the fact's id, that the problem is about."""
    quoted = problem.values.get("figure") or problem.values.get("fact")
    lines = (content_folder() / problem.file).read_text("utf-8").split("\n")
    return next((number for number, line in enumerate(lines, start=1) if quoted and quoted in line), None)


@news.command("new")
@click.argument("title")
@with_appcontext
def new(title: str) -> None:
    """Start a news item as a draft, tomorrow at nine. TITLE is its headline."""
    slug = slug_from_title(title)
    if not slug or slug_problem(slug):
        raise click.ClickException("The title needs a few words of letters from a to z, to make an address of.")
    if live().away:
        raise click.ClickException(
            str(next(problem for problem in live().library.problems if problem.code is Code.FOLDER_AWAY))
        )
    path = content_folder() / "news" / f"{slug}.md"
    tomorrow = now().astimezone(live().library.site.zone).date() + timedelta(days=1)
    folder_within(path.parent, content_folder())
    try:
        with path.open("x", encoding="utf-8") as out:
            as_its_folder_says(path, content_folder())
            out.write(_NEW_ITEM.format(title=json.dumps(title, ensure_ascii=False), publish_at=f"{tomorrow} 09:00"))
    except FileExistsError:
        raise click.ClickException(f"There is a news item named {slug} already. Choose another title.") from None
    click.echo(f"{path}\nIt is a draft. Write it, then change its state to published.")


@translations.command("stamp")
@click.argument("files", nargs=-1)
@with_appcontext
def stamp(files: tuple[str, ...]) -> None:
    """Record in FILES (cy/help/money.md …) that each says what its original says now. Without FILES: in every
    translation that has no such record yet."""
    documents = {document.file: document for document in live().library.documents if document.folder}
    chosen = files or [
        file for file, document in documents.items() if document.translation and not document.translation.made_from
    ]
    for file in chosen:
        original = live().library.original_of(documents[file]) if file in documents else None
        if original is None:
            raise click.ClickException(f"{file} is no page with an original. Name it as cy/help/money.md.")
        path = content_folder() / file
        path.write_text(with_front(path.read_text("utf-8"), {"made_from": original.digest}), "utf-8")
        click.echo(f"{file}: made from {original.file} as it is now.")


@translations.command("export")
@click.argument("language")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.argument("files", nargs=-1)
@with_appcontext
def export_words(language: str, folder: Path, files: tuple[str, ...]) -> None:
    """Write the words of FILES (help/money.md …), or of every page, to FOLDER as PO, for a translator into LANGUAGE."""
    site = live().library.site
    if language not in site.languages or language == site.language:
        raise click.ClickException(
            f"This site's languages are {', '.join(site.languages)}; its own is {site.language}."
        )
    pages = {page.file: (page, row[language]) for page, row in standings(live().library).items()}
    for file in files or pages:
        if file not in pages:
            raise click.ClickException(f"{file} is no page to translate. Name it as help/money.md.")
        page, standing = pages[file]
        translated = content_folder() / translation_file(file, language)
        before = translated.read_text("utf-8") if standing is not TranslationStanding.MISSING else None
        doubtful = standing in (TranslationStanding.STALE, TranslationStanding.URGENT)
        raw = to_po(page, (content_folder() / file).read_text("utf-8"), language, before, doubtful)
        out = (folder / translation_file(file, language)).with_suffix(".po")
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(raw)
        click.echo(str(out))


@translations.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@with_appcontext
def import_words(files: tuple[Path, ...]) -> None:
    """Turn PO FILES that a translator sent back into drafts that await review."""
    for file in files:
        try:
            returned = from_po(file.read_bytes(), live().library)
        except Refused as refused:
            raise click.ClickException(f"{file}: {refused.problems[0].words()}") from None
        path = content_folder() / returned.file
        existing = next((document for document in live().library.documents if document.file == returned.file), None)
        if existing and existing.meta.state in ("published", "withdrawn"):
            raise click.ClickException(
                f"{returned.file} is public. Import it at the desk,"
                " where readers keep its words until somebody approves."
            )
        original = (content_folder() / returned.original.file).read_text("utf-8")
        draft = returned.draft(original, path.read_text("utf-8") if path.is_file() else None)
        folder_within(path.parent, content_folder())
        path.write_text(draft, "utf-8")
        as_its_folder_says(path, content_folder())
        click.echo(f"{returned.file}: a draft, which awaits somebody who knows the language.")


@feedback.command("list")
@with_appcontext
def list_feedback() -> None:
    """Print every message, oldest first."""
    messages = the_site().feedback.all()
    for message in messages:
        click.echo(f"{message.number}  {message.hour:%Y-%m-%d %H}h\n{message.text}\n")
    click.echo(f"{len(messages)} messages.")


@feedback.command("delete")
@click.argument("number", type=click.IntRange(1, 10**18))
@with_appcontext
def delete_feedback(number: int) -> None:
    """Delete message NUMBER for good."""
    if not the_site().feedback.delete(number):
        raise click.ClickException(f"There is no message {number}.")
    click.echo(f"Message {number} is deleted.")


@click.command("export")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--live", "live_at", metavar="URL", help="Where the live search and forms are; by default the url of site.toml."
)
@click.option("--verify", metavar="URL", help="Write nothing: list where FOLDER and the site at URL differ.")
@with_appcontext
def export(folder: Path, live_at: str | None, verify: str | None) -> None:
    """Write the public site to FOLDER, for any web server or static host. With --verify, exits with 1 on drift."""
    try:
        if verify:
            differences = drift(folder, verify.rstrip("/"))
            click.echo("\n".join([*differences, f"{len(differences)} differences."]))
            sys.exit(1 if differences else 0)
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        changed, files = write_mirror(app, folder, live_at or live().library.site.url or settings().served_at)
    except CannotExport as refused:
        raise click.ClickException(str(refused)) from refused
    click.echo(f"{folder}: {files} files, {changed} of them new or changed.")
