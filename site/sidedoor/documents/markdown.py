"""Turns a document's Markdown into HTML that this site allows. No other module does.

What is not allowed is reported with its line, never silently dropped: an editor has to see it. Then nh3 cleans the
result by the same list, so that even a mistake here lets nothing through.
"""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cache
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as etree

import markdown
import nh3
from markdown.extensions.tables import TableExtension
from markdown.extensions.toc import TocExtension, TocTreeprocessor, slugify_unicode
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString

from sidedoor.documents.blocks import BLOCK_NAMES, WITH_ARGUMENT, AuthorBlocks
from sidedoor.documents.codes import Code
from sidedoor.documents.drawings import DRAWINGS
from sidedoor.documents.recordings import captions_of

ALLOWED: dict[str, set[str]] = {
    "p": {"class"}, "h2": {"id", "class"}, "h3": {"id", "class"}, "h4": {"id"},
    "ul": set(), "ol": {"start"}, "li": set(), "strong": set(), "em": set(), "code": set(), "pre": set(),
    "blockquote": set(), "br": set(), "hr": set(), "a": {"href", "title"}, "img": {"src", "alt", "title"},
    "table": set(), "thead": set(), "tbody": set(), "tr": set(), "th": {"class", "scope"}, "td": {"class"},
    "div": {"class", "data-contact", "data-drawing"}, "figure": {"class", "data-recording"}, "figcaption": set(),
    "section": {"class", "id"}, "details": {"class"}, "summary": set(),
}  # fmt: skip
HEADING_PREFIX = "part-"
"""Put before an id made of a heading's words, so that it never equals an id of the layout; test_markdown.py knows
those."""
_SCHEMES = {"https", "mailto"}
_STARTS = ("/", "#", "https://", "mailto:")
_INLINE = {"a", "strong", "em", "code", "img", "br"}
# A browser reads \\ as / and leaves out tabs and line ends, so `/\\host` and `/<tab>/host` lead to another host.
_MISLEADING = re.compile(r"[\\\s\x00-\x1f\x7f\ufffd]|%(?:5c|0[9ad]|00)", re.IGNORECASE)
_OWN_PICTURE = re.compile(r"/images/[\w-][\w.-]*")
_KINDS = {"mp3": "audio", "mp4": "video"}
_OWN_RECORDING = re.compile(r"[\w-][\w.-]*")
_MOST_BRACKETS = 400
_DEEPEST_INDENT = 40
_DEEPEST_QUOTE = 8

# Paragraphs whose lines start with a letter and hold nothing that means anything to Markdown, to HTML or to smarty.
# Combining marks, such as Bengali's vowels, are left out, because an expression for them would let in much else.
_PLAIN_LINE = r"(?:[^\W\d]|[“‘£])[\w ,.;:?!()%£€–—“”‘’…/-]*(?<! )"
_PROSE = re.compile(rf"{_PLAIN_LINE}(?:\n\n?{_PLAIN_LINE})*")
_NOT_PROSE = re.compile(r"_|--|\.\.|  ")
# Whole texts in which no pattern of Markdown, or of smarty, finds anything.
_NO_MARKS = re.compile(r"(?:[^`\\\[\]!<>&*_ \x02\x03]| (?! \n))+")
_NO_QUOTES = re.compile(r"(?:[^'\"<>&.\-\x02\x03]|\.(?!\.)|-(?!-))+")
_CODE_SPAN = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
_AUTOLINK = re.compile(r"<(?:https?://|mailto:)?[^\s<>]+[.@][^\s<>]*>")
_RAW_HTML = re.compile(r"</?[a-zA-Z][^>]*>?|<!--|<!\[|<[?!]")
_ATTRIBUTE_LIST = re.compile(r"\{:[^}\n]*\}?")
_BLOCK_LINE = re.compile(r"[ ]{0,3}(/{3,})(?:[ ]*$|[ ]+([\w-]+)[ ]*(?:\|(.*))?$)")
_FENCE = re.compile(r"[ ]{0,3}(```|~~~)")
_ABBREVIATION = re.compile(r"[ ]{0,3}\*\[[^\]]*\]:")


@dataclass(frozen=True)
class Finding:
    """Something in the Markdown that is not allowed; `line` counts from 1 within the body."""

    line: int | None
    code: Code
    values: dict[str, str | int] = field(default_factory=dict)


@dataclass
class Rendered:
    """The result of rendering a body.

    `html` may hold empty `<div data-contact="id">` marks, which the page fills. `sentences` is the text as a reader
    meets it, block by block, for search and for measuring how easy it is to read.
    """

    html: str
    sentences: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    contacts: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The result as plain values, to leave the child process."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Rendered":
        """Make a result of what `as_json` returned."""
        findings = [
            Finding(finding["line"], Code(finding["code"]), finding["values"]) for finding in values["findings"]
        ]
        return cls(**{**values, "findings": findings})


