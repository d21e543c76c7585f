"""`sidedoor init FOLDER --for …`: a content folder of one's own, in git, that `sidedoor run` serves at once."""

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
from sidedoor.private import keep_to_the_owner
from sidedoor.starters import EXAMPLES
from sidedoor.starters.starter import Answers, NewSite, country_names, names, quoted, starter, zones_of

if TYPE_CHECKING:
    from dulwich.repo import Repo

HOOKS = EXAMPLES.parent / "hooks" if (EXAMPLES.parent / "hooks").is_dir() else EXAMPLES.parent / "deploy/hooks"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--for", "where", type=click.Choice(names()), required=True, help="What it begins with.")
@click.option("--name", help="What stands at the top of every page: neutral, 30 letters at most.")
@click.option("--organisation", help="Who runs it.")
@click.option("--address", help="Where it will be reached, https://…; empty if that is not known yet.")
@click.option("--exit", "exits", multiple=True, help="Where “Hide this page” leads; a second one is tried if it hangs.")
@click.option("--country", help="Its two letters, such as NZ.")
@click.option("--timezone", help="Such as Pacific/Auckland.")
@click.option("--emergency", help="The number to call in danger there.")
@click.option("--emergency-source", help="A web address that says so.")
def init(folder: Path, where: str, exits: tuple[str, ...], **said: str | None) -> None:
    """Write a site of your own to FOLDER. What no option says is asked."""
    keep_to_the_owner()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise click.ClickException(f"{folder} is there already. Name a folder that is not, or an empty one.")
    begins = starter(where)
    name = _answer("--name", said["name"], "What it is called, neutral (30 letters at most)", _of_at_most(30))
    organisation = _answer("--organisation", said["organisation"], "Who runs it", _of(Words))
    url = _answer(
        "--address", said["address"], "Its address, https://… (Enter: not known yet)", _optional(_of(WebAddress)), ""
    )
    usual = begins.exit[0]
    if not exits:
        exits = (_answer("--exit", None, "Where “Hide this page” leads", _of(WebAddress), usual),)
    for one in exits:
        _answer("--exit", one, "", _of(WebAddress))
    country = begins.country if said["country"] is None else said["country"]
    country = _answer("--country", country or None, "Country, its two letters", _country)
    zones = zones_of(country)
    zone = (
        said["timezone"]
        or (begins.timezone if country == begins.country else "")
        or (zones[0] if len(zones) == 1 else None)
    )
    zone = _answer("--timezone", zone, "Time zone, such as " + ", ".join(zones[:3] or ["UTC"]), _of(TimeZone))
    emergency = source = ""
    if said["emergency"] or not begins.like_the_example:
        emergency = _answer("--emergency", said["emergency"], "The number to call in danger there", _of(Digits))
        source = _answer("--emergency-source", said["emergency_source"], "A web address that says so", _of(WebAddress))
    answers = Answers(name, organisation, exits, country, zone, url.rstrip("/"), emergency, source)
    try:
        site = NewSite(begins, answers, _program(), str(folder.resolve()))
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
    """Say what to write into site.toml so that FILE, a small SVG or PNG, stands beside the site's name."""
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
    option: str, said: str | None, question: str, valid: Callable[[str], str], default: str | None = None
) -> str:
    """What an option says, or what is answered. Asks again until it can be used; an option that cannot is refused."""
    if said is not None:
        try:
            return valid(said)
        except click.BadParameter as wrong:
            raise click.UsageError(f"{option}: {wrong.message}") from None
    try:
        answer: str = click.prompt(question, default=default, value_proc=valid, show_default=bool(default), err=True)
    except click.Abort:
        raise click.UsageError(f"Nobody answers here. Say {option}.") from None
    return answer


def _of(kind: Any) -> Callable[[str], str]:
    """Whether words are of a type of site.toml's."""

    def valid(said: str) -> str:
        try:
            value: str = TypeAdapter(kind).validate_python(said.strip())
        except ValidationError as error:
            raise click.BadParameter(_why(error, f"“{said}” cannot be used.")) from None
        return value

    return valid


def _why(error: ValidationError, otherwise: str = "It cannot be used.") -> str:
    wrong = error.errors()[0].get("ctx", {}).get("error")
    return str(wrong) if isinstance(wrong, Wrong) else otherwise


def _of_at_most(letters: int) -> Callable[[str], str]:
    def valid(said: str) -> str:
        said = _of(Words)(said)
        if len(said) > letters:
            raise click.BadParameter(f"“{said}” has {len(said)} letters, and {letters} fit.")
        return said

    return valid


def _optional(valid: Callable[[str], str]) -> Callable[[str], str]:
    return lambda said: valid(said) if said.strip() else ""


def _country(said: str) -> str:
    code = said.strip().upper()
    if code not in country_names():
        raise click.BadParameter(f"“{said}” is no country's two letters. Write them like NZ or FR.")
    return code


def _program() -> str:
    """The command that runs this program, as a shell finds it from anywhere."""
    called = Path(sys.argv[0])
    beside = Path(sys.executable).with_name("sidedoor")
    return str(called.resolve() if called.name == "sidedoor" and called.is_file() else beside)


def _keep_in_git(folder: Path) -> None:
    """A repository with the hook that refuses a commit with a mistake, and a first commit."""
    from dulwich.repo import Repo  # a sixth of the time that every other command takes to begin

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
    who = b"sidedoor init <init@sidedoor>"
    worktree.commit(message=b"What sidedoor init wrote", author=who, committer=who)
