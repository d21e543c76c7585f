"""The command `sidedoor`: serves either application, and looks after the folder that SIDEDOOR_CONTENT names."""

import os
import shlex
import sqlite3
import sys
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask.cli import ScriptInfo

from sidedoor.documents.codes import Code
from sidedoor.documents.problem_words import file_words
from sidedoor.documents.problems import Level, Problem, Refused
from sidedoor.documents.times import utc_now
from sidedoor.example import EXAMPLE
from sidedoor.public import commands
from sidedoor.settings import Settings, in_address, of_environment
from sidedoor.starters.command import init, mark
from sidedoor.web import serve
from sidedoor.web.logs import without_a_log


def _public_site() -> Flask:
    from sidedoor.public.server import load_whole  # imported late: many commands need no application

    return load_whole()


def _staff_desk() -> Flask:
    from sidedoor.desk.server import load  # the public site's commands never load the desk

    return load()


def _say_if_it_is_the_example(settings: Settings) -> None:
    if settings.content == EXAMPLE:
        click.echo("This is the example. `sidedoor init` writes a site of your own; SIDEDOOR_CONTENT names its folder.")


class _InSentences(click.Group):
    """Commands whose failure on a disk is one line for an operator, not a trace of our code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (OSError, sqlite3.Error) as error:
            if isinstance(error, BrokenPipeError):
                raise
            reason = getattr(error, "strerror", None) or str(error)
            place = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
            raise click.ClickException(f"It could not be done: {place}{reason}.") from error


@click.group(cls=_InSentences, context_settings={"obj": ScriptInfo(create_app=_public_site, set_debug_flag=False)})
def main() -> None:
    """Sidedoor: a help site whose readers may be watched, and the news of whoever runs it."""


for command in (
    init, mark, commands.check, commands.content, commands.export, commands.feedback, commands.news,
    commands.translations,
):  # fmt: skip
    main.add_command(command)

_host = click.option("--host", envvar="HOST", default="127.0.0.1", show_default=True)


@main.command()
@_host
@click.option("--port", envvar="PORT", default="5000", show_default=True)
@click.option("--workers", envvar="WORKERS", default=2, show_default=True, type=click.IntRange(1, 64))
def run(host: str, port: str, workers: int) -> None:
    """Serve the public site."""
    from sidedoor.public.server import check

    os.environ.update(HOST=host, PORT=port)
    serve.ready(check)
    settings = of_environment()
    _say_if_it_is_the_example(settings)
    click.echo(f"Sidedoor is at http://{in_address(settings.host)}:{settings.port}  (Ctrl+C stops it)")
    serve.serve("sidedoor.public.server:load", settings.host, settings.port, workers)


@main.command()
@_host
@click.option("--port", envvar="PORT", default="5001", show_default=True)
def desk(host: str, port: str) -> None:
    """Serve the staff desk."""
    from sidedoor.desk.server import check

    os.environ.update(HOST=host, PORT=port)
    address = os.environ.setdefault("SIDEDOOR_DESK_URL", f"http://localhost:{port}")
    serve.ready(check)
    settings = of_environment()
    _say_if_it_is_the_example(settings)
    click.echo(f"The desk is at {address}  (Ctrl+C stops it)")
    serve.serve("sidedoor.desk.server:load", settings.host, settings.port, 1)


_passphrase_file = click.option(
    "--passphrase-file", envvar="SIDEDOOR_BACKUP_PASSPHRASE_FILE", type=click.Path(path_type=Path, dir_okay=False),
    help="A file that holds the passphrase.",
)  # fmt: skip


@main.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--to", multiple=True, envvar="SIDEDOOR_BACKUP_TO", metavar="age1…", help="Who can open FILE; may be repeated."
)
@_passphrase_file
@click.option(
    "--site-data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Where readers' messages are kept, if not with the rest; by default SIDEDOOR_MESSAGES.",
)
@click.option("--keep", type=click.IntRange(1), help="FILE is a folder: keep only this many of its newest backups.")
def back_up(
    file: Path, to: tuple[str, ...], passphrase_file: Path | None, site_data: Path | None, keep: int | None
) -> None:
    """Write everything but the chats to FILE, encrypted, and read it again. FILE may be a folder."""
    from sidedoor import backup

    settings = _settings()
    try:
        if keep and not file.is_dir():
            raise backup.CannotBackUp(Code.BACKUP_NO_FOLDER, file)
        seal: backup.Seal = (
            backup.ForRecipients(to) if to else backup.WithPassphrase(_passphrase(passphrase_file, True))
        )
        messages = site_data or (settings.messages if settings.messages_home.data != settings.home.data else None)
        archive = backup.back_up(settings.content, settings.data, file, seal, messages, settings.database)
        click.echo(f"{archive.file}: {archive.files} files, {archive.size / 1e6:.1f} MB, read again and found whole.")
        for old in backup.prune(file, keep) if keep else ():
            click.echo(f"{old} is deleted.")
    except Refused as problem:
        raise click.ClickException(_words(problem)) from None


@main.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--key", type=click.Path(path_type=Path, dir_okay=False), help="The file with the key that opens it.")
@_passphrase_file
def restore(file: Path, folder: Path, key: Path | None, passphrase_file: Path | None) -> None:
    """Restore the backup FILE into FOLDER, which must be empty or not exist yet."""
    from sidedoor import backup

    try:
        seal: backup.Seal = backup.WithKey(key) if key else backup.WithPassphrase(_passphrase(passphrase_file, False))
        files = backup.restore(file, folder, seal)
    except backup.CannotBackUp as problem:
        raise click.ClickException(_words(problem)) from None
    click.echo(f"{files} files are in {folder}. Start with:")
    places = {"SIDEDOOR_CONTENT": backup.CONTENT, "SIDEDOOR_DATA": backup.DATA, "SIDEDOOR_MESSAGES": backup.SITE_DATA}
    there = {name: shlex.quote(str(folder / part)) for name, part in places.items() if (folder / part).is_dir()}
    click.echo(" ".join([*(f"{name}={path}" for name, path in there.items()), "sidedoor run"]))
    click.echo(
        "If databases are to be in PostgreSQL, fill a new one first, with SIDEDOOR_DATABASE set as for the desk:"
    )
    click.echo(f"sidedoor fill-database {shlex.quote(str(folder / backup.DATA))}")


@main.command("fill-database")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
def fill_database(folder: Path) -> None:
    """Copy the SQLite files in FOLDER, a former SIDEDOOR_DATA, into the database that SIDEDOOR_DATABASE names."""
    from sidedoor.desk.databases import KEPT
    from sidedoor.home import on_server
    from sidedoor.schema import SETTING

    settings = _settings()
    try:
        if not settings.database:
            raise Refused([Problem(SETTING, None, Code.SETTING_NOT_A_DATABASE)])
        on_server(settings.database, KEPT[0])  # raises Refused if psycopg is not installed
        from sidedoor.database_moves import fill

        for file, rows in fill(settings.database, KEPT, folder).items():
            click.echo(f"{file}: {rows} rows.")
    except Refused as problem:
        raise click.ClickException(serve.sentences(problem)) from None
    except sqlite3.Error as error:
        raise click.ClickException(f"{folder}: nothing was copied ({error}).") from None


@main.command("backup-key")
@click.argument("file", type=click.Path(path_type=Path))
def backup_key(file: Path) -> None:
    """Make a key for backups, and print what `sidedoor backup --to` takes. Keep FILE on another machine."""
    from sidedoor import backup

    try:
        click.echo(backup.new_key(file))
    except backup.CannotBackUp as problem:
        raise click.ClickException(_words(problem)) from None


@main.command()
def doctor() -> None:
    """List what is wrong with how the site is set up. Exits with 1 if anything is."""
    from sidedoor.doctor import faults

    without_a_log()
    problems = faults(_settings(), utc_now)
    for problem in problems:
        click.echo(str(problem))
    wrong = sum(problem.level is Level.ERROR for problem in problems)
    click.echo(f"{wrong} wrong, {len(problems) - wrong} odd." if problems else "Nothing is wrong.")
    sys.exit(1 if wrong else 0)


def _words(refused: Refused) -> str:
    return "\n".join(str(file_words(problem.code, problem.values, problem.field)) for problem in refused.problems)


def _passphrase(file: Path | None, new: bool) -> str:
    from sidedoor.backup import CannotBackUp

    if file:
        try:
            return file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise CannotBackUp(Code.BACKUP_PASSPHRASE_UNREADABLE, file) from None
    if not sys.stdin.isatty():
        raise CannotBackUp(Code.BACKUP_HOW)
    passphrase: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt=new)
    return passphrase


def _settings() -> Settings:
    try:
        return of_environment()
    except Refused as refused:
        raise click.ClickException(serve.sentences(refused)) from None


@main.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def staff(words: tuple[str, ...]) -> None:
    """Add, list and remove the people of the desk."""
    from sidedoor.desk.people.commands import staff as for_people

    for_people.main(list(words), "sidedoor staff", obj=ScriptInfo(create_app=_staff_desk, set_debug_flag=False))
