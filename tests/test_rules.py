"""The rules of the architecture, checked against the code itself."""

import ast
import builtins
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from string import Formatter

import pytest

from sidedoor.desk.refusal_words import WORDS as REFUSALS
from sidedoor.desk.refusals import Refusal
from sidedoor.desk.words import LABELS
from sidedoor.documents.codes import Code, Where
from sidedoor.documents.problem_words import PLACES, WORDS
from sidedoor.web.inline import BUNDLES, inline_script
from sidedoor.web.sheet import STYLES, source
from tests.conftest import PROJECT
from tests.processes import AS_SMALL_AS_SENT

PACKAGE = PROJECT / "site" / "sidedoor"
STORES = set(
    """
    chat/sqlite_store.py
    database.py
    database_moves.py
    desk/audit/store.py
    desk/items/comments.py
    desk/items/preview_links.py
    desk/items/reviews.py
    desk/people/sessions.py
    desk/people/staff.py
    desk/notices/store.py
    documents/kept.py
    postgresql.py
    public/feedback_store.py
    public/search_index.py
    schema.py
""".split()
)
_SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE (VIRTUAL )?TABLE|PRAGMA|BEGIN IMMEDIATE)\b")


tree_of = cache(ast.parse)
"""Cached, because half of the rules read the same files."""


