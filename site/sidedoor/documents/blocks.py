"""The author blocks: `/// name | argument`, some Markdown, `///`. Built on pymdownx.blocks.

To add a block: write its class here, add it to BLOCKS, style its class in static/css/public.css.
"""

from typing import Any, ClassVar
from xml.etree import ElementTree as etree

from markdown import Markdown
from pymdownx.blocks import BlocksExtension, BlocksProcessor
from pymdownx.blocks.block import Block


class _Box(Block):
    """A box around Markdown, with its argument as a heading."""

    ARGUMENT: bool | None = None
    TITLE = "p"

    def on_create(self, parent: etree.Element) -> etree.Element:
        box = etree.SubElement(parent, "div", {"class": self.NAME})
        if self.argument:
            etree.SubElement(box, self.TITLE, {"class": "block-title"}).text = self.argument
        return box


class Callout(_Box):
    """`/// callout | Good to know`: one thing to notice."""

    NAME = "callout"


class Emergency(_Box):
    """`/// emergency | In danger now`: what to do at once. Its title is a heading, so that nobody skips past it."""

    NAME = "emergency"
    TITLE = "h3"


class Steps(_Box):
    """`/// steps`: a numbered list to follow in order."""

    NAME = "steps"
    ARGUMENT = False


class Contact(Block):
    """`/// contact | ndah`: the card of one contact. The record stays in contacts.yaml; the page asks for it by id."""

    NAME = "contact"
    ARGUMENT = True

    def on_create(self, parent: etree.Element) -> etree.Element:
        return etree.SubElement(parent, "div", {"data-contact": self.argument.strip()})

    def on_markdown(self) -> str:
        return "raw"


class Statistic(Block):
    """`/// statistic | 46 %`: a figure, and what it means."""

    NAME = "statistic"
    ARGUMENT = True

    def on_create(self, parent: etree.Element) -> etree.Element:
        box = etree.SubElement(parent, "div", {"class": "statistic"})
        etree.SubElement(etree.SubElement(box, "p", {"class": "figure"}), "strong").text = self.argument
        return box


class Quote(Block):
    """`/// quote | Name, role`: what somebody said, and who said it."""

    NAME = "quote"
    ARGUMENT = True

    def on_create(self, parent: etree.Element) -> etree.Element:
        self.figure = etree.SubElement(parent, "figure", {"class": "quote"})
        return etree.SubElement(self.figure, "blockquote")

    def on_add(self, block: etree.Element) -> etree.Element:
        return block

    def on_end(self, block: etree.Element) -> None:
        etree.SubElement(self.figure, "figcaption").text = self.argument


class Action(Block):
    """`/// action | /help/get-help-now`: one big link; its content is the link's words."""

    NAME = "action"
    ARGUMENT = True

    def on_create(self, parent: etree.Element) -> etree.Element:
        paragraph = etree.SubElement(parent, "p", {"class": "action"})
        self.link = etree.SubElement(paragraph, "a", {"href": self.argument.strip()})
        return self.link

    def on_markdown(self) -> str:
        return "inline"


class Call(Block):
    """`/// call | helpline`: one button as wide as the text, for a contact of contacts.yaml; then words under it."""

    NAME = "call"
    ARGUMENT = True

    def on_create(self, parent: etree.Element) -> etree.Element:
        return etree.SubElement(parent, "div", {"class": "call-now", "data-contact": self.argument.strip()})

    def on_markdown(self) -> str:
        return "inline"


class Fold(Block):
    """`//// fold | Your accounts`: a step of a long page that readers open. Its title is the heading."""

    NAME = "fold"
    ARGUMENT = True

    def on_create(self, parent: etree.Element) -> etree.Element:
        fold = etree.SubElement(parent, "details", {"class": "fold"})
        etree.SubElement(etree.SubElement(fold, "summary"), "h2").text = self.argument
        return fold