def render(body: str) -> Rendered:
    """Make HTML of `body`. May take very long on hostile input: call it through `renderer.Renderer`."""
    return render_prose(body) or _render_marked(body)


def render_prose(body: str) -> Rendered | None:
    """What `_render_marked` makes of a body without marks, in a twentieth of the time; None if there may be any.

    It never takes long: each line either fits, or ends the check.
    """
    prose = body.strip("\n")
    if not _PROSE.fullmatch(prose) or _NOT_PROSE.search(prose):
        return None
    paragraphs = prose.split("\n\n")
    html = "\n".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return Rendered(html, sentences=[" ".join(paragraph.split()) for paragraph in paragraphs])


def _render_marked(body: str) -> Rendered:
    if excess := list(_limits_exceeded(body)):
        return Rendered("", findings=excess)
    converter, inspector = _converter()
    converter.reset()
    inspector.start(body)
    cleaned = _cleaner().clean(converter.convert(body))
    findings = [*_source_findings(body), *inspector.findings]
    return Rendered(
        cleaned,
        sentences=_sentences(cleaned),
        links=inspector.links,
        pictures=inspector.pictures,
        contacts=inspector.contacts,
        findings=sorted(findings, key=lambda finding: finding.line or 0),
    )


@cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(ALLOWED),
        attributes={tag: attributes for tag, attributes in ALLOWED.items() if attributes},
        attribute_filter=_safe_attribute,
        url_schemes=_SCHEMES,
        link_rel=None,
    )


@cache
def _converter() -> tuple[markdown.Markdown, "_Inspector"]:
    """Made once for each process, for one thread: making it is a third of what a news item costs. `reset` precedes each
    body."""
    converter = markdown.Markdown(
        extensions=[
            TableExtension(use_align_attribute=True),
            "sane_lists",
            "smarty",
            _HeadingsExtension(slugify=heading_id),
            AuthorBlocks(),
        ],
        output_format="html",
    )
    inspector = _Inspector()
    for name, nothing_to_find, priority in (("inline", _NO_MARKS, 20), ("smarty", _NO_QUOTES, 6)):
        hide = _Hide(nothing_to_find)
        converter.treeprocessors.register(hide, f"sidedoor-before-{name}", priority + 0.5)
        converter.treeprocessors.register(_Show(hide), f"sidedoor-after-{name}", priority - 0.5)
    # Raw HTML is never passed through: it is shown as the text it is, and reported.
    converter.preprocessors.deregister("html_block")
    converter.inlinePatterns.deregister("html")
    converter.treeprocessors.register(inspector, "sidedoor-inspector", 1)
    return converter, inspector


def heading_id(words: str, separator: str = "-") -> str:
    """The id of a heading with these words on its page."""
    return HEADING_PREFIX + slugify_unicode(words, separator)


def _safe_attribute(tag: str, attribute: str, value: str) -> str | None:
    """Remove pictures from other hosts, which would learn who reads, and links that lead to another host or page than
    they seem to."""
    if (tag, attribute) == ("img", "src") and not _OWN_PICTURE.fullmatch(value):
        return None
    if attribute == "href" and (value.startswith("//") or not value.startswith(_STARTS) or _MISLEADING.search(value)):
        return None
    return value


class _Hidden(AtomicString):
    """Text in which the next step has nothing to find. That step skips an AtomicString."""


class _Hide(Treeprocessor):
    """Hides text from Markdown, which tries two dozen patterns on each paragraph: that is most of a document's cost,
    and most paragraphs hold no marks."""

    def __init__(self, plain: re.Pattern[str]) -> None:
        super().__init__()
        self._plain = plain
        self.tails: list[tuple[etree.Element, str]] = []
        """Text behind elements. It is taken out, since a tail cannot be marked as hidden."""

    def run(self, root: etree.Element) -> None:
        self.tails = []
        for element in root.iter():
            if type(element.text) is str and self._plain.fullmatch(element.text):
                element.text = _Hidden(element.text)
            if type(element.tail) is str and self._plain.fullmatch(element.tail):
                self.tails.append((element, element.tail))
                element.tail = None


class _Show(Treeprocessor):
    """Shows again what `_Hide` has hidden."""

    def __init__(self, hide: _Hide) -> None:
        super().__init__()
        self._hide = hide

    def run(self, root: etree.Element) -> None:
        for element in root.iter():
            if type(element.text) is _Hidden:
                element.text = str(element.text)
        while self._hide.tails:
            element, tail = self._hide.tails.pop()
            element.tail = tail


