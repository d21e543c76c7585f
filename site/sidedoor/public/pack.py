"""The pack: all help of one language in one answer, so that moving around the site sends no request.

It holds each page's own `main`, as the page itself has it. So it holds what the edition holds, and nothing more:
nothing hidden, and nothing of a withdrawn page from the next edition on. Nobody learns that a page is read out of it,
not even from a size (static/js/pack.js).

There are two answers, because one would be too large. Nobody counts readers here, so links decide: the first answer has
the pages that most others lead to, and the second, the rest, has the others. If both together are too large, pages are
left out, beginning with those that come last in the site's own menus.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain

import brotli
from flask import Blueprint, Response, abort, current_app, request

from sidedoor.documents.fixed_addresses import PACK, PACK_REST
from sidedoor.documents.library import PublicLibrary
from sidedoor.web.current import current_public, same_for_everyone
from sidedoor.web.edition import EDITION_KEY, MIRROR_KEY, SAME_FOR_EVERYONE, WHOEVER_ASKS, Edition
from sidedoor.web.in_place import Parts
from sidedoor.web.inline import bundle
from sidedoor.web.language import current_language, direction
from sidedoor.web.language_layer import LANGUAGE_KEY, for_views
from sidedoor.web.look import site_rules
from sidedoor.web.sheet import whole

blueprint = Blueprint("pack", __name__)
MOST_BYTES = 60_000
"""Both parts, in brotli, without the style (4,000) that the first one brings along: about a second on a slow phone,
after everything else."""
FIRST_BYTES = 33_200
"""The first part, at the quick compression that measures it; what is sent is a tenth smaller."""
_GUIDE = "/safer-browsing"
_ALWAYS = ("/", "/help", "/contacts")
# Pieces that many pages have in the same words: a helpline's card, the notice, who to talk to, how to print.
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
    own = {f"/{folder}{PACK}" if folder else PACK: code for code, folder in folders.items()}
    return own | {path.removesuffix(PACK) + PACK_REST: code for path, code in own.items()}


def is_pack(path: str) -> bool:
    """Whether a path can be a pack's."""
    return path.endswith((PACK, PACK_REST))


@blueprint.get(PACK)
def pack() -> Response:
    """All help in one language, as JSON in two lines. The first is the script that shows pages in place, which can
    start before the second has come. The second holds the pack's language and direction, each page's `main` by address,
    with numbers for what it shares with others (see _as_json), the addresses of the rest, and every rule of style."""
    language = current_language()
    first, rest = _pages_of_both(language)
    return _answer(_as_json(language, first, bundle("carried.js"), list(rest), _style()))


@blueprint.get(PACK_REST)
def rest() -> Response:
    """The rest, in the same form, without a script."""
    language = current_language()
    return _answer(_as_json(language, _pages_of_both(language)[1]))


def _answer(body: bytes) -> Response:
    headers = {SAME_FOR_EVERYONE: WHOEVER_ASKS, "X-Robots-Tag": "noindex"}
    return Response(body, content_type="application/json", headers=headers)


def _pages_of_both(language: str) -> tuple[dict[str, str], dict[str, str]]:
    """The pages of the first answer, and those of the rest: each one's `main` by address, in the order of the menu."""
    mains: dict[str, str] = {}
    groups: list[tuple[str, ...]] = []
    for addresses in _groups(current_public(), language):
        new = [path for path in addresses if path not in mains]
        mains |= {path: main for path in new if (main := _main(path))}
        groups.append(tuple(path for path in new if path in mains))
    first, rest = _addresses_of_both(language, tuple(groups), tuple(mains.items()))
    return {path: mains[path] for path in first}, {path: mains[path] for path in rest}


@lru_cache(maxsize=64)
def _addresses_of_both(
    language: str, groups: tuple[tuple[str, ...], ...], mains: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The addresses in each answer. Weighing them takes most of a second, and news changes nothing in them."""
    main_of = dict(mains)

    def size(paths: Iterable[str]) -> int:
        """The size at quality 9: somewhat larger than what is sent, and known in a moment."""
        body = _as_json(language, {path: main_of[path] for path in paths}, bundle("carried.js"))
        return len(brotli.compress(body, quality=9))

    kept = len(groups)
    while kept and size(chain(*groups[:kept])) > MOST_BYTES:
        kept -= 1
    pages = tuple(chain(*groups[:kept]))
    if not kept or size(pages) <= FIRST_BYTES:
        return pages, ()
    led_to = Counter(path for page in pages for path in set(_LEADS.findall(main_of[page])))
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
    """The script that shows pages in place, alone, for readers who tap before the pack is here."""
    return _script("carried.js")


@blueprint.get("/chat.js")
@same_for_everyone
def chat_script() -> Response:
    """The chat's script, for its own pages and for readers in a chat. Inside those, it would not fit into their first
    flight."""
    return _script("chat.js") if current_public().site.chat else abort(404)


def _script(name: str) -> Response:
    return Response(bundle(name), content_type="text/javascript; charset=utf-8")


def _style() -> str:
    """Every rule there is: a page that is shown in place may need others than the page it is shown in (see
    sheet.py)."""
    return whole(site_rules(current_public().site))


def _as_json(
    language: str, pages: dict[str, str], script: str = "", rest: Sequence[str] = (), style: str = ""
) -> bytes:
    """A pack's JSON. A piece that several pages have is in it once, and those pages have its number instead: `<7>`,
    which our HTML never contains otherwise."""
    often = Counter(piece for main in pages.values() for piece in _REPEATED.findall(main))
    shared = [piece for piece, times in often.items() if times > 1]
    number = {piece: f"<{place}>" for place, piece in enumerate(shared)}
    short = {path: _REPEATED.sub(lambda match: number.get(match[0], match[0]), main) for path, main in pages.items()}
    pack = {
        "language": language, "direction": direction(language), "shared": shared, "pages": short, "rest": rest,
        "style": style,
    }  # fmt: skip
    lines = [json.dumps(part, ensure_ascii=False, separators=(",", ":")) for part in (script, pack)]
    return f"[{lines[0]},\n{lines[1]}]".encode()


def _groups(public: PublicLibrary, language: str) -> Iterator[list[str]]:
    """Addresses of pages for readers of `language`: first a list of help now, of the pages that every reader comes
    through, and of the guide; then a list for each group of help pages, in the order of the menu. Pages that are lent
    to the language are in the first list only."""
    first = [public.help_now(language), *(public.in_language(path, language) for path in (*_ALWAYS, _GUIDE))]
    existing = (
        path for path in dict.fromkeys(first) if path in public.by_path or public.borrowed(path) or path != first[-1]
    )
    yield list(existing)
    for _title, pages in public.groups(language):
        yield [page.path for page in pages if page.language == language]


def _main(path: str) -> str | None:
    """A page's `main`, from what the edition remembers, or made for this."""
    edition: Edition = request.environ[EDITION_KEY]
    remembered = edition.answers.get(path)
    if remembered and remembered.status.startswith("200") and MIRROR_KEY not in request.environ:
        page = remembered.whole.decode()
    else:
        # A request of nobody in particular: without a cookie, and without the ETag of this request.
        environ = {name: value for name, value in request.environ.items() if not name.startswith("HTTP_")}
        environ |= {"HTTP_HOST": request.host, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": ""}
        environ.pop(LANGUAGE_KEY, None)
        # In a separate context, because its address may be in another language.
        with current_app.app_context(), current_app.request_context(for_views(environ)):
            answer = current_app.full_dispatch_request()
        if answer.status_code != 200:
            return None
        page = answer.get_data(as_text=True)
    parts = Parts.of(page)
    return parts.main if parts else None