class Device(Block):
    """`/// device | firefox-computer | …`: the guide's steps for one browser, which readers open; see guide.js.

    Its first line is the browser's name, as a heading.
    """

    NAME = "device"
    ARGUMENT = True

    def on_create(self, parent: etree.Element) -> etree.Element:
        return etree.SubElement(parent, "section", {"class": "device", "id": f"device-{self.argument.strip()}"})


class Ticks(_Box):
    """`/// ticks`: a list to tick on the page; without scripts, a list to tick on paper."""

    NAME = "ticks"
    ARGUMENT = False


class Write(_Box):
    """`/// write | Anything else`: room to write in on the page; without scripts, on paper."""

    NAME = "write"
    ARGUMENT = True


class Question(Block):
    """`/// question | Are you afraid?`: a question, and a list of the pages and lines that fit if it is true."""

    NAME = "question"
    ARGUMENT = True

    def on_create(self, parent: etree.Element) -> etree.Element:
        section = etree.SubElement(parent, "section", {"class": "question"})
        etree.SubElement(section, "h3").text = self.argument
        return section


class Place(Block):
    """`//// place | north`: a card of the numbers for one place of site.toml; a reader sees the one they choose."""

    NAME = "place"
    ARGUMENT = True

    def on_create(self, parent: etree.Element) -> etree.Element:
        return etree.SubElement(parent, "section", {"class": "card", "id": f"card-{self.argument.strip()}"})


class Number(Block):
    """`/// number | ndah`: only the number of a contact, with the page's own words beside it."""

    NAME = "number"
    ARGUMENT = True

    def on_create(self, parent: etree.Element) -> etree.Element:
        return etree.SubElement(parent, "div", {"class": "number", "data-contact": self.argument.strip()})

    def on_markdown(self) -> str:
        return "inline"


class Audio(Block):
    """`/// audio | signs.mp3`: a recording of content/media. Inside are its words, for readers who cannot hear it."""

    NAME = "audio"
    ARGUMENT = True

    def on_create(self, parent: etree.Element) -> etree.Element:
        figure = etree.SubElement(parent, "figure", {"class": self.NAME, "data-recording": self.argument.strip()})
        self.transcript = etree.SubElement(figure, "details")
        etree.SubElement(self.transcript, "summary")  # the page adds words in its language
        return figure

    def on_add(self, block: etree.Element) -> etree.Element:
        return self.transcript


class Idea(Block):
    """`/// idea | phone`: one idea beside its drawing (see drawings.py), for people who find reading hard."""

    NAME = "idea"
    ARGUMENT = True

    def on_create(self, parent: etree.Element) -> etree.Element:
        idea = etree.SubElement(parent, "div", {"class": "idea", "data-drawing": self.argument.strip()})
        return etree.SubElement(idea, "div")


class Video(Audio):
    """`/// video | signs.mp4`: a video, like audio. The picture to show before it plays comes first, then its words;
    its captions are the file beside it, signs.vtt."""

    NAME = "video"


BLOCKS: tuple[type[Block], ...] = (
    Callout,
    Emergency,
    Steps,
    Contact,
    Statistic,
    Quote,
    Action,
    Call,
    Fold,
    Device,
    Ticks,
    Write,
    Question,
    Place,
    Number,
    Audio,
    Video,
    Idea,
)
BLOCK_NAMES = frozenset(block.NAME for block in BLOCKS)
WITH_ARGUMENT = frozenset(block.NAME for block in BLOCKS if block.ARGUMENT)
"""Blocks that need an argument: without it, the page would show their Markdown."""


class AuthorBlocks(BlocksExtension):
    """Makes Python-Markdown read every block of BLOCKS."""

    config: ClassVar[dict[str, Any]] = {}

    def extendMarkdownBlocks(self, md: Markdown, block_mgr: BlocksProcessor) -> None:
        for block in BLOCKS:
            block_mgr.register(block, self.getConfigs())
