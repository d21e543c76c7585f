"""The pack: all help of one language in one answer, so that moving around asks nobody for anything.

What stands in it is each page's own `main`, as the page itself has it. So it holds what the edition holds, and nothing
more: nothing hidden, and of a page that was taken back nothing from the next edition on. Nobody is told of a page being
read out of it, not even by its size (static/js/pack.js).

Nobody counts readers here. What is too much for the first answer is the rest, an answer of its own that is asked for
whole: the pages that the fewest others lead to. What is too much for both is in neither; then what comes first in the
site's own menus stays.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain

import brotli
from flask import Blueprint, Response, abort, current_app, request

from sidedoor.documents.library import PublicLibrary
from sidedoor.web.current import current_public, same_for_everyone
from sidedoor.web.edition import EDITION_KEY, MIRROR_KEY, SAME_FOR_EVERYONE, WHOEVER_ASKS, Edition
from sidedoor.web.in_place import Parts
from sidedoor.web.inline import bundle
from sidedoor.web.language import current_language, direction
from sidedoor.web.look import site_rules
from sidedoor.web.sheet import whole
from sidedoor.web.spoken import LANGUAGE_KEY
from sidedoor.web.spoken import spoken as as_views_know_it

blueprint = Blueprint("pack", __name__)
MOST_BYTES = 60_000
"""In brotli, both parts, without the style (4,000) that the first brings along: about a second on a slow phone, behind
everything else."""
FIRST_BYTES = 33_200
"""The first of them, as it is quickly compressed; it is sent in a tenth less."""
_GUIDE = "/safer-browsing"
_ALWAYS = ("/", "/help", "/contacts")
# What many pages have in the same words: a helpline's card, the notice, who to talk to, how to print.
_PIECES = {
    "article": ' class="contact"',
    "dialog": ' open id="hide-notice"',
    "div": ' class="care"',
    "details": ' class="print"',
}
_LEADS = re.compile(r' href="(/[^"#?]*)')
_REPEATED = re.compile("|".join(f"<{tag}{first}.*?</{tag}>" for tag, first in _PIECES.items()), re.DOTALL)


def packs(public: PublicLibrary) -> dict[str, str]:
    """The addresses of the packs, and the language of each."""
    folders = {code: public.site.folder(code) for code in public.site.languages}
    own = {f"/{folder}/pack" if folder else "/pack": code for code, folder in folders.items()}
    return own | {f"{path}-rest": code for path, code in own.items()}


def is_pack(path: str) -> bool:
    """Whether a path may be a pack's."""
    return path.endswith(("/pack", "/pack-rest"))


@blueprint.get("/pack")
def pack() -> Response:
    """All help in one language, as JSON: the script that shows pages in place, in a line of its own so that it need not
    wait for the rest; then the pack's language and direction, each page's `main` by address, with the numbers of
    what it shares with others (see _told), the addresses of the rest, and every rule of style."""
    spoken = current_language()
    first, rest = _parted(spoken)
    return _answer(_told(spoken, first, bundle("carried.js"), list(rest), _style()))


@blueprint.get("/pack-rest")
def rest() -> Response:
    """The rest, in the same form. There is no script to it."""
    spoken = current_language()
    return _answer(_told(spoken, _parted(spoken)[1]))


def _answer(told: bytes) -> Response:
    headers = {SAME_FOR_EVERYONE: WHOEVER_ASKS, "X-Robots-Tag": "noindex"}
    return Response(told, content_type="application/json", headers=headers)


def _parted(spoken: str) -> tuple[dict[str, str], dict[str, str]]:
    """The pages for the first answer, and those of the rest: each one's `main` by address, in the order of the menu."""
    mains: dict[str, str] = {}
    groups: list[tuple[str, ...]] = []
    for addresses in _groups(current_public(), spoken):
        new = [path for path in addresses if path not in mains]
        mains |= {path: main for path in new if (main := _main(path))}
        groups.append(tuple(path for path in new if path in mains))
    first, rest = _first_and_rest(spoken, tuple(groups), tuple(mains.items()))
    return {path: mains[path] for path in first}, {path: mains[path] for path in rest}


