"""The commands about the desk's people: `flask --app desk staff add "Ann Lee" --role admin`, and list, link, remove."""

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext

from sidedoor.desk.current import audit, desk_staff, sessions
from sidedoor.desk.people.person import Person
from sidedoor.desk.people.staff import LINK_DAYS, NotPossible
from sidedoor.desk.people.views import link_for
from sidedoor.desk.refusal_words import sentence

staff = AppGroup("staff", help="Manage who may sign in to the desk.")
_OPERATOR = "the operator"


def add_commands(app: Flask) -> None:
    """Add the group `staff` to the command `flask --app desk`."""
    app.cli.add_command(staff)


@staff.command("add")
@click.argument("name")
@click.option("--role", required=True, help="press, editor, adviser, supervisor or admin; several separated by commas.")
@with_appcontext
def add(name: str, role: str) -> None:
    """Add NAME, and print a link with which they choose how to sign in."""
    try:
        with audit().recorded(_OPERATOR, "invited", name, role):
            person = desk_staff().add(name, role.split(","))
    except NotPossible as problem:
        raise click.ClickException(sentence(problem)) from None
    _print_link(person)


@staff.command("list")
@with_appcontext
def everybody() -> None:
    """Print everybody and what they may do."""
    for person in desk_staff().everybody():
        click.echo(f"{person.name}: {', '.join(sorted(person.roles))}")


@staff.command("link")
@click.argument("name")
@with_appcontext
def link(name: str) -> None:
    """Print a new link for NAME. Their earlier ways to sign in stop working, and they are signed out everywhere."""
    person = _person_named(name)
    with audit().recorded(_OPERATOR, "renewed the link of", person.name):
        _print_link(person)
    sessions().end_all(person.id)


@staff.command("remove")
@click.argument("name")
@with_appcontext
def remove(name: str) -> None:
    """Take NAME's access away at once."""
    person = _person_named(name)
    try:
        with audit().recorded(_OPERATOR, "removed", person.name):
            desk_staff().remove(person.id)
    except NotPossible as problem:
        raise click.ClickException(sentence(problem)) from None
    sessions().end_all(person.id)
    click.echo(f"{person.name} can no longer sign in.")


def _person_named(name: str) -> Person:
    person = desk_staff().named(name)
    if not person:
        raise click.ClickException(f"There is nobody called {name}. `sidedoor staff list` prints everybody.")
    return person


def _print_link(person: Person) -> None:
    click.echo(f"{link_for(person)}\nGive this to {person.name}. It is good for {LINK_DAYS} days, and works once.")