def imports_of(path: Path) -> set[str]:
    """Every module that a file imports, by its full name."""
    modules: set[str] = set()
    for node in ast.walk(tree_of(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return modules


MAY_NOT_IMPORT = {
    "documents": ("flask", "werkzeug", "sidedoor.web", "sidedoor.chat", "sidedoor.public", "sidedoor.desk"),
    "chat": ("flask", "werkzeug", "sidedoor.web", "sidedoor.public", "sidedoor.desk"),
    "web": ("sidedoor.public", "sidedoor.desk"),
    "public": ("sidedoor.desk",),
}
"""Dependencies point one way: desk, public, web, chat, documents."""


def test_dependencies_point_one_way() -> None:
    for package, forbidden in MAY_NOT_IMPORT.items():
        for path in (PACKAGE / package).rglob("*.py"):
            assert not [name for name in imports_of(path) if name.startswith(forbidden)], path.relative_to(PACKAGE)
    assert not [name for name in imports_of(PROJECT / "app.py") if name.startswith("sidedoor.desk")]


FLAT_AT_THE_DESK = set(
    """
    __init__ access current databases errors front headers refusal_words refusals server static_files step words
""".split()
)


def test_the_desk_lies_by_subject() -> None:
    """A subject has one name in code, templates, scripts and tests. Only what all subjects share lies flat."""
    assert {path.stem for path in (PACKAGE / "desk").glob("*.py")} == FLAT_AT_THE_DESK
    subjects = {path.parent.name for path in (PACKAGE / "desk").glob("*/__init__.py")}
    scripts = PROJECT / "static/js/desk"
    for mirror in (PACKAGE / "templates/desk", scripts, PROJECT / "tests/desk"):
        # Git leaves a folder behind that still holds compiled modules.
        folders = {path.parent.name for path in mirror.glob("*/*") if path.name != "__pycache__"} - {
            "built",
            "__pycache__",
        }
        assert folders <= subjects, mirror
    assert not [*scripts.glob("*.js")], "a script lies with the subject whose pages load it"


def module_name(path: Path) -> str:
    """The full name of a module, or of the package whose `__init__.py` it is."""
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def imports_between(paths: Iterable[Path]) -> dict[str, set[str]]:
    """Which of these modules each one imports, whether at its top, in a function or for types alone."""
    modules = {module_name(path): path for path in paths}
    graph: dict[str, set[str]] = {name: set() for name in modules}
    for name, path in modules.items():
        for node in ast.walk(tree_of(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                graph[name] |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                inside = [f"{node.module}.{alias.name}" for alias in node.names]
                graph[name] |= {full if full in modules else node.module for full in inside}
        graph[name] &= modules.keys() - {name}
    return graph


def circles_in(graph: Mapping[str, set[str]]) -> set[frozenset[str]]:
    """Every set of names that all lead to each other."""
    reached: dict[str, set[str]] = {}
    for start in graph:
        reached[start], waiting = set(), [start]
        while waiting:
            new = graph.get(waiting.pop(), set()) - reached[start]
            reached[start] |= new
            waiting += new
    return {frozenset(other for other in reached[name] if name in reached[other]) for name in graph} - {frozenset()}


def test_no_modules_import_each_other() -> None:
    """A circle hidden by a late import, or by one for types alone, is a circle for whoever reads it."""
    graph = imports_between(PACKAGE.rglob("*.py"))
    assert graph["sidedoor.home"] >= {"sidedoor.database", "sidedoor.postgresql", "sidedoor.database_moves"}
    assert circles_in(graph) == set()


def test_no_packages_import_each_other() -> None:
    between: dict[str, set[str]] = {}
    for name, imported in imports_between(PACKAGE.rglob("*.py")).items():
        if name != "sidedoor.documents.kept":  # it opens a database, which refuses with a code of documents/codes.py
            between.setdefault(_part(name), set()).update({_part(other) for other in imported} - {_part(name)})
    assert circles_in(between) == set()


def _part(module: str) -> str:
    """The package, or the module beside the packages, to which a module belongs."""
    return ".".join(module.split(".")[:2])


@pytest.mark.parametrize(
    "lines",
    [
        ("import sidedoor.second", "import sidedoor.first"),
        ("from sidedoor import second", "def f():\n    from sidedoor.first import a"),
        ("from sidedoor.second import b", "if TYPE_CHECKING:\n    from sidedoor.first import a"),
    ],
)
def test_the_rule_against_circles_finds_them(
    lines: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "sidedoor"
    package.mkdir()
    monkeypatch.setattr("tests.test_rules.PACKAGE", package)
    for name, line in zip(("first", "second"), lines, strict=True):
        (package / f"{name}.py").write_text(line, "utf-8")
    assert circles_in(imports_between(package.rglob("*.py"))) == {frozenset(("sidedoor.first", "sidedoor.second"))}


SAY_NOTHING = {"one", "found"}


def names_in(source: str) -> set[str]:
    """Return every name that Python code gives or uses: variables, parameters, keywords, attributes, functions, classes."""
    kinds = ("id", "arg", "attr", "name", "asname")
    return {name for node in ast.walk(ast.parse(source)) for kind in kinds if (name := getattr(node, kind, None))}


def names_given_in_script(source: str) -> set[str]:
    """Return the names that JavaScript gives to constants, variables and parameters."""
    words = re.sub(r"(?s)/\*.*?\*/|//[^\n]*", "", source)
    given = re.findall(
        r"\b(?:const|let|function)\s+([\w$]+)|\b([\w$]+)\s*=>|\(([\w$]+(?:\s*,\s*[\w$]+)*)\)\s*(?:=>|\{)", words
    )
    return {name for groups in given for group in groups for name in re.split(r"\s*,\s*", group)}


def test_names_say_what_they_hold() -> None:
    for path in [*PACKAGE.rglob("*.py"), *(PROJECT / "tests").rglob("*.py"), *PROJECT.glob("bench/*.py"), *PROJECT.glob("tools/*.py")]:  # fmt: skip
        if "node_modules" not in path.parts:
            assert not SAY_NOTHING & names_in(path.read_text("utf-8")), path
    for path in [*(PROJECT / "static/js").rglob("*.js"), *PROJECT.glob("editor/src/*.js")]:
        if "built" not in path.parts:
            assert not SAY_NOTHING & names_given_in_script(path.read_text("utf-8")), path


@pytest.mark.parametrize(
    ("names_of", "source"),
    [
        *((names_in, line) for line in ("one = 1", "[one for one in x]", "def f(found): ...", "f(found=1)", "x.one")),
        *((names_given_in_script, line) for line in ("const one = 1;", "x.map((one) => 1)", "x.map(found => 1)", "for (const found of x) f()", "function f(a, one) {}")),
    ],
)  # fmt: skip
def test_the_rule_on_names_finds_them(names_of: Callable[[str], set[str]], source: str) -> None:
    assert SAY_NOTHING & names_of(source)


def test_every_module_has_a_docstring() -> None:
    for path in [*PACKAGE.rglob("*.py"), *(PROJECT / "tests").rglob("*.py")]:
        if "node_modules" not in path.parts:
            assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), path


def test_only_a_few_modules_make_headers_sql_and_markdown() -> None:
    assert holders_of(r"Content-Security-Policy") == {"web/headers.py", "desk/headers.py"}
    assert holders_of(r"^import markdown|^from markdown import") == {"documents/markdown.py", "documents/blocks.py"}
    holders = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if _SQL.search(strings_of(path))}
    assert holders == STORES, "only stores have SQL; add a new store to the list"


def test_the_address_that_monitors_ask_is_written_once() -> None:
    assert holders_of(r"""["'}]/healthz["']""") == {"documents/fixed_addresses.py"}


def test_views_of_the_public_site_look_nothing_up_by_a_string() -> None:
    """Whatever they work with has a name and a type in public/current.py."""
    lookups = holders_of(r"app\.(extensions|config)\b")
    assert {holder for holder in lookups if holder.startswith("public/")} == {"public/__init__.py", "public/current.py"}


def holders_of(pattern: str) -> set[str]:
    """The modules in whose source the pattern occurs, by their paths in the package."""
    mentions = re.compile(pattern, re.M)
    return {
        str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if mentions.search(path.read_text("utf-8"))
    }


def strings_of(path: Path) -> str:
    """Every string of a module except its docstrings."""
    tree = tree_of(path.read_text("utf-8"))
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in prose)
    return "\n".join(str(node.value) for node in constants)


def test_only_one_module_decides_where_the_exit_leads() -> None:
    """Settings and site.toml name destinations, only public/exit.py reads them, and only templates/exit/ shows them."""
    holders = holders_of(r"\bsite\.exit\b|\bEXIT_URL\b|\bexit_url\b|exit_title")
    # The desk shows it to an administrator and saves it.
    names = {"settings.py", "documents/site.py", "desk/site/file.py", "desk/site/views.py"}
    assert holders == {"public/exit.py", *names}
    assert holders_of(r"""["'](/w|/chat/hide)["']""") == {"documents/fixed_addresses.py"}
    shows = re.compile(
        r"exit\.(href|script_data|destinations)|/chat/hide|\"/w\"|hide-notice|hide-status|shortcut-switch"
    )
    templates = PACKAGE / "templates"
    holders = {str(path.relative_to(templates).parent) for path in templates.rglob("*") if path.is_file() and shows.search(path.read_text("utf-8"))}  # fmt: skip
    assert holders == {"exit"}


def test_only_one_module_opens_sqlite() -> None:
    holders = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if re.search(r"sqlite3\.connect|import connect", path.read_text("utf-8"))
    }
    assert holders == {"database.py"}
    # Stores ask home.py, which knows about the server. The others say there why their file is this machine's own.
    holders = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if re.search(r"\bDatabase\(", path.read_text("utf-8")) and path.name != "home.py"
    }
    assert holders == {"chat/sqlite_store.py", "database_moves.py", "documents/kept.py", "public/search_index.py"}
    assert not {holder for holder in holders if holder not in (PACKAGE / "home.py").read_text("utf-8")}


