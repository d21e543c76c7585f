"""Every address of the public site, in one list: what may be remembered, exported, listed, linked and redirected to.

No other module has a list of its own. Published addresses stay (tests/public/addresses.txt).
"""

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cached_property

from sidedoor.documents.document import Document
from sidedoor.documents.library import PublicLibrary
from sidedoor.documents.pictures import Picture
from sidedoor.documents.reading import PICTURES, RECORDINGS
from sidedoor.documents.recordings import is_recording
from sidedoor.documents.sizes import sizes_of
from sidedoor.public.pack import packs
from sidedoor.public.sources import former_lists, lists_of_sources

ITEMS_A_PAGE = 20
"""News items on a page of a list."""
MOST_IN_A_SITEMAP = 5_000
"""Pages that one sitemap lists; with more there is one for each year's news (the protocol allows 50,000)."""


@dataclass(frozen=True)
class Place:
    """An address that exists whatever documents there are.

    `listed`: in the sitemap. `linked`: pages may link to it. `mirrored`: a file in the mirror. `live`: the mirror's
    copy only says where the live one is. `of_chat`: it exists only if the site has a chat. Places of SPOKEN_PLACES
    exist in every language.
    """

    path: str
    listed: bool = False
    linked: bool = False
    mirrored: bool = True
    live: bool = False
    of_chat: bool = False


PLACES = (
    Place("/", listed=True, linked=True),
    Place("/help", listed=True, linked=True),
    Place("/contacts", listed=True, linked=True),
    Place("/news", listed=True, linked=True),
    Place("/news/rss.xml"),
    Place("/news/atom.xml"),
    Place("/news/feed.json"),
    Place("/search", linked=True, live=True),
    Place("/feedback", linked=True, live=True),
    Place("/feedback/press", linked=True, live=True),
    Place("/pack.js"),
    Place("/feedback/sent", mirrored=False),
    Place("/journalists", listed=True, linked=True),
    Place("/chat", linked=True, live=True, of_chat=True),
    Place("/chat.js", mirrored=False, of_chat=True),
    Place("/sitemap.xml"),
    Place("/robots.txt"),
    Place("/.well-known/security.txt"),
    Place("/w"),
    Place("/healthz", mirrored=False),
    Place("/favicon.ico", mirrored=False),
)
LISTED = tuple(place.path for place in PLACES if place.listed)
LINKED = frozenset(place.path for place in PLACES if place.linked)
LIVE = frozenset(place.path for place in PLACES if place.live)


class Addresses:
    """The addresses of one PublicLibrary. Former and removed addresses count, because they answer, too."""

    def __init__(self, public: PublicLibrary) -> None:
        self._public = public

    @cached_property
    def _places(self) -> Mapping[str, Place]:
        public = self._public
        own = [place for place in PLACES if not place.of_chat or public.site.chat]
        by_path = {place.path: place for place in own}
        for language in public.site.languages:
            by_path |= {public.in_language(place.path, language): place for place in own}
        return by_path

    @cached_property
    def _packs(self) -> Mapping[str, str]:
        return packs(self._public)

    @cached_property
    def _shown(self) -> Set[str]:
        """Pictures in each of their sizes, and recordings."""
        shown = self._public.pictures
        sizes = {
            size.address for picture in shown.values() if isinstance(picture, Picture) for size in sizes_of(picture)
        }
        return sizes | frozenset(f"/{RECORDINGS if is_recording(name) else PICTURES}{name}" for name in shown)

    @cached_property
    def _sources(self) -> Mapping[str, Document | str]:
        return lists_of_sources(self._public) | former_lists(self._public)

    @cached_property
    def _lists(self) -> frozenset[str]:
        """Lists of news by year, and the further pages of each list."""
        public = self._public
        lists = {"/news": public.news}
        for language in public.site.languages:
            if items := public.news_in(language):
                path = public.in_language("/news", language)
                lists[path] = items
                lists |= {f"{path}/{year}": items for year, items in public.years_of_news(language).items()}
        return frozenset(
            path if page == 1 else f"{path}/page/{page}"
            for path, items in lists.items()
            for page in range(1, max(1, -(-len(items) // ITEMS_A_PAGE)) + 1)
        )

    @cached_property
    def sitemaps(self) -> tuple[str, ...]:
        """The sitemaps that /sitemap.xml leads to; none if it lists all pages itself."""
        if len(self._public.shown) <= MOST_IN_A_SITEMAP:
            return ()
        return ("/sitemap-pages.xml", *(f"/sitemap-{year}.xml" for year in self._public.news_by_year))

    def __contains__(self, path: object) -> bool:
        public = self._public
        return (
            path in public.by_path
            or path in self._places
            or path in self.sitemaps
            or path in self._packs
            or path in self._sources
            or path in self._lists
            or path in public.redirects
            or path in public.removed_by_path
            or (isinstance(path, str) and public.borrowed(path) is not None)
            or path in self._shown
        )

    def __iter__(self) -> Iterator[str]:
        """Each address once."""
        public = self._public
        pictures = sorted(self._shown)
        documents = (*public.by_path, *public.removed_by_path, *public.redirects)
        yield from dict.fromkeys(
            [*self._places, *self.sitemaps, *self._packs, *documents, *self._sources, *pictures, *sorted(self._lists)]
        )

    def mirrored(self) -> Iterator[str]:
        """The addresses that a mirror can answer."""
        yield from (path for path in self if path not in self._places or self._places[path].mirrored)

    def borrowed(self) -> Iterator[tuple[str, Document]]:
        """The addresses at which a page in the site's own language stands in for a missing translation, and that
        page."""
        public = self._public
        for language in public.site.languages:
            for path in public.by_path:
                if page := public.borrowed(address := public.in_language(path, language)):
                    yield address, page

    def meant_by(self, path: str) -> str | None:
        """The address that is meant by a `path` with capitals, doubled slashes or slashes at its end.

        None if there is none; never an address of another site, whatever `path` is.
        """
        meant = re.sub(r"/{2,}", "/", path.lower()).rstrip("/") or "/"
        if (meant + "/").startswith(f"/{self._public.site.language}/"):
            meant = meant[len(self._public.site.language) + 1 :] or "/"
        meant = self._public.redirects.get(meant, meant)
        return meant if meant != path and meant in self else None
