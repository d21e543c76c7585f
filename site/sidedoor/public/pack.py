"""The pack: all help of one language in one answer, so that moving around asks nobody for anything.

What stands in it is each page's own `main`, as the page itself has it. So it holds what the edition holds, and nothing
more: nothing hidden, and of a page that was taken back nothing from the next edition on. Nobody is told of a page being
read out of it, not even by its size (static/js/pack.js).

Nobody counts readers here. Where everything is too much for one answer, what comes first in the site's own menus stays.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator

import brotli
from flask import Blueprint, Response, abort, current_app, request

from sidedoor.documents.library import PublicLibrary
from sidedoor.web.current import current_public, same_for_everyone
from sidedoor.web.edition import EDITION_KEY, MIRROR_KEY, SAME_FOR_EVERYONE, WHOEVER_ASKS, Edition
from sidedoor.web.in_place import Parts
from sidedoor.web.inline import bundle
from sidedoor.web.language import direction

blueprint = Blueprint("pack", __name__)
MOST_BYTES = 60_000
"""As sent, in brotli: about a second on a slow phone, behind everything else."""
_GUIDE = "safer-browsing"
_ALWAYS = ("/", "/help", "/contacts")
# What many pages have in the same words: a helpline's card, the notice, who to talk to, how to print.
_PIECES = {
    "article": ' class="contact"',
    "dialog": ' open id="hide-notice"',
    "div": ' class="care"',
    "details": ' class="print"',
}
_REPEATED = re.compile("|".join(f"<{tag}{first}.*?</{tag}>" for tag, first in _PIECES.items()), re.DOTALL)


def packs(public: PublicLibrary) -> dict[str, str]:
    """The addresses of the packs, and the language of each."""
    own = public.site.language
    return {"/pack": own} | {f"/{code}/pack": code for code in public.site.languages if code != own}


def is_pack(path: str) -> bool:
    """Whether a path may be a pack's."""
    return path.endswith("/pack")


@blueprint.get("/pack")
@blueprint.get("/<language>/pack")
def pack(language: str = "") -> Response:
    """All help in one language, as JSON: the script that shows pages in place, in a line of its own so that it need not
    wait for the rest; then the pack's language and direction, and each page's `main` by address, with the numbers of
    what it shares with others (see _told)."""
    spoken = packs(current_public()).get(request.path) or abort(404)
    mains: dict[str, str] = {}
    groups: list[list[str]] = []
    for addresses in _groups(current_public(), spoken):
        groups.append([path for path in addresses if path not in mains])
        mains |= {path: main for path in groups[-1] if (main := _main(path))}
    while True:
        pages = {path: mains[path] for group in groups for path in group if path in mains}
        # At quality 9 it is somewhat larger than as it is sent, and told in a moment. Most sites need this once.
        if not groups or len(brotli.compress(_told(spoken, pages), quality=9)) <= MOST_BYTES:
            break
        groups.pop()
    headers = {SAME_FOR_EVERYONE: WHOEVER_ASKS, "X-Robots-Tag": "noindex"}
    return Response(_told(spoken, pages), content_type="application/json", headers=headers)


@blueprint.get("/pack.js")
@same_for_everyone
def script() -> Response:
    """The script that shows pages in place, alone, for who taps before the pack is here."""
    return Response(bundle("carried.js"), content_type="text/javascript; charset=utf-8")


def _told(language: str, pages: dict[str, str]) -> bytes:
    """What repeats is told once, and a page has its number instead, `<7>`, which no HTML of ours can hold otherwise."""
    often = Counter(piece for main in pages.values() for piece in _REPEATED.findall(main))
    shared = [piece for piece, times in often.items() if times > 1]
    number = {piece: f"<{place}>" for place, piece in enumerate(shared)}
    short = {path: _REPEATED.sub(lambda found: number.get(found[0], found[0]), main) for path, main in pages.items()}
    told = {"language": language, "direction": direction(language), "shared": shared, "pages": short}
    lines = [json.dumps(part, ensure_ascii=False, separators=(",", ":")) for part in (bundle("carried.js"), told)]
    return f"[{lines[0]},\n{lines[1]}]".encode()


def _groups(public: PublicLibrary, language: str) -> Iterator[list[str]]:
    """Addresses of pages in `language`: help now, where everybody passes, and the guide; then the groups of help pages,
    in the order of the menu."""
    guides = (page for page in public.shown if page.kind == "page" and _GUIDE in (page.slug, page.meta.translation_of))
    spoken = {page.path for page in public.shown if page.language == language}
    spoken |= set(_ALWAYS if language == public.site.language else ())
    first = [public.help_now(language), *_ALWAYS, *(guide.path for guide in guides)]
    yield [path for path in dict.fromkeys(first) if path in spoken]
    for _title, pages in public.groups(language):
        yield [page.path for page in pages]


def _main(path: str) -> str | None:
    """A page's `main`, out of what the edition remembers, or made for this."""
    edition: Edition = request.environ[EDITION_KEY]
    known = edition.answers.get(path)
    if known and known.status.startswith("200") and MIRROR_KEY not in request.environ:
        page = known.whole.decode()
    else:
        # As nobody in particular asks: without a cookie, and not for this answer's own tag.
        environ = {name: value for name, value in request.environ.items() if not name.startswith("HTTP_")}
        environ |= {"HTTP_HOST": request.host, "PATH_INFO": path, "QUERY_STRING": ""}
        # A context of its own: what a page says of itself (its language) is not this answer's.
        with current_app.app_context(), current_app.request_context(environ):
            answer = current_app.full_dispatch_request()
        if answer.status_code != 200:
            return None
        page = answer.get_data(as_text=True)
    parts = Parts.of(page)
    return parts.own if parts else None