def test_steps_of_the_desk_are_recorded_with_recorded_only() -> None:
    """`audit().record(…)` alone may end up before or after the act; `recorded` always wraps it."""
    modules = {
        path.name
        for path in (PACKAGE / "desk").rglob("*.py")
        if re.search(r"audit(\(\))?\.record\(", path.read_text("utf-8"))
    }
    assert not modules


def test_no_template_has_an_inline_handler_a_style_or_a_file_from_another_host() -> None:
    for path in (PACKAGE / "templates").rglob("*.html"):
        text = path.read_text("utf-8")
        assert not re.search(r"\son\w+=|\sstyle=|https?://(?!schema\.org)", text), path.name
        files = re.findall(r"<script[^>]* src=\"|<link rel=\"stylesheet\"", text)
        own = re.findall(r"<script[^>]* src=\"/static/|<link rel=\"stylesheet\" href=\"/static/", text)
        assert not files or ("desk" in path.parts and len(own) == len(files)), path.name


def test_no_box_for_a_message_cuts_off_what_is_pasted() -> None:
    """Browsers obey `maxlength` without a word. The server refuses what is too long, and gives it back."""
    folders = [PACKAGE / "templates" / name for name in ("chat", "feedback", "desk/chats")]
    boxes = [
        (path.name, tag)
        for folder in folders
        for path in folder.glob("*.html")
        for tag in re.findall(r"<textarea.*?>", path.read_text("utf-8"))
    ]
    assert len(boxes) >= 6
    assert [name for name, tag in boxes if "maxlength" in tag] == []