class _Headings(TocTreeprocessor):
    """Gives headings their ids; does nothing if there are no headings."""

    def run(self, doc: etree.Element) -> None:
        if any(
            self.header_rgx.match(str(element.tag)) or self.marker in (element.text or "") for element in doc.iter()
        ):
            super().run(doc)


class _HeadingsExtension(TocExtension):
    TreeProcessorClass = _Headings


class _Inspector(Treeprocessor):
    """Walks the finished tree: collects links, pictures and contacts, and reports what is not allowed."""

    def start(self, body: str) -> None:
        """Forget the last body, and get ready for this one."""
        self.lines = body.split("\n")
        self.links: list[str] = []
        self.pictures: list[str] = []
        self.contacts: list[str] = []
        self.findings: list[Finding] = []

    def run(self, root: etree.Element) -> None:
        ids = {element.get("id") for element in root.iter()}
        for element in root.iter("a"):
            sign, name = element.get("href", "")[:1], element.get("href", "")[1:]
            # Editors write the heading's words. Its id leaves out what slugify does not take for a letter, such as a
            # Bengali vowel sign.
            if sign == "#" and (heading := heading_id(html.unescape(_without_placeholders(name)))) in ids:
                element.set("href", f"#{heading}")
        for element in root.iter():
            if element is root:
                continue
            self._normalise(element)
            self._inspect(element)
        self._raise_first_titles(root)
        for element in list(root.iter()):
            self._fold_device(element)
            self._frame_picture(element)

    @staticmethod
    def _raise_first_titles(root: etree.Element) -> None:
        """Make a box's title a heading of the top level if it comes before the page's first heading."""
        for element in root.iter():
            if element.tag == "h2":
                return
            if element.tag == "h3" and element.get("class") == "block-title":
                element.tag = "h2"

    @staticmethod
    def _fold_device(section: etree.Element) -> None:
        """Fold one browser's steps under its name, which is their first line."""
        steps = list(section)
        if section.get("class") == "device" and steps and steps[0].tag in ("h2", "h3"):
            for step in steps:
                section.remove(step)
            fold = etree.SubElement(section, "details")
            etree.SubElement(fold, "summary").append(steps[0])
            fold.extend(steps[1:])

    @staticmethod
    def _frame_picture(paragraph: etree.Element) -> None:
        """Make a figure of a picture that has a paragraph to itself and a title; the title goes beneath it."""
        if paragraph.tag != "p" or len(paragraph) != 1 or (paragraph.text or "").strip():
            return
        picture = paragraph[0]
        if picture.tag == "img" and picture.get("title") and not (picture.tail or "").strip():
            paragraph.tag = "figure"
            etree.SubElement(paragraph, "figcaption").text = picture.attrib.pop("title")

    @staticmethod
    def _normalise(element: etree.Element) -> None:
        if align := element.attrib.pop("align", None):
            element.set("class", f"align-{align}")
        if element.tag == "th":
            element.set("scope", "col")

    def _inspect(self, element: etree.Element) -> None:
        tag = str(element.tag)
        if tag == "h1":
            self._report("# ", Code.TOP_HEADING)
        elif tag not in ALLOWED:
            self._report(tag, Code.TAG, tag=tag)
        for name in element.attrib:
            if name not in ALLOWED.get(tag, set()):
                self._report(name, Code.ATTRIBUTE, name=name)
        if tag == "a":
            self._inspect_link(element.get("href", ""))
        elif tag == "img":
            self._inspect_picture(element.get("src", ""), element.get("alt", ""))
        elif tag == "figure" and "data-recording" in element.attrib:
            self._inspect_recording(element)
        elif (drawing := element.get("data-drawing", "")) not in ("", *DRAWINGS):
            self._report(drawing, Code.UNKNOWN_DRAWING, drawing=drawing[:80], choices=", ".join(sorted(DRAWINGS)))
        elif contact := element.get("data-contact"):
            self.contacts.append(contact)

    def _inspect_link(self, address: str) -> None:
        written = _without_placeholders(address)
        address = html.unescape(written)
        if _MISLEADING.search(address):
            self._report(written, Code.MISLEADING_LINK, link=address[:80])
        elif address.startswith("/") and not address.startswith("//"):
            self.links.append(address)
        elif not address.startswith(_STARTS[1:]):
            self._report(written, Code.LINK_NOT_ALLOWED, link=address[:80])

    def _inspect_picture(self, source: str, alt: str) -> None:
        written = _without_placeholders(source)
        source = html.unescape(written)
        name = source.removeprefix("/images/")
        if not _OWN_PICTURE.fullmatch(source):
            self._report(written, Code.PICTURE_OF_OTHERS, picture=source[:80])
        else:
            self.pictures.append(name)
        if not alt.strip():
            self._report(written, Code.PICTURE_WITHOUT_WORDS, picture=name[:80])

    def _inspect_recording(self, figure: etree.Element) -> None:
        name, kind = figure.get("data-recording", ""), figure.get("class")
        if not _OWN_RECORDING.fullmatch(name) or _KINDS.get(name.rpartition(".")[2]) != kind:
            self._report(name, Code.RECORDING_OF_OTHERS, recording=name[:80])
        else:
            self.pictures += [name, captions_of(name)] if kind == "video" else [name]
        if kind == "video" and figure.find("details/p/img") is None:
            self._report(name, Code.VIDEO_WITHOUT_PICTURE, recording=name[:80])
        if not "".join(figure.itertext()).strip():
            self._report(name, Code.RECORDING_WITHOUT_WORDS, recording=name[:80])

    def _report(self, near: str, code: Code, **values: str | int) -> None:
        line = self._line_of(near, str) or self._line_of(near, lambda text: re.sub(r"[\\\s]", "", text))
        self.findings.append(Finding(line, code, values))

    def _line_of(self, near: str, normalised: Callable[[str], str]) -> int | None:
        """The first line that contains `near`. By now, Markdown has removed some backslashes and spaces."""
        numbers = (
            number
            for number, line in enumerate(self.lines, start=1)
            if normalised(near) and normalised(near) in normalised(line)
        )
        return next(numbers, None)


