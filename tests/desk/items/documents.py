"""Documents as people write them, well and badly: random, but the same in every run."""

import random
from collections.abc import Callable

_WORDS = ("rooms opened today in Southampton the council paid for them and families stay as long as they need").split()
_ODD = (
    "5*3*2", "#EndAbuse", "2025.", "snake_case_name", "*", "a * b", "**", "_", "[1]", "[brackets]", "(see)", "AT&T", "&amp;",
    "1 < 2", "a > b", "\\", "\\*not\\*", "`code`", "``a ` b``", "“quoted”", "it's", "--", "...", "£5,000", "100%", "~", "!", "|",
    "é", "ŵ", "नमस्ते", "🙂", "+44", "- dash", "https://example.org/", "<https://example.org/a_b>", "{x}", "http://a_b_c",
    "**bold words**", "*leaning words*", "***both***", "**bold *and* leaning**", "*leaning **and** bold*", "__bold__", "_leaning_",
    "[a page](/help/money)", "[**bold** link](/help)", "[out](https://example.org/x_(y))", '[named](/help "A title")',
    "![A door](/images/door.jpg)", "<mailto:a@example.org>", "word**s** inside", "**5**%", "5\u00a0km", "1)", "a_b", "_a_b_",
)  # fmt: skip


class Chance:
    """Makes random documents. The same seed makes the same documents."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def words(self, most: int = 12) -> str:
        """Some words on one line."""
        return " ".join(
            self.random.choice(_ODD) if self.random.random() < 0.25 else self.random.choice(_WORDS)
            for _ in range(self.random.randint(1, most))
        )

    def document(self) -> str:
        """A whole body."""
        gaps = ("\n\n", "\n\n", "\n\n", "\n\n\n", "\n\n\n\n", "\n \n", "\n")
        text = self.part()
        for _ in range(self.random.randint(0, 7)):
            text += self.random.choice(gaps) + self.part()
        return self.random.choice(("", "", "", "\n", "\n\n")) + text + self.random.choice(("", "\n", "\n\n", "  \n"))

    def part(self, depth: int = 0) -> str:
        """A part, which may hold other parts."""
        kinds: list[Callable[[], str]] = [self.paragraph, self.paragraph, self.paragraph, self.heading]
        kinds += [self.listed, self.listed, self.table]
        if depth < 2:
            kinds += [lambda: self.quotation(depth), *[lambda: self.card(depth)] * 2, self.line, self.rare]
        return self.random.choice(kinds)()

    def paragraph(self) -> str:
        """A paragraph, on one line or wrapped."""
        lines = [self.words() for _ in range(self.random.choice((1, 1, 1, 2, 3)))]
        return self.random.choice(("\n", "\n", "  \n", " \n")).join(lines)

    def heading(self) -> str:
        """A heading, or something that looks like one and is not allowed here."""
        mark = self.random.choice(("## ", "## ", "### ", "#### ", "##", "# ", "##### "))
        return f"{mark}{self.words(5)}{self.random.choice(('', '', ' ##'))}"

    def listed(self) -> str:
        """A list, nested or not, indented by fours or not."""
        wide = self.random.choice((4, 4, 4, 4, 2, 3))
        gap = self.random.choice(("\n", "\n", "\n", "\n\n"))
        kind, mark, lines, level = self.random.choice("-o"), self.random.choice(("-", "-", "-", "*", "+")), [], 0
        for number in range(1, self.random.randint(2, 6)):
            sign = mark if kind == "-" else f"{number + self.random.choice((0, 0, 0, 3))}."
            lines.append(f"{' ' * level * wide}{sign} {self.words(6)}")
            level = max(0, min(level + self.random.choice((-1, 0, 0, 0, 1)), 3)) if gap == "\n" else 0
        return gap.join(lines)

    def table(self) -> str:
        """A table."""
        width = self.random.randint(1, 3)

        def row() -> str:
            return f"| {' | '.join(self.words(3) for _ in range(width))} |"

        rule = f"|{'|'.join(self.random.choice((' --- ', ' --: ', ':---')) for _ in range(width))}|"
        return "\n".join([row(), rule, *(row() for _ in range(self.random.randint(1, 3)))])

    def quotation(self, depth: int) -> str:
        """Something quoted."""
        return "\n".join(f"> {line}" for line in self.part(depth + 1).split("\n"))

    def card(self, depth: int) -> str:
        """An author block."""
        name = self.random.choice(("callout | Good to know", "emergency | In danger now", "statistic | 46%", "quote | Jo Doe, chair", "steps", "fold | More"))  # fmt: skip
        mark, gap = "/" * (4 - depth), self.random.choice(("\n", "\n", "\n\n"))
        inner = "\n\n".join(self.part(depth + 1) for _ in range(self.random.randint(1, 2)))
        return f"{mark} {name}{gap}{inner}{gap}{mark}"

    def line(self) -> str:
        """A block with one line or no lines."""
        name = self.random.choice(("action | /help/money", "call | ndah", "contact | ndah", "contact | ndah\n"))
        return f"/// {name}\n" + ("" if name.startswith("contact") else f"{self.words(4)}\n") + "///"

    def rare(self) -> str:
        """Something rare, refused or ambiguous."""
        return self.random.choice(
            (
                "---", "***", "Words\n-----", "Words\n---", "    code\n    more", "```\nfence\n```", "[ref]: /help", "[a][ref] and [ref]",
                "<b>raw</b>", "- \n- a", "1) one\n2) two", "words\n- no list\n- here", "words\n> quoted", "{: .x }", "/// unknown\nx\n///",
                "/// callout\n\n///", "*[AB]: abbreviation", "a\\\nb", "![A door](/images/door.jpg \"Jo Doe\")", "- a\n\n    more\n\n- b", "1. a\n    - b\n    - c\n2. d",
                "- a\n* b", "- a\n\n* b", "- a\n\n\n1. b", "- a\n> b", "## Heading\nwords at once", "> a\n\n> b", "\ttabbed", "   three blanks", "100. a\n    - b",
            )
        )  # fmt: skip
