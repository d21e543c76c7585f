"""The Library: every document, drafts and embargoed ones too. `Library.public(now)` is the only way out.

What is not public at a moment is not in the PublicLibrary of that moment, so no page, list, feed, search or error
that is made from one can give it away. Visibility is decided when read, from the clock; no job has to fire.
"""

import re
from bisect import insort
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from sidedoor.documents.document import Document, Visibility, path_of
from sidedoor.documents.models import Contact, Fact, Kind
from sidedoor.documents.problems import Problem
from sidedoor.documents.site import Group, Site

NEVER = datetime.max.replace(tzinfo=UTC)
_NO_DOCUMENT = frozenset(("contacts", "chat", "feedback", "help", "journalists", "news", "pack", "search"))
_NEWS_LIST = re.compile(r"/news/(?:\d{4}(?:/page/\d+)?|page/\d+|rss\.xml|atom\.xml|feed\.json)")


def _may_be_hidden(path: str) -> bool:
    """Whether a path is one that a document has, shown or not: `/help/…`, `/news/…`, or a page at the top."""
    first, _, rest = path.removeprefix("/").rstrip("/").partition("/")
    if first == "news" and rest:
        return _NEWS_LIST.fullmatch(path) is None
    return bool(rest) if first == "help" else bool(first) and not rest and first not in _NO_DOCUMENT


@dataclass(frozen=True)
class Library:
    """Everything in the content folder that could be read, and every problem with what could not."""

    site: Site
    contacts: Mapping[str, Contact]
    facts: Mapping[str, Fact]
    documents: tuple[Document, ...]
    pictures: frozenset[str]
    problems: tuple[Problem, ...]

    def public(self, now: datetime) -> "PublicLibrary":
        """What the public may see at `now` (aware)."""
        later = [moment for document in self.documents for moment in document.transitions() if moment > now]
        seen = {document: self.visibility(document, now) for document in self.documents}
        return self.public_of(seen, now, min(later, default=NEVER))

    def visibility(self, document: Document, now: datetime) -> Visibility:
        """What the public may know of one of its documents at `now`."""
        return document.visibility(now)

    def public_of(self, seen: Mapping[Document, Visibility], now: datetime, valid_until: datetime) -> "PublicLibrary":
        """The documents by what `visibility` says of each."""
        where: dict[Visibility, list[Document]] = {visibility: [] for visibility in Visibility}
        for document in self.documents:
            where[seen[document]].append(document)
        shown, withdrawn = where[Visibility.SHOWN], where[Visibility.WITHDRAWN]
        return PublicLibrary(
            now=now,
            valid_until=valid_until,
            site=self.site,
            contacts=self.contacts,
            shown=tuple(shown),
            withdrawn=tuple(withdrawn),
            removed=tuple(where[Visibility.REMOVED]),
            pictures=self.pictures & {name for document in (*shown, *withdrawn) for name in document.pictures},
        )


