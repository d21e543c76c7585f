"""The style rules for a site's own choices: its colours, its mark, and the numbers of one place on a card to carry.

Colours and mark are the same on every page of a site, and come after the rules of all sites in its `<style>`; so do the
rules for cards, on pages with cards. A colour that could not be read is not used: check says which, and the site keeps
its default.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from functools import cache

from sidedoor.documents.codes import Code
from sidedoor.documents.look import Look, contrast, mixed
from sidedoor.documents.problems import Problem
from sidedoor.documents.reading import SITE
from sidedoor.documents.site import Site
from sidedoor.web.sheet import Rules, source

LEAST_FOR_TEXT = 7.0
LEAST_FOR_LINKS = 4.5
"""WCAG 2.2: AAA for what is read at length, AA for links and buttons, which can be recognised in other ways too."""
_latest: tuple[Site, Rules] | None = None


def site_rules(site: Site) -> Rules:
    """The rules for this site; empty if its choices need none. Ids are letters, digits and hyphens."""
    global _latest
    latest = _latest
    if latest is None or latest[0] is not site:
        _latest = latest = site, Rules("".join([*_colours(site.look), *_mark(site.look)]), "".join(_narrowing(site)))
    return latest[1]


def check_look(site: Site) -> list[Problem]:
    """A problem for each colour that could not be read, with the contrast that it reaches and that it needs."""
    problems = []
    for name, colour, reached, least in _too_faint(site.look):
        values = {"colour": colour, "reached": f"{reached:.1f}", "least": f"{least:g}"}
        problems.append(Problem(SITE, None, Code.LOOK_TOO_FAINT, values, f"look.{name}"))
    return problems


@cache
def _tokens() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The style sheet's own colours, for light and for dark."""
    light, dark, *_ = re.findall(r":root ?\{([^}]*--paper:[^}]*)\}", source("public.css"))
    in_light, in_dark = (dict(re.findall(r"--([\w-]+):(#[0-9a-f]{6})\b", block)) for block in (light, dark))
    return in_light, in_light | in_dark


def _too_faint(look: Look) -> Iterator[tuple[str, str, float, float]]:
    """Each choice that is too faint: name, colour, the contrast that it reaches, and the least that it needs."""
    light, _ = _tokens()
    paper = light["paper"]
    if look.paper:
        reached = min(contrast(light[name], _papers(look.paper)["tint"]) for name in ("ink", "quiet"))
        if reached < LEAST_FOR_TEXT:
            yield "paper", look.paper, reached, LEAST_FOR_TEXT
        else:
            paper = look.paper
    if look.accent:
        papers = _papers(paper)
        reached = min(contrast(look.accent, papers[name]) for name in ("paper", "card", "tint"))
        if reached < LEAST_FOR_LINKS:
            yield "accent", look.accent, reached, LEAST_FOR_LINKS


def _papers(paper: str) -> dict[str, str]:
    """The colours that go with a paper, mixed from it as the style sheet mixes its own."""
    ink = _tokens()[0]["ink"]
    return {
        "paper": paper, "card": mixed(paper, "#ffffff", 0.7), "tint": mixed(paper, ink, 0.06),
        "line": mixed(paper, ink, 0.16),
    }  # fmt: skip


def _colours(look: Look) -> Iterator[str]:
    light, dark = _tokens()
    faint = {name for name, *_ in _too_faint(look)}
    in_light, in_dark = dict[str, str](), dict[str, str]()
    if look.paper and "paper" not in faint:
        in_light |= _papers(look.paper)
    if look.accent and "accent" not in faint:
        lit = look.accent
        while min(contrast(lit, dark[name]) for name in ("paper", "card", "tint")) < LEAST_FOR_TEXT:
            lit = mixed(lit, "#ffffff", 0.1)
        in_light |= _of_accent(look.accent, in_light.get("paper", light["paper"]))
        in_dark |= _of_accent(lit, dark["paper"])
    if in_light:
        yield f"@media screen{{:root{{{_written(in_light)}}}}}"
        # Print is black on white. The choice is for light paper: dark pages keep their own colours, except the accent.
        kept = {name: dark[name] for name in in_light}
        yield f"@media screen and (prefers-color-scheme:dark){{:root{{{_written(kept | in_dark)}}}}}"


def _of_accent(accent: str, paper: str) -> dict[str, str]:
    best = max(("#ffffff", "#101010"), key=lambda colour: contrast(colour, accent))
    return {"accent": accent, "on-accent": best, "soft": mixed(paper, accent, 0.12)}


def _written(colours: Mapping[str, str]) -> str:
    return ";".join(f"--{name}:{colour}" for name, colour in colours.items())


def _mark(look: Look) -> Iterator[str]:
    if look.mark:
        png = look.mark.startswith("data:")
        address = look.mark if png else f"data:image/svg+xml;base64,{base64.b64encode(look.mark.encode()).decode()}"
        yield (
            'header .name::before{content:"";inline-size:1.75rem;block-size:1.75rem;margin-inline-end:.5rem;'
            f'background:url("{address}") center/contain no-repeat}}'
        )


def _narrowing(site: Site) -> Iterator[str]:
    """Hides the other cards while a reader has chosen a place. Without :has() there is nothing to choose."""
    if site.places:
        hidden = (f"body:has(#card-for-{place.id}:checked) .card:not(#card-{place.id})" for place in site.places)
        yield f"{','.join(hidden)}{{display:none}}"
