"""What `sidedoor check` says about the site as a whole: its menu, languages, own words and address, and leftovers.

Leftovers are claims of a former owner: from the example that a site was made from, or from an earlier site.toml.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel import Locale, UnknownLocaleError

from sidedoor.documents.codes import Code
from sidedoor.documents.document import Visibility
from sidedoor.documents.fixed_addresses import LINKED
from sidedoor.documents.library import Library
from sidedoor.documents.problems import Level, Problem
from sidedoor.documents.reading import SITE
from sidedoor.documents.site import Site
from sidedoor.documents.times import Clock
from sidedoor.example import CLAIMS, EXAMPLE
from sidedoor.public.menu import NOTICE_PAGE, menu_pages
from sidedoor.web.language import has_words, interface_sentences, own_words_fit

if TYPE_CHECKING:
    from dulwich.objects import Commit
    from dulwich.repo import Repo
from sidedoor.web.look import check_look

_SAYS_WHO_RUNS_IT = ("pages/about.md", "pages/privacy.md")


def check_site(library: Library, clock: Clock, content: Path, https: bool) -> list[Problem]:
    """Everything wrong or due with the site as a whole."""
    return [
        *_menu(library, clock),
        *_languages(library.site),
        *_own_words(library.site),
        *check_look(library.site),
        *([Problem(SITE, None, Code.HTTPS_WITHOUT_URL)] if https and not _is_https(library.site) else []),
        *_left_over(library, content),
    ]


def _is_https(site: Site) -> bool:
    return (site.url or "").startswith("https://")


def _menu(library: Library, clock: Clock) -> Iterator[Problem]:
    seen = {document.path: document.visibility(clock()) for document in library.documents}
    wanted = dict.fromkeys(menu_pages(library.site), Code.MENU_TO_NOWHERE) | {NOTICE_PAGE: Code.NOTICE_TO_NOWHERE}
    for path, code in wanted.items():
        if path in LINKED or seen.get(path) in (Visibility.SHOWN, Visibility.WITHDRAWN):
            continue
        due = code is Code.MENU_TO_NOWHERE and path in seen
        hidden = Code.MENU_TO_DRAFT if due else code
        yield Problem(SITE, None, hidden, {"link": path}, level=Level.WARNING if due else Level.ERROR)


def _languages(site: Site) -> Iterator[Problem]:
    for language in site.languages:
        if not has_words(language) and not site.words.get(language):
            yield Problem(SITE, None, Code.LANGUAGE_WITHOUT_WORDS, {"language": language})
        if language not in site.dates and not _has_dates(language):
            yield Problem(SITE, None, Code.LANGUAGE_WITHOUT_DATES, {"language": language})
        for place, wording in _wordings(site):
            if "" not in wording and language not in wording:
                values = {"language": language}
                yield Problem(SITE, None, Code.NOT_SAID_IN, values, place, level=Level.WARNING)


def _has_dates(language: str) -> bool:
    try:
        return bool(Locale.parse(language, sep="-"))
    except (UnknownLocaleError, ValueError):
        return False


def _wordings(site: Site) -> Iterator[tuple[str, Any]]:
    """Every wording of site.toml that has languages, and its place there."""
    lists: dict[str, Iterable[Any]] = {
        "situations": (situation.says for situation in site.situations),
        "groups": (group.title for group in site.groups),
        "places": (place.name for place in site.places),
        "audiences": (audience.name for audience in site.audiences),
    }
    for name, wordings in lists.items():
        yield from ((f"{name}.{number}", wording) for number, wording in enumerate(wordings, start=1))
    others = {"must_act": site.must_act}
    if site.emergency:
        others |= {"emergency.silent": site.emergency.silent, "emergency.text": site.emergency.text}
    if site.chat:
        others |= {"chat.answered_by": site.chat.answered_by, "chat.confidential": site.chat.confidential}
    if site.menu:
        others |= {f"menu.names.{path}": wording for path, wording in site.menu.names.items()}
    yield from ((place, wording) for place, wording in others.items() if wording)


def _own_words(site: Site) -> Iterator[Problem]:
    known = interface_sentences()
    for language, sentences in site.words.items():
        for sentence, own in sentences.items():
            values = {"sentence": sentence}
            if sentence not in known:
                near = get_close_matches(sentence, known, n=1)
                code = Code.NO_SUCH_SENTENCE_BUT if near else Code.NO_SUCH_SENTENCE
                yield Problem(SITE, None, code, {**values, "near": "".join(near)}, f"words.{language}")
            elif not own_words_fit(sentence, own):
                yield Problem(SITE, None, Code.OWN_WORDS_LACK, values, f"words.{language}")


def _left_over(library: Library, content: Path) -> Iterator[Problem]:
    for document in library.documents:
        if document.file not in _SAYS_WHO_RUNS_IT:
            continue
        written = " ".join([document.title, document.summary, *document.sentences])
        for claim in sorted(_claims(library.site, content)):
            if re.search(rf"\b{re.escape(claim)}\b", written):
                yield Problem(document.file, None, Code.FORMER_OWNER, {"claim": claim})


def _claims(site: Site, content: Path) -> set[str]:
    """What only another owner says of itself: the example's name and claims, and the names that site.toml had
    before."""
    try:
        example = tomllib.loads((EXAMPLE / SITE).read_text("utf-8"))["organisation"]
        claims = [example, *(EXAMPLE / CLAIMS).read_text("utf-8").splitlines()] if example != site.organisation else []
    except OSError:  # it is not there, or private to somebody else
        claims = []
    return {*claims, *_former_names(content)} - {site.organisation, site.name, ""}


def _former_names(content: Path) -> set[str]:
    """The organisations that earlier versions of site.toml named, if the folder is itself a repository."""
    try:
        return _named_before(content, (content / SITE).read_bytes())
    except OSError:
        return set()


@lru_cache(maxsize=1)
def _named_before(content: Path, now: bytes) -> set[str]:
    """Remembered while site.toml is as it is `now`: only a commit that changes it can name another organisation."""
    from dulwich.errors import NotGitRepository  # imported late, as in starters/command.py
    from dulwich.repo import Repo

    names = set()
    try:
        with Repo(str(content)) as repository:
            for entry in repository.get_walker(paths=[SITE.encode()]):
                names |= _organisation(repository, entry.commit)
    except (NotGitRepository, KeyError):  # no repository, or one without a commit
        pass
    return names


def _organisation(repository: "Repo", commit: "Commit") -> set[str]:
    from dulwich.object_store import tree_lookup_path
    from dulwich.objects import Blob

    try:
        _, blob_id = tree_lookup_path(repository.__getitem__, commit.tree, SITE.encode())
        blob = repository[blob_id]
        assert isinstance(blob, Blob)
        named = tomllib.loads(blob.data.decode("utf-8")).get("organisation")
    except (KeyError, ValueError):  # it was not there yet, or was broken
        return set()
    return {named} if isinstance(named, str) and named.strip() else set()