def test_every_address_of_a_style_or_script_of_the_desk_is_a_file() -> None:
    """A script that is missing leaves a page that works without it, so no other test needs to notice."""
    sources = [*(PACKAGE / "templates/desk").rglob("*.html"), *(PROJECT / "static/js/desk").rglob("*.js")]
    named = {
        name
        for path in sources
        if "built" not in path.parts
        for name in re.findall(r"/static/((?:css|js)/[\w./-]+\.(?:css|js))\b", path.read_text("utf-8"))
    }
    assert {"css/desk.css", "js/desk/chats/tick.js"} <= named
    # `make editor` builds that one; the desk works without it.
    assert {name for name in named if not (PROJECT / "static" / name).is_file()} <= {"js/desk/built/editor.js"}


def test_no_script_of_the_site_uses_the_browsers_cache() -> None:
    """Until an answer comes, Firefox notes on disk the address of every request that may be cached."""
    calls = [
        (script.name, call)
        for script in (PROJECT / "static" / "js").rglob("*.js")
        if "desk" not in script.parts
        for call in re.findall(r"\bfetch\(.*?\);", script.read_text("utf-8"), re.DOTALL)
    ]
    assert {name for name, _ in calls} >= {"taps.js", "chat.js", "chat-tabs.js"}
    assert [call for call in calls if 'cache: "no-store"' not in call[1]] == []


def test_the_scripts_are_small() -> None:
    # As they are sent, without comments.
    small = {name: len(AS_SMALL_AS_SENT(str(inline_script(name)).encode())) for name in BUNDLES}
    assert not [name for name in BUNDLES if "@type" in str(inline_script(name))], "comments are not sent"
    # On every page. They were 3,700 before names were shortened, and 3,370 before the code for taps moved to the pack. The
    # exit was 1,508 before it left whatever a browser lacks or refuses, and before it ran in iOS 12.
    assert small["exit.js"] <= 1_630
    assert small["exit.js"] + small["after.js"] <= 3_060
    # Once per visit, with the pack: it shows pages and runs the guide, contacts, news and tools. It was 4,730 before it got
    # the code for taps, for keeping Hide in view under pinch zoom, and for unfolding: 460 bytes less on every page; and
    # 5,295 before it filtered contacts by what was chosen while the pack was loading, and before a page's style held only
    # its own rules, so that a page shown in place brings others: 600 bytes less on every page. It was 5,355 before a button
    # that leads elsewhere than its form did so, before 2023's browsers sent a button's own value, and before a browser could
    # translate the page.
    assert small["carried.js"] <= 5_450
    # Only for the chat's pages, in addition. It was 3,940 before pages backed off from a silent server, each at its own
    # random time, and before screen readers announced waiting, questions and the end: Orca was heard to leave them out. It
    # was 4,050 before a phone's “send” key worked in iOS 15.
    assert small["chat.js"] <= 4_080


