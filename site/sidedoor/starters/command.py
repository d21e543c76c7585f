"""`sidedoor init FOLDER --for …`: writes a content folder of your own, in git, that `sidedoor run` serves at once."""

import base64
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from pydantic import TypeAdapter, ValidationError

from sidedoor.documents.look import Look
from sidedoor.documents.models import Digits, WebAddress, Words
from sidedoor.documents.problems import Refused, Wrong
from sidedoor.documents.site import TimeZone
from sidedoor.example import EXAMPLES
from sidedoor.private import keep_to_the_owner
from sidedoor.starters.starter import Answers, NewSite, country_names, names, quoted, starter, zones_of

if TYPE_CHECKING:
    from dulwich.repo import Repo

HOOKS = EXAMPLES.parent / "hooks" if (EXAMPLES.parent / "hooks").is_dir() else EXAMPLES.parent / "deploy/hooks"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--for", "where", type=click.Choice(names()), required=True, help="What it begins with.")
@click.option("--name", help="What every page shows at its top: neutral, 30 letters at most.")
@click.option("--organisation", help="Who runs it.")
@click.option("--address", help="Where it will be reached, https://…; empty if that is not known yet.")
@click.option("--exit", "exits", multiple=True, help="Where “Hide this page” leads; a second one is tried if it hangs.")
@click.option("--country", help="Its two letters, such as NZ.")
@click.option("--timezone", help="Such as Pacific/Auckland.")
@click.option("--emergency", help="The number to call in danger there.")
@click.option("--emergency-source", help="A web address that says so.")
def init(folder: Path, where: str, exits: tuple[str, ...], **options: str | None) -> None:
    """Write a site of your own to FOLDER. Asks for what the options leave open."""
    keep_to_the_owner()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise click.ClickException(f"{folder} is there already. Name a folder that is not, or an empty one.")
    chosen = starter(where)
    name = _answer("--name", options["name"], "What it is called, neutral (30 letters at most)", _of_at_most(30))
    organisation = _answer("--organisation", options["organisation"], "Who runs it", _of(Words))
    url = _answer(
        "--address", options["address"], "Its address, https://… (Enter: not known yet)", _optional(_of(WebAddress)), ""
    )
    usual_exit = chosen.exit[0]
    if not exits:
        exits = (_answer("--exit", None, "Where “Hide this page” leads", _of(WebAddress), usual_exit),)
    for address in exits:
        _answer("--exit", address, "", _of(WebAddress))
    country = chosen.country if options["country"] is None else options["country"]
    country = _answer("--country", country or None, "Country, its two letters", _country)
    zones = zones_of(country)
    zone = (
        options["timezone"]
        or (chosen.timezone if country == chosen.country else "")
        or (zones[0] if len(zones) == 1 else None)
    )
    zone = _answer("--timezone", zone, "Time zone, such as " + ", ".join(zones[:3] or ["UTC"]), _of(TimeZone))
    emergency = source = ""
    if options["emergency"] or not chosen.like_the_example:
        emergency = _answer("--emergency", options["emergency"], "The number to call in danger there", _of(Digits))
        source = _answer(
            "--emergency-source", options["emergency_source"], "A web address that says so", _of(WebAddress)
        )
    answers = Answers(name, organisation, exits, country, zone, url.rstrip("/"), emergency, source)
    try:
        site = NewSite(chosen, answers, _program(), str(folder.resolve()))
        files = site.files
    except Refused as refused:
        raise click.ClickException("\n".join(str(problem) for problem in refused.problems)) from None
    for file, text in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    _keep_in_git(folder)
    click.echo(f"{folder}: {len(files)} files. {folder / 'README.md'} says what to do next.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def mark(file: Path) -> None:
    """Print what to write into site.toml so that FILE, a small SVG or PNG, is shown beside the site's name."""
    raw = file.read_bytes()
    if raw.startswith(b"\x89PNG"):
        written = f"data:image/png;base64,{base64.b64encode(raw).decode()}"
    else:
        written = re.sub(r"<\?.*?\?>|<!--.*?-->", "", raw.decode("utf-8", "replace"), flags=re.DOTALL).strip()
    try:
        look = Look(mark=written)
    except ValidationError as error:
        raise click.ClickException(_why(error)) from None
    click.echo(f"[look]\nmark = {quoted(look.mark or '')}")


def _answer(
    option: str, option_value: str | None, question: str, validated: Callable[[str], str], default: str | None = None
) -> str:
    """The value of an option, or the answer to its question. Asks until the answer can be used; an unusable option is
    refused."""
    if option_value is not None:
        try:
            return validated(option_value)
        except click.BadParameter as wrong:
            raise click.UsageError(f"{option}: {wrong.message}") from None
    try:
        answer: str = click.prompt(
            question, default=default, value_proc=validated, show_default=bool(default), err=True
        )
    except click.Abort:
        raise click.UsageError(f"Nobody answers here. Say {option}.") from None
    return answer


def _of(kind: Any) -> Callable[[str], str]:
    """A function that checks that words fit a type of site.toml, and returns the value."""

    def valid(words: str) -> str:
        try:
            value: str = TypeAdapter(kind).validate_python(words.strip())
        except ValidationError as error:
            raise click.BadParameter(_why(error, f"“{words}” cannot be used.")) from None
        return value

    return valid


def _why(error: ValidationError, otherwise: str = "It cannot be used.") -> str:
    wrong = error.errors()[0].get("ctx", {}).get("error")
    return str(wrong) if isinstance(wrong, Wrong) else otherwise


def _of_at_most(letters: int) -> Callable[[str], str]:
    def valid(words: str) -> str:
        words = _of(Words)(words)
        if len(words) > letters:
            raise click.BadParameter(f"“{words}” has {len(words)} letters, and {letters} fit.")
        return words

    return valid


def _optional(validated: Callable[[str], str]) -> Callable[[str], str]:
    return lambda words: validated(words) if words.strip() else ""


def _country(words: str) -> str:
    code = words.strip().upper()
    if code not in country_names():
        raise click.BadParameter(f"“{words}” is no country's two letters. Write them like NZ or FR.")
    return code


def _program() -> str:
    """The command that runs this program, as a shell can call it from anywhere."""
    called = Path(sys.argv[0])
    beside = Path(sys.executable).with_name("sidedoor")
    return str(called.resolve() if called.name == "sidedoor" and called.is_file() else beside)


def _keep_in_git(folder: Path) -> None:
    """Make a repository with a hook that refuses commits with mistakes, and a first commit."""
    from dulwich.repo import Repo  # importing it is a sixth of the time that other commands take to start

    with Repo.init(str(folder)) as repository:
        _first_commit(repository, folder)
        hook = Path(repository.controldir()) / "hooks" / "pre-commit"
        hook.parent.mkdir(exist_ok=True)
        shutil.copyfile(HOOKS / "pre-commit", hook)
        hook.chmod(0o700)
        config = repository.get_config()
        config.set((b"sidedoor",), b"command", _program().encode())
        config.write_to_path()


def _first_commit(repository: "Repo", folder: Path) -> None:
    files = [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.parts
    ]
    worktree = repository.get_worktree()
    worktree.stage(files)
    author = b"sidedoor init <init@sidedoor>"
    worktree.commit(message=b"What sidedoor init wrote", author=author, committer=author)