def _without_placeholders(address: str) -> str:
    """Undo Markdown's placeholders: for escaped characters, and for the letters of `mailto:` links."""
    return re.sub(r"\x02(?:amp\x03#(\d+);|(\d+)\x03)", lambda match: chr(int(match[1] or match[2])), address).strip()


def _sentences(html: str) -> list[str]:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.blocks


class _Reader(HTMLParser):
    """Reads finished HTML as a person would, into one string for each block."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[str] = []
        self.words = ""

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in _INLINE:
            self._end_block()

    def handle_endtag(self, tag: str) -> None:
        if tag not in _INLINE:
            self._end_block()

    def close(self) -> None:
        super().close()
        self._end_block()

    def _end_block(self) -> None:
        if text := " ".join(self.words.split()):
            self.blocks.append(text)
        self.words = ""


def _limits_exceeded(body: str) -> Iterator[Finding]:
    """Report, with its line, anything that no honest page needs and that would keep Python-Markdown busy without
    end."""
    brackets = 0
    for number, line in enumerate(body.split("\n"), start=1):
        brackets = brackets + line.count("[") if line.strip() else 0
        if brackets > _MOST_BRACKETS:
            yield Finding(number, Code.TOO_MANY_BRACKETS, {"most": _MOST_BRACKETS})
            return
        if len(line) - len(line.lstrip(" \t")) > _DEEPEST_INDENT:
            yield Finding(number, Code.LIST_TOO_DEEP)
            return
        if line.replace(" ", "").startswith(">" * _DEEPEST_QUOTE):
            yield Finding(number, Code.QUOTATION_TOO_DEEP)
            return
        if _ABBREVIATION.match(line):
            yield Finding(number, Code.ABBREVIATION)
            return


def _source_findings(body: str) -> Iterator[Finding]:
    """Report what is best looked for in the text as written, because it has a line there."""
    open_blocks: list[tuple[int, int, str]] = []
    fence = None
    for number, line in enumerate(body.split("\n"), start=1):
        if match := _FENCE.match(line):
            fence = None if fence == match[1] else fence or match[1]
            continue
        if fence:
            continue
        if match := _BLOCK_LINE.match(line):
            slashes, name, argument = match.groups()
            if name is None:
                if not open_blocks or open_blocks[-1][1] != len(slashes):
                    yield Finding(number, Code.NO_BLOCK_TO_CLOSE, {"slashes": slashes})
                else:
                    open_blocks.pop()
            elif name not in BLOCK_NAMES:
                choices = ", ".join(sorted(BLOCK_NAMES))
                yield Finding(number, Code.UNKNOWN_BLOCK, {"block": name, "choices": choices})
                open_blocks.append((number, len(slashes), name))
            else:
                if name in WITH_ARGUMENT and not (argument or "").strip():
                    yield Finding(number, Code.BLOCK_WITHOUT_ARGUMENT, {"block": name})
                open_blocks.append((number, len(slashes), name))
            continue
        prose = _AUTOLINK.sub("", _CODE_SPAN.sub("", line))
        if match := _RAW_HTML.search(prose):
            yield Finding(number, Code.HTML, {"written": match[0][:40]})
        if match := _ATTRIBUTE_LIST.search(prose):
            yield Finding(number, Code.ATTRIBUTE_LIST, {"written": match[0][:40]})
    for number, length, name in open_blocks:
        yield Finding(number, Code.BLOCK_NEVER_CLOSED, {"block": name, "slashes": "/" * length})