@dataclass(frozen=True, eq=False)
class PublicLibrary:
    """What the public may see from `now` until `valid_until`, and nothing else."""

    now: datetime
    valid_until: datetime
    site: Site
    contacts: Mapping[str, Contact]
    shown: tuple[Document, ...]
    withdrawn: tuple[Document, ...]
    removed: tuple[Document, ...]
    pictures: frozenset[str]

    def shows_the_same_as(self, other: "PublicLibrary") -> bool:
        """Whether the public sees the very same: a document that was not read again is the same object."""
        return (
            self.shown == other.shown
            and self.withdrawn == other.withdrawn
            and self.removed == other.removed
            and self.pictures == other.pictures
            and self.contacts == other.contacts
            and self.site == other.site
        )

    def follow(self, before: "PublicLibrary", moved: Collection[Document]) -> None:
        """Keep the lists of news of `before`, but for the documents that came, went or changed: `moved`."""
        came = {document for document in moved if document.kind == "news"} & set(self.shown)
        years = dict(before.news_by_year)
        for year in {self._year(item) for item in moved if item.kind == "news"}:
            of_year = {item for item in came if self._year(item) == year}
            years[year] = self._with(years.get(year, ()), moved, of_year)
        known = {year: items for year, items in sorted(years.items(), reverse=True) if items}
        vars(self).update(news=self._with(before.news, moved, came), news_by_year=known)

    def _with(
        self, items: Iterable[Document], without: Collection[Document], more: Iterable[Document]
    ) -> tuple[Document, ...]:
        kept = [item for item in items if item not in without][::-1]
        for item in more:
            insort(kept, item, key=self._oldest_first)
        return tuple(kept[::-1])

    def _year(self, item: Document) -> int:
        return (item.published_at or self.now).astimezone(self.site.zone).year

    def _oldest_first(self, item: Document) -> tuple[datetime, str, str]:
        return item.published_at or self.now, item.slug, item.file

    @cached_property
    def _others(self) -> tuple[Document, ...]:
        """All that have a page but plain news, of which no list but that of news, and no other page, has to know."""
        return tuple(document for document in (*self.withdrawn, *self.shown) if not document.plain)

    @cached_property
    def by_path(self) -> Mapping[str, Document]:
        """Documents that have a page, by address: shown ones and withdrawn ones that stay."""
        return {document.path: document for document in (*self.withdrawn, *self.shown)}

    @cached_property
    def gone(self) -> Mapping[str, Document]:
        """Removed documents by address."""
        return {document.path: document for document in self.removed}

    @cached_property
    def redirects(self) -> Mapping[str, str]:
        """Former addresses and where each leads now. A page that exists always wins over a former address."""
        moved = {}
        for document in self._others:
            for slug in document.meta.previous_slugs:
                former = path_of(document.kind, slug)
                if former not in self.by_path and former not in self.gone:
                    moved[former] = document.path
        for document in self.removed:
            if target := self.replacement(document):
                moved[document.path] = target
        return moved

    def replacement(self, document: Document) -> str | None:
        """Where a page that was taken back leads, if readers can open that now."""
        withdrawn = document.meta.withdrawn
        return self.lead(withdrawn.replacement) if withdrawn and withdrawn.replacement else None

    def lead(self, address: str) -> str | None:
        """The address for a link to `address` of this site; None where nobody may know now that there is such a page.

        A page that was removed leads to what replaced it.
        """
        seen: set[str] = set()
        path, mark, part = address.partition("#")
        while document := self.gone.get(path):
            if path in seen or not document.meta.withdrawn or not document.meta.withdrawn.replacement:
                return None
            seen.add(path)
            path, mark, part = document.meta.withdrawn.replacement, "", ""
        if _may_be_hidden(path) and path not in self.by_path and path not in self._former:
            return None
        return path + mark + part

    @cached_property
    def _former(self) -> frozenset[str]:
        return frozenset(
            path_of(document.kind, slug) for document in self._others for slug in document.meta.previous_slugs
        )

    @cached_property
    def news(self) -> tuple[Document, ...]:
        """News that is shown, newest first."""
        news = (document for document in self.shown if document.kind == "news")
        return tuple(sorted(news, key=self._oldest_first, reverse=True))

    @cached_property
    def news_by_year(self) -> Mapping[int, tuple[Document, ...]]:
        """The same by the year of publication in the site's zone, the last year first."""
        years: dict[int, list[Document]] = {}
        for item in self.news:
            years.setdefault(self._year(item), []).append(item)
        return {year: tuple(items) for year, items in sorted(years.items(), reverse=True)}

    @cached_property
    def help(self) -> tuple[Document, ...]:
        """Help pages that are shown, in the site's language, in the order of their groups."""
        return self.help_in(self.site.language)

    def help_in(self, language: str) -> tuple[Document, ...]:
        """Help pages in `language`, in the order of their groups."""
        return tuple(page for page in self._listed(language) if page.kind == "help")

    def groups(self, language: str) -> list[tuple[Group, list[Document]]]:
        """The groups, and their help pages and tools in `language`; groups without a page are left out."""
        pages = self._listed(language)
        grouped = [(group, [page for page in pages if page.group == group.id]) for group in self.site.groups]
        return [(group, members) for group, members in grouped if members]

    def group_of(self, page: Document) -> Group | None:
        """The group of the list of help pages that a page stands in."""
        return next((group for group in self.site.groups if group.id == page.group), None)

    def _listed(self, language: str) -> list[Document]:
        place = {group.id: number for number, group in enumerate(self.site.groups)}
        pages = [page for page in self._grouped if page.group in place and page.language == language]
        return sorted(pages, key=lambda page: (place[page.group], getattr(page.meta, "order", 0), page.slug))

    @cached_property
    def _grouped(self) -> tuple[Document, ...]:
        """What is shown and stands in a group, of whatever language."""
        withdrawn = set(self.withdrawn)
        return tuple(page for page in self._others if page.group and page not in withdrawn)

    def find(self, kind: Kind, slug: str) -> Document | None:
        """The page with this slug, shown or withdrawn."""
        return self.by_path.get(path_of(kind, slug))

    def help_now(self, language: str) -> str:
        """The address of the page that answers the first situation of site.toml, in `language` where there is one."""
        first = self.site.situations[0].page if self.site.situations else ""
        own = (page for page in self.help_in(language) if first in (page.slug, page.meta.translation_of))
        page = next(own, None) or self.find("help", first)
        return page.path if page else "/contacts"

    def translations(self, document: Document) -> list[Document]:
        """The same page in other languages."""
        original = document.meta.translation_of or document.slug
        first = self.by_path.get(path_of(document.kind, original))
        same = {*([first] if first else []), *self._translated.get((document.kind, original), ())}
        others = (page for page in same if page.language != document.language and page not in self.withdrawn)
        return sorted(others, key=lambda page: page.file)

    @cached_property
    def _translated(self) -> Mapping[tuple[Kind, str], list[Document]]:
        pages: dict[tuple[Kind, str], list[Document]] = {}
        for page in self._others:
            if original := page.meta.translation_of:
                pages.setdefault((page.kind, original), []).append(page)
        return pages

    def updated_at(self) -> datetime | None:
        """When the news last changed, as far as the public knows."""
        # Plain news has no note, so that the newest was published last.
        items = (*self.news[:1], *(item for item in self._others if item.kind == "news" and item not in self.withdrawn))
        return max((moment for item in items if (moment := item.updated_at(self.now))), default=None)
