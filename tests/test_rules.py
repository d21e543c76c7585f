"""The architecture's rules, read off the code itself."""

import ast
import re
from pathlib import Path

import brotli

from sidedoor.public.inline import BUNDLES, inline_script
from tests.browser.server import serve_options
from tests.conftest import PROJECT

PACKAGE = PROJECT / "site" / "sidedoor"
STORES = set(
    """
    chat/sqlite_store.py
    database.py
    desk/audit.py
    desk/preview_links.py
    desk/reviews.py
    desk/sessions.py
    desk/staff.py
    documents/kept.py
    public/feedback_store.py
    public/search_index.py
""".split()
)
_SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE (VIRTUAL )?TABLE|PRAGMA|BEGIN IMMEDIATE)\b")


def imports_of(path: Path) -> set[str]:
    """Every module that a file imports, by its whole name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_documents_know_nothing_of_the_web_and_the_public_site_nothing_of_the_desk() -> None:
    for path in [*(PACKAGE / "documents").glob("*.py"), *(PACKAGE / "chat").glob("*.py")]:
        assert not [
            name
            for name in imports_of(path)
            if name.startswith(("flask", "werkzeug", "sidedoor.public", "sidedoor.desk"))
        ], path.name
    for path in [*(PACKAGE / "public").glob("*.py"), PACKAGE / "edition.py", PROJECT / "app.py"]:
        assert not [name for name in imports_of(path) if name.startswith("sidedoor.desk")], path.name


def test_every_module_begins_by_saying_what_it_is_for() -> None:
    for path in [*PACKAGE.rglob("*.py"), *(PROJECT / "tests").rglob("*.py")]:
        if "node_modules" not in path.parts:
            assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), path


def test_headers_sql_and_markdown_are_each_made_in_few_places() -> None:
    holders = {
        path.name for path in PACKAGE.rglob("*.py") if re.search(r"Content-Security-Policy", path.read_text("utf-8"))
    }
    assert holders == {"headers.py"}
    holders = {
        path.name
        for path in PACKAGE.rglob("*.py")
        if re.search(r"^import markdown|from markdown import", path.read_text("utf-8"), re.M)
    }
    assert holders <= {"markdown.py", "blocks.py"}
    holders = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if _SQL.search(strings_of(path))}
    assert holders == STORES, "SQL is written in the stores alone; a new store is named here"


def strings_of(path: Path) -> str:
    """Every string of a module but its docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in prose)
    return "\n".join(str(node.value) for node in found)


def test_sqlite_files_are_opened_in_one_module() -> None:
    holders = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if re.search(r"sqlite3\.connect|import connect", path.read_text("utf-8"))
    }
    # The search index is in memory: it has no file, no mode, no version, and one process alone.
    assert holders == {"database.py", "public/search_index.py"}
    assert 'sqlite3.connect(":memory:"' in (PACKAGE / "public/search_index.py").read_text("utf-8")


def test_the_log_is_written_round_what_it_says_and_in_no_other_way() -> None:
    """`audit().record(…)` on its own stands before or after the act as it happens; `recorded` cannot."""
    found = {
        path.name
        for path in (PACKAGE / "desk").rglob("*.py")
        if re.search(r"audit(\(\))?\.record\(", path.read_text("utf-8"))
    }
    assert not found


def test_no_template_holds_an_inline_handler_a_style_or_a_file_from_elsewhere() -> None:
    for path in (PACKAGE / "templates").rglob("*.html"):
        text = path.read_text("utf-8")
        assert not re.search(r"\son\w+=|\sstyle=|https?://(?!schema\.org)", text), path.name
        files = re.findall(r"<script[^>]* src=\"|<link rel=\"stylesheet\"", text)
        own = re.findall(r"<script[^>]* src=\"/static/|<link rel=\"stylesheet\" href=\"/static/", text)
        assert not files or ("desk" in path.parts and len(own) == len(files)), path.name


def test_the_scripts_are_small() -> None:
    # As they are sent: without the comments.
    small = {name: len(brotli.compress(str(inline_script(name)).encode())) for name in BUNDLES}
    assert small["hide-page.js"] <= 1_250
    chat = small.pop("chat.js")  # sent only where the site has a chat
    assert chat <= 2_100
    # Each on the pages of its own tool alone.
    assert small.pop("plan.js") <= 1_500
    assert small.pop("questions.js") <= 800
    assert sum(small.values()) <= 4_700, small


def test_every_way_to_serve_uses_the_same_options() -> None:
    options = " ".join(serve_options())
    for name in ("sidedoor.service", "sidedoor-desk.service", "Containerfile"):
        assert options in (PROJECT / "deploy" / name).read_text("utf-8"), name