_SYNTAX_AFTER_2018 = re.compile(r"\?\.(?!\d)|\?\?|[|&]{2}=|\d_\d|#\w+\s*[=(;]|\bstatic \{|\(\?<[=!]")


def test_the_exit_is_written_in_the_syntax_of_2018() -> None:
    """One newer mark, and iOS 12 would run no line of it: its Back would show the pages that were hidden."""
    assert _SYNTAX_AFTER_2018.findall("a?.b; a ?? b; a ||= 1; 60_000; (?<=a)") == ["?.", "??", "||=", "0_0", "(?<="]
    assert _SYNTAX_AFTER_2018.findall(str(inline_script("exit.js"))) == []


def test_the_sites_scripts_need_nothing_that_ios_14_lacks() -> None:
    """Where syntax is too new, the whole script is left out, and the page works without. A missing function stops a script in
    the middle: then nothing works. TypeScript finds what is missing in the language (`lib` in tsconfig.json), this the rest."""
    missing = re.compile(
        r"requestSubmit|new FormData\(\w+,|:(?:is|has|where)\(|:not\([^)]*,|\.showModal|structuredClone"
    )
    sent = "".join(str(inline_script(name)) for name in BUNDLES)
    assert missing.findall(sent) == []


def test_what_takes_something_out_of_sight_or_places_it_is_known_to_browsers_of_2019() -> None:
    """A browser leaves out what it does not know, and the whole rule if that is in its selectors. Without it the bait for
    programs covered Start of the chat, a menu opened below the screen, and a print had the site's name on it."""
    young = re.compile(r"\binset(?:-[a-z-]+)?:|:(?:is|has|where)\(|:not\([^)]*,")
    rules = [rule for name in STYLES for rule in re.findall(r"[^{}]+\{[^{}]+\}", source(name))]
    placed = [rule for rule in rules if re.search(r"position:(absolute|fixed)|^#hide-this-page,.*display:none", rule)]
    assert len(placed) > 7
    assert [rule for rule in placed if young.search(rule)] == []
    (header,) = (
        rule for rule in rules if rule.startswith("header{display") or rule.startswith("header{position:relative")
    )
    assert "position:relative" in header, "the language menu hangs below it"


WORDS_TABLES = {
    "documents/problem_words.py": "problems of files and forms",
    "desk/refusal_words.py": "why the desk did not take a step",
    "desk/chats/words.py": "the chat at the desk",
    "desk/notices/letters.py": "mail of the desk",
    "public/chat/words.py": "where a reader's conversation stands",
}
SHOWS_WITHOUT_A_FRAMEWORK = {"web/outermost.py": "answers in plain text what never reaches an application"}
OTHERS_SAY_IT_IN_WORDS_ALONE = {
    "postgresql.py": "libpq gives no code when a server refuses a connection",
    "documents/reading.py": "before Python 3.14, tomllib gives the line only in its message",
    "chat/valkey_store.py": "redis-py puts the reason behind the place, which we name ourselves",
}
"""Modules that take apart a message that is not ours, because it holds a fact that is given nowhere else."""
PRINTED_WHERE_RAISED = {"public/export.py": "the command that exports prints them as they are"}
_TEXT_METHODS = {"startswith", "endswith", "find", "index", "count", "replace", "partition", "rpartition", "split"}
_LOG_METHODS = {"debug", "info", "warning", "error", "exception"}
_SEARCHES = {"search", "match", "fullmatch", "sub", "findall", "finditer", "compile"}


