"""A shortened script does the same as the original: TypeScript's own parser and checker compare the two."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from sidedoor.web.inline import BUNDLES, STATIC, bundle
from sidedoor.web.shortened import shortened
from tests.server import PROJECT

# Syntax that the site's scripts may not use today but somebody may write tomorrow.
WRITTEN = """(() => {
  "use strict";
  // A comment, "with" marks.
  const { name, other: renamed = 3, ...rest } = document.body.dataset;
  const [first, { inner = name }] = [1, {}];
  let total = first + +renamed - -inner;
  const pattern = /[/"'`]\\/(a|b)*/g, divided = total / 2 / first;
  const words = `one ${name} two ${[1].map((item) => `${item}-${{ total }.total}`)} /* no comment */`;
  function outer(status, { name: own } = { name: status }, ...others) {
    for (const one of others) if (own ?? one) return { own, one, status, method() { return this.own; }, get: divided };
    try { throw words; } catch (problem) { return problem; }
    return status === "name" ? total++ : others?.length
  }
  for (const part of [rest]) /** @type {any} */ (/** @type {unknown} */ (part)).name = /** @type {any} */ (part.name) + (first);
  const sum = async (left, right) => left + right
  ;[sum, pattern].forEach((each) => outer(each, rest, name, first))
})();
const global = "stays", taps = { global };
"""


def differing(scripts: list[tuple[str, str, str]]) -> list[Any]:
    """The scripts (name, before, after) that differ in more than the names of their own variables."""
    node = subprocess.run(
        [Path(sys.executable).parent / "node", PROJECT / "tests/web/same_script.cjs"],
        input=json.dumps(scripts), capture_output=True, text=True, check=True,
    )  # fmt: skip
    names: list[Any] = json.loads(node.stdout)
    return names


def test_each_shortened_script_does_what_the_original_does() -> None:
    files = {
        name: "".join((STATIC / "js" / part).read_text("utf-8") for part in parts) for name, parts in BUNDLES.items()
    }
    sent = {name: bundle(name) for name in files} | {"written": shortened(WRITTEN)}
    files["written"] = WRITTEN
    assert differing([(name, files[name], sent[name]) for name in files]) == []
    assert all(len(sent[name]) < 0.75 * len(files[name]) for name in files)


def test_the_comparison_finds_differences() -> None:
    pairs = [
        ("(() => { const a = 1, b = 2; return a; })();", "(() => { const x = 1, y = 2; return y; })();"),
        ("((one) => one.name)();", "((x) => x.n)();"),
        ("((one) => ({ one }))();", "((x) => ({ x }))();"),
        ("((one) => document)();", "((document) => document)();"),
        ("((one) => `${one} b`)();", "((x) => `${x}b`)();"),
        ("((one) => (one + 1) * 2)();", "((x) => x + 1 * 2)();"),
    ]
    names = differing([(before, before, after) for before, after in pairs])
    assert [difference[0] for difference in names] == [before for before, _ in pairs]