@lru_cache(maxsize=64)
def _first_and_rest(
    spoken: str, groups: tuple[tuple[str, ...], ...], mains: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The addresses in both answers. To weigh them takes most of a second, and news changes nothing in them."""
    known = dict(mains)

    def size(paths: Iterable[str]) -> int:
        """At quality 9 it is somewhat larger than as it is sent, and told in a moment."""
        told = _told(spoken, {path: known[path] for path in paths}, bundle("carried.js"))
        return len(brotli.compress(told, quality=9))

    kept = len(groups)
    while kept and size(chain(*groups[:kept])) > MOST_BYTES:
        kept -= 1
    pages = tuple(chain(*groups[:kept]))
    if not kept or size(pages) <= FIRST_BYTES:
        return pages, ()
    led_to = Counter(path for page in pages for path in set(_LEADS.findall(known[page])))
    always = groups[0]
    others = sorted((path for path in pages if path not in always), key=lambda path: -led_to[path])
    few, many = 0, len(others)
    while few < many - 1:
        half = (few + many) // 2
        few, many = (half, many) if size([*always, *others[:half]]) <= FIRST_BYTES else (few, half)
    first = {*always, *others[:few]}
    return tuple(path for path in pages if path in first), tuple(path for path in pages if path not in first)


@blueprint.get("/pack.js")
@same_for_everyone
def script() -> Response:
    """The script that shows pages in place, alone, for who taps before the pack is here."""
    return _script("carried.js")


@blueprint.get("/chat.js")
@same_for_everyone
def chat_script() -> Response:
    """The chat's script, for its own pages and for who is in one. With it, they would not come in the first flight."""
    return _script("chat.js") if current_public().site.chat else abort(404)


def _script(name: str) -> Response:
    return Response(bundle(name), content_type="text/javascript; charset=utf-8")


def _style() -> str:
    """Every rule there is: what is shown in a page may need others than that page (see sheet.py)."""
    return whole(site_rules(current_public().site))


def _told(language: str, pages: dict[str, str], script: str = "", rest: Sequence[str] = (), style: str = "") -> bytes:
    """What repeats is told once, and a page has its number instead, `<7>`, which no HTML of ours can hold otherwise."""
    often = Counter(piece for main in pages.values() for piece in _REPEATED.findall(main))
    shared = [piece for piece, times in often.items() if times > 1]
    number = {piece: f"<{place}>" for place, piece in enumerate(shared)}
    short = {path: _REPEATED.sub(lambda found: number.get(found[0], found[0]), main) for path, main in pages.items()}
    told = {
        "language": language, "direction": direction(language), "shared": shared, "pages": short, "rest": rest,
        "style": style,
    }  # fmt: skip
    lines = [json.dumps(part, ensure_ascii=False, separators=(",", ":")) for part in (script, told)]
    return f"[{lines[0]},\n{lines[1]}]".encode()


def _groups(public: PublicLibrary, language: str) -> Iterator[list[str]]:
    """Addresses of pages for who reads `language`: help now, where everybody passes, and the guide; then the groups of
    help pages, in the order of the menu. Of pages that are lent to a language it holds the first ones alone."""
    first = [public.help_now(language), *(public.in_language(path, language) for path in (*_ALWAYS, _GUIDE))]
    there = (
        path for path in dict.fromkeys(first) if path in public.by_path or public.borrowed(path) or path != first[-1]
    )
    yield list(there)
    for _title, pages in public.groups(language):
        yield [page.path for page in pages if page.language == language]


def _main(path: str) -> str | None:
    """A page's `main`, out of what the edition remembers, or made for this."""
    edition: Edition = request.environ[EDITION_KEY]
    known = edition.answers.get(path)
    if known and known.status.startswith("200") and MIRROR_KEY not in request.environ:
        page = known.whole.decode()
    else:
        # As nobody in particular asks: without a cookie, and not for this answer's own tag.
        environ = {name: value for name, value in request.environ.items() if not name.startswith("HTTP_")}
        environ |= {"HTTP_HOST": request.host, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": ""}
        environ.pop(LANGUAGE_KEY, None)
        # A context of its own: the language of its address is not this answer's.
        with current_app.app_context(), current_app.request_context(as_views_know_it(environ)):
            answer = current_app.full_dispatch_request()
        if answer.status_code != 200:
            return None
        page = answer.get_data(as_text=True)
    parts = Parts.of(page)
    return parts.main if parts else None
