"""The command `sidedoor`: serves either application, and looks after the folder that SIDEDOOR_CONTENT names."""

import os
from pathlib import Path

import click
from flask import Flask
from flask.cli import ScriptInfo

from sidedoor.public import commands
from sidedoor.starters.command import init, mark
from sidedoor.web import serve

SHIPPED_CONTENT = Path(__file__).resolve().parent / "content"
"""What the package brings along, for somebody who has no content of their own yet. A checkout has its own instead."""


def _public_site() -> Flask:
    from sidedoor.public.server import load  # a command that needs no application makes none

    _choose_content()
    return load()


def _staff_desk() -> Flask:
    from sidedoor.desk.server import load  # the public site's commands never load the desk

    _choose_content()
    return load()


def _choose_content() -> None:
    if "SIDEDOOR_CONTENT" not in os.environ and not Path("content").is_dir() and SHIPPED_CONTENT.is_dir():
        os.environ["SIDEDOOR_CONTENT"] = str(SHIPPED_CONTENT)


@click.group(context_settings={"obj": ScriptInfo(create_app=_public_site, set_debug_flag=False)})
def main() -> None:
    """Sidedoor: a help site whose readers may be watched, and the news of whoever runs it."""


for command in (init, mark, commands.check, commands.content, commands.export, commands.feedback, commands.news):
    main.add_command(command)

_host = click.option("--host", envvar="HOST", default="127.0.0.1", show_default=True)


@main.command()
@_host
@click.option("--port", envvar="PORT", default="5000", show_default=True)
@click.option("--workers", envvar="WORKERS", default=2, show_default=True, type=click.IntRange(1, 64))
def run(host: str, port: str, workers: int) -> None:
    """Serve the public site."""
    from sidedoor.public.server import check

    _choose_content()
    os.environ.update(HOST=host, PORT=port)
    serve.ready(check)
    click.echo(f"Sidedoor is at http://{host}:{port}  (Ctrl+C stops it)")
    serve.serve("sidedoor.public.server:load", host, port, workers)


@main.command()
@_host
@click.option("--port", envvar="PORT", default="5001", show_default=True)
def desk(host: str, port: str) -> None:
    """Serve the staff desk."""
    from sidedoor.desk.server import check

    _choose_content()
    os.environ.update(HOST=host, PORT=port)
    address = os.environ.setdefault("SIDEDOOR_DESK_URL", f"http://localhost:{port}")
    serve.ready(check)
    click.echo(f"The desk is at {address}  (Ctrl+C stops it)")
    serve.serve("sidedoor.desk.server:load", host, port, 1)


@main.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def staff(words: tuple[str, ...]) -> None:
    """Add, list and remove the people of the desk."""
    from sidedoor.desk.commands import staff as for_people

    for_people.main(list(words), "sidedoor staff", obj=ScriptInfo(create_app=_staff_desk, set_debug_flag=False))
