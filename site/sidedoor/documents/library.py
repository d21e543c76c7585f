"""The Library: every document, including drafts and embargoed ones. `Library.public(now)` is the only way out.

What is not public at a moment is not in the PublicLibrary for that moment, so no page, list, feed, search or error made
from one can give it away. Visibility is decided when somebody reads, from the clock; no job has to run.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from sidedoor.documents import in_order
from sidedoor.documents.document import FOLDERS, Document, Visibility, path_of
from sidedoor.documents.fixed_addresses import PACK, SPOKEN, is_list_of_news, may_be_document, usual_form
from sidedoor.documents.models import Contact, Fact, Kind
from sidedoor.documents.pictures import Picture
from sidedoor.documents.problems import Problem
from sidedoor.documents.site import Group, Site

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Library:
    """Everything in the content folder that could be read, and every problem with the rest.

    `documents`: in the order of their files. `pictures`: pictures and recordings by name; for a recording the value is
    only its name.
    """

    site: Site
    contacts: Mapping[str, Contact]
    facts: Mapping[str, Fact]
    documents: tuple[Document, ...]
    pictures: Mapping[str, Picture | str]
    problems: tuple[Problem, ...]

    def public(self, now: datetime) -> "PublicLibrary":
        """What the public may see at `now` (aware)."""
        later = [moment for document in self.documents for moment in document.transitions() if moment > now]
        seen = {document: self.visibility(document, now) for document in self.documents}
        return self.public_of(seen, now, min(later, default=NEVER))

    def public_of(
        self, visibilities: Mapping[Document, Visibility], now: datetime, valid_until: datetime
    ) -> "PublicLibrary":
        """The public library made of what `visibility` says about each document."""
        shown = [document for document in self.documents if visibilities[document] is Visibility.SHOWN]
        not_shown = [document for document in self.documents if visibilities[document] is not Visibility.SHOWN]
        withdrawn, removed = (
            [document for document in not_shown if visibilities[document] is wanted]
            for wanted in (Visibility.WITHDRAWN, Visibility.REMOVED)
        )
        return PublicLibrary(
            now=now,
            valid_until=valid_until,
            site=self.site,
            contacts=self.contacts,
            shown=tuple(shown),
            withdrawn=tuple(withdrawn),
            removed=tuple(removed),
            pictures=self._on_pages(shown, withdrawn),
        )

    def public_after(
        self,
        before: "PublicLibrary",
        moved: Mapping[Document, Visibility],
        now: datetime,
        valid_until: datetime,
        pictures: bool,
    ) -> "PublicLibrary":
        """The successor of `before`, where only the documents of `moved` came, changed or went: those that went are
        HIDDEN.

        `pictures`: whether the library's pictures have changed.
        """
        shown, withdrawn, removed = (
            in_order.moved(earlier, moved, [document for document, seen in moved.items() if seen is wanted], _file_of)
            for earlier, wanted in (
                (before.shown, Visibility.SHOWN),
                (before.withdrawn, Visibility.WITHDRAWN),
                (before.removed, Visibility.REMOVED),
            )
        )
        same_pictures = not pictures and not any(document.pictures for document in moved)
        after = PublicLibrary(
            now=now,
            valid_until=valid_until,
            site=self.site,
            contacts=self.contacts,
            shown=shown,
            withdrawn=withdrawn,
            removed=removed,
            pictures=before.pictures if same_pictures else self._on_pages(shown, withdrawn),
        )
        after.follow(before, moved)
        return after

    def _on_pages(self, shown: Iterable[Document], withdrawn: Iterable[Document]) -> dict[str, Picture | str]:
        return {
            name: picture
            for documents in (shown, withdrawn)
            for document in documents
            for name in document.pictures
            if (picture := self.pictures.get(name))
        }

    def visibility(self, document: Document, now: datetime) -> Visibility:
        """What the public may know of a document at `now`. Of a translation, nothing while its original is hidden or
        unknown (it may be a draft that was moved, or cannot be read), or until somebody who knows the language has read
        it, unless site.toml shows unread ones too."""
        seen = document.visibility(now)
        if document.translation is None or seen is Visibility.HIDDEN:
            return seen
        settings = self.site.language_settings(document.folder)
        if settings is None or (settings.show == "reviewed" and not is_reviewed(document)):
            return Visibility.HIDDEN
        original = self.original_of(document)
        return seen if original and original.visibility(now) is Visibility.SHOWN else Visibility.HIDDEN

    @cached_property
    def _originals(self) -> dict[Kind, Mapping[str, Document]]:
        return {}

    def original_of(self, document: Document) -> Document | None:
        """The page that a translation was made from; None if it does not exist, or if the document is not a
        translation."""
        if not document.folder:
            return None
        kind = document.kind
        if kind not in self._originals:
            self._originals[kind] = {page.slug: page for page in self._in_own_folder(kind)}
        return self._originals[kind].get(document.slug)

    def _in_own_folder(self, kind: Kind) -> tuple[Document, ...]:
        """The documents of a kind in the site's own language. News is by far the most, but is needed only if it is
        translated."""
        name = next(name for name, folder_kind in FOLDERS.items() if folder_kind == kind)
        first, after = (bisect_left(self.documents, f"{name}{mark}", key=_file_of) for mark in "/0")
        return self.documents[first:after]


def _file_of(document: Document) -> str:
    return document.file


def is_reviewed(document: Document) -> bool:
    """Whether somebody who knows the language has read a translation beside its original."""
    meta = document.translation
    return meta is None or (meta.reviewer is not None and not meta.awaiting_review)


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
    pictures: Mapping[str, Picture | str]

    def shows_the_same_as(self, other: "PublicLibrary") -> bool:
        """Whether the public sees exactly the same: a document that was not read again is the same object."""
        return (
            self.shown == other.shown
            and self.withdrawn == other.withdrawn
            and self.removed == other.removed
            and self.pictures == other.pictures
            and self.contacts == other.contacts
            and self.site == other.site
        )

    def follow(self, before: "PublicLibrary", moved: Mapping[Document, Visibility]) -> None:
        """Take over the lists of `before`, except for the documents of `moved`, which came, went or changed."""
        shown = [document for document, seen in moved.items() if seen is Visibility.SHOWN]
        with_a_page = [document for document, seen in moved.items() if seen is Visibility.WITHDRAWN] + shown
        moved_news = [document for document in moved if document.kind == "news" and not document.folder]
        new_news = [document for document in shown if document.kind == "news" and not document.folder]
        years = dict(before.news_by_year)
        for year in {self._year(item) for item in moved_news}:
            of_year = [item for item in new_news if self._year(item) == year]
            years[year] = self._with(years.get(year, ()), moved_news, of_year)
        by_year = {year: items for year, items in sorted(years.items(), reverse=True) if items}
        vars(self).update(news=self._with(before.news, moved_news, new_news), news_by_year=by_year)
        lists = vars(before)
        if "by_path" in lists:
            by_path = {**lists["by_path"]}
            for document in moved:
                if by_path.get(document.path) is document:
                    del by_path[document.path]
            by_path |= {document.path: document for document in with_a_page}
            vars(self).update(by_path=by_path)
        if all(document.plain for document in moved):
            # Plain documents are in none of these.
            vars(self).update({name: lists[name] for name in ("_others", "_former", "_in_folders") if name in lists})

    def _with(
        self, items: tuple[Document, ...], gone: Iterable[Document], new: Iterable[Document]
    ) -> tuple[Document, ...]:
        return in_order.moved(items[::-1], gone, new, self._oldest_first)[::-1]

    def _year(self, item: Document) -> int:
        return (item.published_at or self.now).astimezone(self.site.zone).year

    def _oldest_first(self, item: Document) -> tuple[datetime, str, str]:
        return item.published_at or self.now, item.slug, item.file

    @cached_property
    def _others(self) -> tuple[Document, ...]:
        """Everything that has a page except plain news, which no list but that of news, and no other page, needs to
        know."""
        return tuple(document for document in (*self.withdrawn, *self.shown) if not document.plain)

    @cached_property
    def by_path(self) -> Mapping[str, Document]:
        """Documents with a page, by address: those shown, and withdrawn ones that stay."""
        return {document.path: document for document in (*self.withdrawn, *self.shown)}

    @cached_property
    def removed_by_path(self) -> Mapping[str, Document]:
        """Removed documents by address."""
        return {document.path: document for document in self.removed}

    @cached_property
    def redirects(self) -> Mapping[str, str]:
        """Former addresses and where each leads now. An existing page always wins over a former address."""
        moved = {}
        for former, document in self._former.items():
            if former not in self.by_path and former not in self.removed_by_path and self.borrowed(former) is None:
                moved[former] = document.path
        for document in self.removed:
            if target := self.replacement(document):
                moved[document.path] = target
        return moved

    def replacement(self, document: Document) -> str | None:
        """Where a withdrawn page leads, if readers can open that now; else None."""
        withdrawn = document.meta.withdrawn
        return self.lead(withdrawn.replacement) if withdrawn and withdrawn.replacement else None

    def lead(self, address: str, language: str = "") -> str | None:
        """The address for a link to `address` on this site; None if readers may not know now that there is such a page.

        The address of a removed page leads to its replacement. With a `language`, links lead to the version in that
        language. An address in another form than the usual one is as secret as the page to which the site redirects it.
        """
        path, mark, anchor = address.partition("#")
        usual = usual_form(path, self.site.language) + mark + anchor
        target = self._lead(usual)
        if target == usual:
            target = self._lead(address)
        return self.in_language(target, language) if target and language else target

    def _lead(self, address: str) -> str | None:
        seen: set[str] = set()
        path, mark, anchor = address.partition("#")
        while document := self.removed_by_path.get(path):
            if path in seen or not document.meta.withdrawn or not document.meta.withdrawn.replacement:
                return None
            seen.add(path)
            path, mark, anchor = document.meta.withdrawn.replacement, "", ""
        if path in self.by_path or path in self._former or self.borrowed(path):
            return path + mark + anchor
        folder, rest = self.split(path)
        lends = folder and folder not in self.site.forms
        is_secret = rest not in SPOKEN if lends else bool(folder) or may_be_document(path)
        return None if is_secret and not self._has_list_of_news(folder, rest) else path + mark + anchor

    @cached_property
    def _former(self) -> Mapping[str, Document]:
        """The documents at former addresses. A translation may once have been at the root, with a slug unlike its
        original's."""
        former: dict[str, Document] = {}
        for document in self._others:
            for slug in document.meta.previous_slugs:
                former[path_of(document.kind, slug, document.folder)] = document
                former.setdefault(path_of(document.kind, slug), document)
        return former

    def split(self, path: str) -> tuple[str, str]:
        """The language folder at the start of an address, if the site has it, and the rest: `/cy/help` gives `cy` and
        `/help`; `/cy` gives `cy` and `/`."""
        first, mark, rest = path.removeprefix("/").partition("/")
        if first not in self._folders or (mark and not rest):
            return "", path
        return first, f"/{rest}"

    @cached_property
    def _in_folders(self) -> frozenset[str]:
        """The addresses, without a language, for which another language has its own page."""
        # Addresses of news in the site's own language are left out, and plain documents are all such news.
        paths = (document.path for document in self._others)
        return frozenset(self.split(path)[1] for path in paths if not path.startswith("/news/"))

    @cached_property
    def _folders(self) -> frozenset[str]:
        return frozenset((*self.site.languages, *self.site.forms)) - {self.site.language}

    def borrowed(self, path: str) -> Document | None:
        """The page in the site's own language that stands in for one missing in `path`'s language; None if there is
        none, or if the language has its own page. News is not lent: a language has its own, or none. A form is lent
        nothing."""
        folder, rest = self.split(path)
        lends = folder and folder not in self.site.forms and path not in self.by_path
        lent = self.by_path.get(rest) if lends else None
        return lent if lent and not lent.folder and lent.kind != "news" else None

    def in_language(self, address: str, language: str) -> str:
        """The address in `language` of what is at an address of the site's own language; the same address if the
        language does not have it."""
        folder = self.site.folder(language)
        path, mark, part = address.partition("#")
        own_path = f"/{folder}" if path == "/" else f"/{folder}{path}"
        has = folder and (
            path in SPOKEN
            or path == PACK
            or self._has_list_of_news(folder, path)
            or own_path in self.by_path
            or self.borrowed(own_path)
        )
        return own_path + mark + part if has else address

    def own_versions(self, path: str) -> dict[str, str]:
        """The languages that have their own page for an address of this site, and its addresses there. A form is not a
        version for another language, and has no versions itself."""
        folder, rest = self.split(path)
        versions: dict[str, str] = {}
        if folder in self.site.forms:
            return versions
        if rest.startswith("/news/") and rest not in self._in_folders and rest in self.by_path:
            return {self.site.language: rest}  # true of nearly all news
        for language in self.site.languages:
            version = self.in_language(rest, language)
            is_there = self.split(version)[0] == self.site.folder(language) and self.borrowed(version) is None
            if is_there and (version in self.by_path or rest in SPOKEN or self._has_list_of_news("", rest)):
                versions[language] = version
        return versions

    @cached_property
    def form_pages(self) -> Mapping[str, tuple[str, ...]]:
        """The addresses of the pages in each form."""
        pages: dict[str, tuple[str, ...]] = {}
        for document in self._others:
            if document.folder in self.site.forms:
                pages[document.folder] = (*pages.get(document.folder, ()), document.path)
        return pages

    def forms_of(self, path: str) -> dict[str, str]:
        """The other forms of the page at an address, and their addresses."""
        rest = self.split(path)[1]
        addresses = {form: f"/{form}{rest}" for form in self.site.forms}
        return {form: address for form, address in addresses.items() if address in self.by_path and address != path}

    def _has_list_of_news(self, folder: str, path: str) -> bool:
        """Whether a language has the list or feed of news that the site's own language has at `path`."""
        if is_list_of_news(path):
            return bool(self.news_in(folder or self.site.language))
        return False

    @cached_property
    def news(self) -> tuple[Document, ...]:
        """News in the site's own language that the public sees, newest first."""
        news = (document for document in self.shown if document.kind == "news" and not document.folder)
        return tuple(sorted(news, key=self._oldest_first, reverse=True))

    @cached_property
    def news_by_year(self) -> Mapping[int, tuple[Document, ...]]:
        """That news by the year of publication in the site's zone, the last year first."""
        years: dict[int, list[Document]] = {}
        for item in self.news:
            years.setdefault(self._year(item), []).append(item)
        return {year: tuple(items) for year, items in sorted(years.items(), reverse=True)}

    def news_in(self, language: str) -> tuple[Document, ...]:
        """News in `language` that the public sees, newest first."""
        folder = self.site.folder(language)
        return self._translated_news.get(folder, ()) if folder else self.news

    def years_of_news(self, language: str) -> Mapping[int, tuple[Document, ...]]:
        """News in `language` by year, the last year first."""
        if not self.site.folder(language):
            return self.news_by_year
        items = self.news_in(language)
        years = sorted({self._year(item) for item in items}, reverse=True)
        return {year: tuple(item for item in items if self._year(item) == year) for year in years}

    @cached_property
    def _translated_news(self) -> Mapping[str, tuple[Document, ...]]:
        news: dict[str, list[Document]] = {}
        for document in self._others:
            if document.kind == "news" and document.folder and document not in self.withdrawn:
                news.setdefault(document.folder, []).append(document)
        newest = {folder: sorted(items, key=self._oldest_first, reverse=True) for folder, items in news.items()}
        return {folder: tuple(items) for folder, items in newest.items()}

    @cached_property
    def help(self) -> tuple[Document, ...]:
        """Help pages that the public sees, in the site's language, in the order of their groups."""
        return self.help_in(self.site.language)

    def help_in(self, language: str) -> tuple[Document, ...]:
        """Help pages in `language`, in the order of their groups."""
        return tuple(page for page in self._listed(language) if page.kind == "help")

    def groups(self, language: str) -> list[tuple[Group, list[Document]]]:
        """The groups with their help pages and tools in `language`; groups without a page are left out."""
        pages = self._listed(language)
        grouped = [
            (group, [page for page in pages if self.original_of(page).group == group.id]) for group in self.site.groups
        ]
        return [(group, members) for group, members in grouped if members]

    def group_of(self, page: Document) -> Group | None:
        """A page's group in the list of help pages; a translation has the group of its original."""
        name = self.original_of(page).group
        return next((group for group in self.site.groups if group.id == name), None)

    def original_of(self, page: Document) -> Document:
        """The original of a translation; the page itself, if it has none."""
        return self.by_path.get(path_of(page.kind, page.slug), page)

    def _listed(self, language: str) -> list[Document]:
        """The pages in groups as a reader of `language` finds them, including those lent to it."""
        place = {group.id: number for number, group in enumerate(self.site.groups)}
        folder = self.site.folder(language)
        listed = []
        for page in (self._grouped[""] | self._grouped.get(folder, {})).values():
            original = self.original_of(page)
            if original.group in place:
                listed.append((place[original.group], getattr(original.meta, "order", 0), page.slug, page))
        return [page for *_, page in sorted(listed, key=lambda entry: entry[:3])]

    @cached_property
    def _grouped(self) -> Mapping[str, dict[tuple[Kind, str], Document]]:
        """The shown pages that may be in a group, by language folder."""
        withdrawn = set(self.withdrawn)
        pages: dict[str, dict[tuple[Kind, str], Document]] = {"": {}}
        for page in self._others:
            if page.kind != "news" and page not in withdrawn:
                pages.setdefault(page.folder, {})[page.kind, page.slug] = page
        return pages

    def find(self, kind: Kind, slug: str, language: str = "") -> Document | None:
        """The page with this slug, shown or withdrawn: in `language`, or lent to it."""
        path = path_of(kind, slug, self.site.folder(language) if language else "")
        return self.by_path.get(path) or self.borrowed(path)

    def help_now(self, language: str) -> str:
        """For a reader of `language`: the address of the page that answers the first situation of site.toml."""
        first = self.site.situations[0].page if self.site.situations else ""
        return self.in_language(path_of("help", first) if self.find("help", first) else "/contacts", language)

    def updated_at(self, language: str) -> datetime | None:
        """When the news in `language` last changed, as far as the public may know."""
        folder, items = self.site.folder(language), self.news_in(language)
        # Plain news has no change notes, so of those the newest changed last.
        items = (*items[:1], *(item for item in self._others if item.kind == "news" and item.folder == folder))
        moments = (item.updated_at(self.now) for item in items if item not in self.withdrawn)
        return max((moment for moment in moments if moment), default=None)
