"""Every address of the public site, in one list: what may be remembered, exported, listed, linked and redirected to.

Addresses has what an edition may remember: all except the steps of a conversation, whose answers are for one reader.
Those, and all else that is there whatever documents there are, are in documents/fixed_addresses.py. No other module has
a list of its own. Published addresses stay (tests/public/addresses.txt).
"""

from collections.abc import Iterator, Mapping, Set
from functools import cached_property

from sidedoor.documents.document import Document
from sidedoor.documents.fixed_addresses import FIXED_ADDRESSES, FixedAddress, list_of_news, usual_form
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


_LIVE = frozenset(address.path for address in FIXED_ADDRESSES if address.live)
_AT_ONCE = frozenset(address.path for address in FIXED_ADDRESSES if address.at_once)


def is_live(path: str) -> bool:
    """Whether the mirror's copy at `path`, in any language, only says where the live one is."""
    return path in _LIVE or _rest(path) in _LIVE


def is_answered_at_once(path: str) -> bool:
    """Whether `path`, in any language, is answered apart from all else: such requests have separate threads (see
    web/rsgi.py)."""
    return path in _AT_ONCE or _rest(path) in _AT_ONCE


def _rest(path: str) -> str:
    return path[path.find("/", 1) :]


class Addresses:
    """The addresses of one PublicLibrary. Former and removed addresses count, because they answer, too."""

    def __init__(self, public: PublicLibrary) -> None:
        self._public = public

    @cached_property
    def _fixed(self) -> Mapping[str, FixedAddress]:
        public = self._public
        own = [fixed for fixed in FIXED_ADDRESSES if not fixed.personal and (public.site.chat or not fixed.of_chat)]
        by_path = {fixed.path: fixed for fixed in own}
        for language in public.site.languages:
            by_path |= {public.in_language(fixed.path, language): fixed for fixed in own}
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
        news: dict[tuple[str, int | None], tuple[Document, ...]] = {("/news", None): public.news}
        for language in public.site.languages:
            if items := public.news_in(language):
                path = public.in_language("/news", language)
                news[path, None] = items
                news |= {(path, year): items for year, items in public.years_of_news(language).items()}
        return frozenset(
            list_of_news(path, year, page)
            for (path, year), items in news.items()
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
            or path in self._fixed
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
            [*self._fixed, *self.sitemaps, *self._packs, *documents, *self._sources, *pictures, *sorted(self._lists)]
        )

    def mirrored(self) -> Iterator[str]:
        """The addresses that a mirror can answer."""
        yield from (path for path in self if path not in self._fixed or self._fixed[path].mirrored)

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
        meant = usual_form(path, self._public.site.language)
        meant = self._public.redirects.get(meant, meant)
        return meant if meant != path and meant in self else None
