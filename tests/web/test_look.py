"""A site's own colours and mark: colours must have enough contrast, and a mark must be nothing but a drawing."""

import base64
import io
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from PIL import Image

from sidedoor.documents.look import contrast, mixed
from sidedoor.starters.command import mark as mark_command
from sidedoor.web.look import site_rules
from sidedoor.web.sheet import used
from tests.conftest import Refresh
from tests.content import SITE, ContentFolder

DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M1 1h7v7z" fill="#17504b"/></svg>'


def png(pixels: int = 32) -> str:
    out = io.BytesIO()
    Image.new("RGB", (pixels, pixels), "#17504b").save(out, "PNG")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


def rules_and_problems(app: Flask, content: ContentFolder, refresh: Refresh, *lines: str) -> tuple[str, list[str]]:
    """The style rules that a site with these lines under [look] adds to its pages, and the problems of its site.toml."""
    content.write("site.toml", SITE + "[look]\n" + "\n".join(lines) + "\n")
    refresh()
    page = app.test_client().get("/").text  # the house client checks each style's hash in the policy
    styles = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    output = app.test_cli_runner().invoke(args=["content", "check"]).output
    (style,) = styles
    rules = site_rules(app.extensions["live"].library.site)
    assert style == used(page, rules) and style.startswith(used(page))
    assert len(style) > len(used(page)) or not rules.every
    return rules.every, [line for line in output.splitlines() if "site.toml" in line]


def test_contrast_is_computed_as_wcag_defines_it() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert mixed("#000000", "#ffffff", 0.5) == "#808080"


def test_colours_are_used_in_light_mode_and_the_accent_is_lightened_in_dark_mode(
    app: Flask, content: ContentFolder, refresh: Refresh
) -> None:
    rules, problems = rules_and_problems(app, content, refresh, 'accent = "#7a1f5c"', 'paper = "#f4f8ff"')
    assert problems == []
    light, dark = rules.split("@media screen and (prefers-color-scheme:dark)")
    assert "--accent:#7a1f5c;--on-accent:#ffffff" in light and "--paper:#f4f8ff" in light
    (accent,) = re.findall(r"--accent:(#\w{6})", dark)
    (paper,) = re.findall(r"--paper:(#\w{6})", dark)
    assert contrast(accent, paper) >= 7 and contrast("#7a1f5c", paper) < 7


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('accent = "#ffcc00"', "`look.accent`, #ffcc00, stands out by 1."),
        ('paper = "#334455"', "`look.paper`, #334455, stands out by 1."),
        ('accent = "green"', "`look.accent` cannot be “green”."),
        ('paper = "#fff"', "`look.paper` cannot be “#fff”."),
    ],
)
def test_a_colour_with_too_little_contrast_is_reported_and_not_used(
    app: Flask, content: ContentFolder, refresh: Refresh, line: str, says: str
) -> None:
    rules, problems = rules_and_problems(app, content, refresh, line)
    assert ":root" not in rules
    assert any(says in problem for problem in problems), problems


@pytest.mark.parametrize("drawn", [DRAWING, png()], ids=["svg", "png"])
def test_the_mark_is_shown_beside_the_name_and_is_part_of_the_page(
    app: Flask, content: ContentFolder, refresh: Refresh, drawn: str
) -> None:
    rules, problems = rules_and_problems(app, content, refresh, f"mark = '{drawn}'")
    assert problems == []
    assert re.search(r'header \.name::before\{[^}]*url\("data:image/(png|svg\+xml);base64,[\w+/=]+"\)', rules)


@pytest.mark.parametrize(
    ("drawn", "says"),
    [
        ("hello", "The mark is no drawing that can be read."),
        ("data:image/png;base64,AAAA", "The mark is no drawing that can be read."),
        (png(200), "The mark is no drawing that can be read."),
        ("<svg/>", "The mark is no drawing that can be read."),
        (DRAWING.replace("<path", "<script>1</script><path"), "The mark holds “script”"),
        (DRAWING.replace("<path", '<image href="https://other.example/x.png"/><path'), "The mark holds “image”"),
        (DRAWING.replace("<path", '<path onload="1"'), "The mark holds “onload”"),
        (DRAWING.replace("#17504b", "url(https://other.example/)"), "The mark holds “fill”"),
        (f'<!DOCTYPE svg [<!ENTITY a "b">]>{DRAWING}', "The mark holds “<!”"),
        (DRAWING.replace("M1 1h7v7z", "M1 1" * 1000), "The mark is longer than 2000 bytes."),
    ],
)
def test_a_mark_that_is_more_than_a_drawing_is_refused(
    app: Flask, content: ContentFolder, refresh: Refresh, drawn: str, says: str
) -> None:
    rules, problems = rules_and_problems(app, content, refresh, f"mark = '{drawn}'")
    assert ".name::before" not in rules
    assert any(says in problem for problem in problems), problems


def test_the_mark_command_prints_the_setting_for_a_file(
    tmp_path: Path, app: Flask, content: ContentFolder, refresh: Refresh
) -> None:
    for name, drawn in (("mark.svg", f"<?xml version='1.0'?>\n<!-- by us -->\n{DRAWING}\n".encode()), ("mark.png", base64.b64decode(png().partition(",")[2]))):  # fmt: skip
        (tmp_path / name).write_bytes(drawn)
        result = CliRunner().invoke(mark_command, [str(tmp_path / name)])
        assert result.exit_code == 0, result.output
        content.write("site.toml", SITE + result.output)
        assert refresh().problems == ()
    (tmp_path / "mark.svg").write_text("no drawing")
    assert "Error: The mark is no drawing" in CliRunner().invoke(mark_command, [str(tmp_path / "mark.svg")]).output