def sentences_compared(source: str) -> list[str]:
    """Every sentence (three words are enough) that code compares, matches or searches for in a text."""
    sentences = []
    for node in ast.walk(tree_of(source)):
        operands: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            operands = [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            operands = [node.value]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            searches_a_text = node.func.attr in _TEXT_METHODS
            is_a_pattern = node.func.attr in _SEARCHES and ast.unparse(node.func.value) == "re"
            operands = node.args if searches_a_text else node.args[:1] if is_a_pattern else []
        for constant in (part for operand in operands for part in _texts(operand)):
            if is_a_sentence(constant, 3):
                sentences.append(constant)
    return sentences


def messages_taken_apart(source: str) -> list[str]:
    """Every place where code looks into the message of an exception that it caught."""
    places = []
    for handler in ast.walk(tree_of(source)):
        if isinstance(handler, ast.ExceptHandler) and handler.name:
            said = f"str({handler.name})"
            for node in ast.walk(handler):
                parts: list[ast.expr] = []
                if isinstance(node, ast.Attribute):
                    parts = [node.value]
                elif isinstance(node, ast.Compare):
                    parts = [node.left, *node.comparators]
                elif isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re."):
                    parts = node.args
                if said in map(ast.unparse, parts):
                    places.append(ast.unparse(node))
    return places


def _texts(expression: ast.expr) -> list[str]:
    """The strings of an operand, alone or in a tuple, list or set. Strings inside a call are not compared."""
    parts = expression.elts if isinstance(expression, ast.Tuple | ast.List | ast.Set) else [expression]
    return [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]


@pytest.mark.parametrize(
    "source",
    [
        'said == "The title gives the page away."',
        'said in ("one", "It waits for a colleague.")',
        '"gives the page away" in problem.what',
        'said.startswith("Add a line that starts")',
        '"Not found here" in said',
        're.search("leads to no page of this site", said)',
        'match said:\n    case "It waits for a colleague.":\n        pass',
    ],
)
def test_the_rule_against_comparing_sentences_finds_them(source: str) -> None:
    assert sentences_compared(source)


@pytest.mark.parametrize("look", ['str(error).split(":")', 're.search(r"line", str(error))', '"line" in str(error)'])
def test_the_rule_against_taking_messages_apart_finds_them(look: str) -> None:
    assert messages_taken_apart(f"try:\n    f()\nexcept ValueError as error:\n    g({look})")


def is_a_sentence(text: str, least: int = 4) -> bool:
    """Whether a text has at least that many words in a row and is not SQL."""
    return len(re.findall(r"(?<![\w\\])[A-Za-z’']{2,}(?= |[.,;:!?]|$)", text)) >= least and not _SQL.search(text)


def sentences_raised(source: str) -> list[str]:
    """Every sentence that an exception of ours gets: as a literal, by name, or from a call."""
    tree = tree_of(source)
    named = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    sentences = []
    for call in _exceptions_made(tree):
        for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
            for node in ast.walk(argument):
                text = named.get(node.id) if isinstance(node, ast.Name) else getattr(node, "value", None)
                if isinstance(text, str) and is_a_sentence(text):
                    sentences.append(text)
                called = isinstance(node, ast.Call) and ast.unparse(node.func)
                # A value may be text, but the argument in the place of the code may not.
                if called in ("sentence", "in_form_words") or (called == "str" and argument in call.args):
                    sentences.append(ast.unparse(node))
    return sentences


def _exceptions_made(tree: ast.Module) -> Iterator[ast.Call]:
    """Every exception that is raised, except Python's own (for programmers) and click's (which click shows itself)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            name = ast.unparse(node.exc.func)
            if not hasattr(builtins, name) and not name.startswith("click."):
                yield node.exc
        elif isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith("Exception") for base in node.bases):
            yield from (
                call
                for call in ast.walk(node)
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__"
            )


def sentences_kept(source: str) -> list[str]:
    """Every string of a module that is a whole sentence, except docstrings and log messages for the operator."""
    tree = tree_of(source)
    passed_over = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in _LOG_METHODS:
            passed_over |= {id(node) for node in ast.walk(call)}
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in passed_over)
    return [
        text for text in texts if isinstance(text, str) and is_a_sentence(text) and re.search(r"[\w”)}][.?!]\s*$", text)
    ]


@pytest.mark.parametrize(
    "source",
    [
        'raise NotAllowed("It is a draft already.")',
        'raise CannotSave(f"{file} cannot be read by this desk.") from error',
        '_OWN = "Somebody else has to approve it."\nraise NotAllowed(_OWN)',
        "raise NotAllowed(str(in_form_words(stops[0])))",
        "raise StoreDown(str(refused.problems[0]))",
        'class Conflict(Exception):\n    def __init__(self):\n        super().__init__("It was changed by somebody else.")',
    ],
)
def test_the_rule_against_exceptions_that_carry_a_sentence_finds_them(source: str) -> None:
    assert sentences_raised(source)


def test_an_exception_carries_a_code_and_values_and_never_a_sentence() -> None:
    sentences = {
        str(path.relative_to(PACKAGE)): raised
        for path in PACKAGE.rglob("*.py")
        if str(path.relative_to(PACKAGE)) not in PRINTED_WHERE_RAISED
        and (raised := sentences_raised(path.read_text("utf-8")))
    }
    assert not sentences, "give it a code (documents/codes.py, desk/refusals.py); its words are made where it is shown"


def test_sentences_are_only_in_modules_that_show_them() -> None:
    """A module without a web framework or a command line works with facts, not with sentences."""
    assert sentences_kept('def why_not() -> str:\n    return "Your role does not approve this kind of page."')
    sentences = {}
    for path in PACKAGE.rglob("*.py"):
        name = str(path.relative_to(PACKAGE))
        shows = any(module.split(".")[0] in ("flask", "click") for module in imports_of(path))
        listed = {**WORDS_TABLES, **SHOWS_WITHOUT_A_FRAMEWORK, **PRINTED_WHERE_RAISED}
        if not shows and name not in listed and (unlisted := sentences_kept(path.read_text("utf-8"))):
            sentences[name] = unlisted
    assert not sentences


def test_every_refusal_of_the_desk_has_words_and_is_used() -> None:
    assert set(REFUSALS) == set(Refusal)
    words = (PACKAGE / "desk/refusal_words.py").read_text("utf-8").partition("\n}\n")[2]
    used = words + " ".join(
        path.read_text("utf-8")
        for path in PACKAGE.rglob("*.py")
        if path.name not in ("refusals.py", "refusal_words.py")
    )
    assert {refusal.name for refusal in Refusal} - set(re.findall(r"\bRefusal\.(\w+)\b", used)) == set()


def test_no_code_compares_or_searches_a_sentence() -> None:
    sentences = {
        str(path.relative_to(PACKAGE)): compared
        for path in PACKAGE.rglob("*.py")
        if str(path.relative_to(PACKAGE)) not in {*WORDS_TABLES, *OTHERS_SAY_IT_IN_WORDS_ALONE}
        and (compared := sentences_compared(path.read_text("utf-8")))
    }
    assert not sentences, "ask for a code, never for the words made of it"


def test_only_three_modules_take_messages_of_others_apart() -> None:
    holders = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if messages_taken_apart(path.read_text("utf-8"))
    }
    assert holders == {*OTHERS_SAY_IT_IN_WORDS_ALONE}


def test_every_code_has_words_and_is_used() -> None:
    assert set(WORDS) == set(Code)
    used = " ".join(
        path.read_text("utf-8") for path in PACKAGE.rglob("*.py") if path.name not in ("codes.py", "problem_words.py")
    )
    assert {code.name for code in Code} - set(re.findall(r"\bCode\.(\w+)\b", used)) == set()


def test_every_place_has_words_and_is_used() -> None:
    assert set(PLACES) == set(Where)
    used = " ".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py") if path.name != "problem_words.py")
    assert {place.name for place in Where} - set(re.findall(r"\bWhere\.(\w+)\b", used)) == set()


def places_in_words(source: str) -> list[str]:
    """Every literal place of a problem that is neither a file, nor a setting, nor a piece of text without a file."""
    places = [
        call.args[0]
        for call in ast.walk(tree_of(source))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "Problem" and call.args
    ]
    literals = [str(place.value) for place in places if isinstance(place, ast.Constant)]
    return [place for place in literals if not re.fullmatch(r"[a-z/]+\.(toml|yaml)|SIDEDOOR_[A-Z_]+|", place)]


def test_a_problem_says_where_it_is_with_a_fact_and_never_in_words() -> None:
    assert places_in_words('Problem("the chat", None, code)')
    for path in PACKAGE.rglob("*.py"):
        assert not places_in_words(path.read_text("utf-8")), path


def test_every_placeholder_in_a_forms_words_is_a_value_or_a_field_of_the_form() -> None:
    for code, words in WORDS.items():
        values = _names_in(words.what, words.instead) | {"field", "last", "at"}
        assert _names_in(words.form_what, words.form_instead) <= values | set(LABELS), code


def _names_in(*sentences: str) -> set[str]:
    return {name for sentence in sentences for _, name, _, _ in Formatter().parse(sentence) if name}


_COUNTRIES = "UK|United Kingdom|Britain|British|English law|Scottish|Irish|Ireland|Canad(a|ian)|Australian?"
_LOCAL_WORDS = re.compile(r"(?<![\w.#&])(999|55)(?!\w|%|\.\d)|[Hh]ampshire|[Dd]omestic abuse|en_GB|Silent Solution")


def test_only_the_examples_name_a_country_an_emergency_number_or_a_nation() -> None:
    """They belong in site.toml and contacts.yaml, because every site has its own."""
    example = tomllib.loads((PROJECT / "examples/hampshire/site.toml").read_text("utf-8"))
    places = [place["name"]["en"] for place in example["places"]] + [area["name"] for area in example["areas"]]
    named = re.compile(rf"\b({_COUNTRIES}|{'|'.join(map(re.escape, places))})\b")
    files = [path for folder in ("site", "static", "deploy", "tools") for path in (PROJECT / folder).rglob("*")]
    local_words = {}
    for path in [*files, PROJECT / "app.py", PROJECT / "desk.py", PROJECT / "Makefile"]:
        if path.is_file() and path.suffix not in (".pyc", ".mo") and not {"examples", "built"} & {*path.parts}:
            text = re.sub(r"examples/[\w-]+", "", path.read_text("utf-8"))  # paths of examples are allowed
            if hits := [match[0] for pattern in (_LOCAL_WORDS, named) for match in pattern.finditer(text)]:
                local_words[str(path.relative_to(PROJECT))] = sorted(set(hits))
    assert not local_words


@pytest.mark.parametrize("line", ["Call 999.", "data-999", "then 55 when", "Domestic abuse", 'locale="en_GB"'])
def test_the_rule_against_local_words_finds_them(line: str) -> None:
    assert _LOCAL_WORDS.search(line)


def test_characters_that_browsers_mirror_are_not_mirrored_again() -> None:
    for path in (PROJECT / "static/css").glob("*.css"):
        assert not re.search(r'\[dir=rtl\][^}]*content: "[‹›«»()<>]', path.read_text("utf-8")), path


def test_browser_tests_wait_for_functions() -> None:
    """Playwright evaluates any other text again and again in the page, whose policy forbids that after the first time."""
    for path in (PROJECT / "tests/browser").glob("*.py"):
        for text in re.findall(r"wait_for_function\(\s*[rf]?\"([^\"]*)", path.read_text("utf-8")):
            assert re.match(r"\(.*?\) =>", text), f"{path.name}: {text}"
