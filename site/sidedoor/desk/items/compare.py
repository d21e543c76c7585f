"""Compares two texts word by word. Paragraphs are matched first, so that a long text is quick to compare and a moved
comma is a small change.

Lines that occur once in both texts are fixed points (the idea of patience diff); between them, the shortest way from
one text to the other is looked for (Myers 1986). The work grows with the square of the differences, so it has
a budget; once that is spent, the rest is shown as whole lines that were removed and added.
"""

import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

_ALIKE = 0.6
"""Paragraphs less alike than this count as two, not as one that was changed: interleaved words would make no sense."""
_STEPS = 500_000
"""The budget of one comparison: about a second."""
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_Run = tuple[int, int, int]
"""A run that both texts share: where it begins in the older and in the newer text, and its length."""


@dataclass(frozen=True)
class Part:
    """A run of text in both versions, in the newer alone (`added`), or in the older alone (`removed`)."""

    kind: Literal["same", "added", "removed"]
    text: str


class _Budget:
    left = _STEPS


def compare(older: str, newer: str) -> list[Part]:
    """Return what was removed and added to turn `older` into `newer`; in whole lines if they have little in common."""
    before, after, budget = older.splitlines(keepends=True), newer.splitlines(keepends=True), _Budget()
    parts: list[Part] = []
    for a, b, c, d, same in _stretches(_same_lines(before, after, budget), len(before), len(after)):
        if same:
            parts.append(Part("same", "".join(before[a:b])))
        else:
            parts += _words("".join(before[a:b]), "".join(after[c:d]), budget)
    return parts


def same_lines(older: list[str], newer: list[str]) -> dict[int, int]:
    """Return where in `newer` each unchanged line of `older` is, by its number in `older`."""
    runs = _same_lines(older, newer, _Budget())
    return {a + number: c + number for a, c, length in runs for number in range(length)}


def _words(older: str, newer: str, budget: _Budget) -> Iterator[Part]:
    before, after = _WORDS.findall(older), _WORDS.findall(newer)
    # The ratio of likeness is 1 - steps / length, so texts with more steps than this are not alike enough to go on.
    runs = _shortest_way(before, after, int((1 - _ALIKE) * (len(before) + len(after))), budget)
    if runs is None:
        yield from (part for part in (Part("removed", older), Part("added", newer)) if part.text)
        return
    for a, b, c, d, same in _stretches(runs, len(before), len(after)):
        if same:
            yield Part("same", "".join(before[a:b]))
            continue
        if a < b:
            yield Part("removed", "".join(before[a:b]))
        if c < d:
            yield Part("added", "".join(after[c:d]))


def _stretches(runs: list[_Run], older: int, newer: int) -> Iterator[tuple[int, int, int, int, bool]]:
    """Yield both texts stretch by stretch: start and end in the older, in the newer, and whether they are the same."""
    joined: list[_Run] = []
    for a, c, length in runs:
        if joined and (joined[-1][0] + joined[-1][2], joined[-1][1] + joined[-1][2]) == (a, c):
            joined[-1] = (*joined[-1][:2], joined[-1][2] + length)
        elif length:
            joined.append((a, c, length))
    at = ct = 0
    for a, c, length in [*joined, (older, newer, 0)]:
        if at < a or ct < c:
            yield at, a, ct, c, False
        if length:
            yield a, a + length, c, c + length, True
        at, ct = a + length, c + length


def _same_lines(before: list[str], after: list[str], budget: _Budget) -> list[_Run]:
    runs: list[_Run] = []
    a = c = 0
    for b, d in [*_anchors(before, after), (len(before), len(after))]:
        between = _shortest_way(before[a:b], after[c:d], b - a + d - c, budget) or []
        runs += [(a + i, c + j, length) for i, j, length in between]
        runs.append((b, d, 1 if b < len(before) else 0))
        a, c = b + 1, d + 1
    return runs


def _anchors(before: list[str], after: list[str]) -> list[tuple[int, int]]:
    """Lines that occur once in each text: the longest sequence of them that has the same order in both."""
    once = {line for line, count in Counter(before).items() if count == 1}
    once &= {line for line, count in Counter(after).items() if count == 1}
    place = {line: number for number, line in enumerate(after) if line in once}
    pairs = [(number, place[line]) for number, line in enumerate(before) if line in once]
    ends: list[int] = []
    rows: list[int] = []
    came_from: list[int] = []
    for number, (_, place_in_after) in enumerate(pairs):
        at = bisect_left(ends, place_in_after)
        ends[at : at + 1], rows[at : at + 1] = [place_in_after], [number]
        came_from.append(rows[at - 1] if at else -1)
    chosen, number = [], rows[-1] if rows else -1
    while number >= 0:
        chosen.append(pairs[number])
        number = came_from[number]
    return chosen[::-1]


def _shortest_way(before: Sequence[str], after: Sequence[str], most: int, budget: _Budget) -> list[_Run] | None:
    """The runs that both texts share, if at most `most` pieces differ and the budget lasts; otherwise None."""
    n, m, start = len(before), len(after), 0
    while start < min(n, m) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(n, m) - start and before[n - 1 - end] == after[m - 1 - end]:
        end += 1
    n, m = n - end, m - end
    # reached: for each diagonal k (older minus newer), how far into the older text this many differences lead. Only
    # every second diagonal occurs, so the entry of k is at (k + steps) / 2.
    trace: list[array[int]] = []
    reached = array("l", [start])
    for steps in range(min(most, n + m - 2 * start) + 1):
        one_fewer, reached = reached, array("l")
        for k in range(-steps, steps + 1, 2):
            x = first = _furthest(one_fewer, steps, k) if steps else start
            y = x - k
            while x < n and y < m and before[x] == after[y]:
                x, y = x + 1, y + 1
            reached.append(x)
            budget.left -= 1 + x - first
            if x >= n and y >= m:
                return _traced(trace, start, n, m, end)
        if budget.left < 0:
            return None
        trace.append(reached)
    return None


def _furthest(one_fewer: "array[int]", steps: int, k: int) -> int:
    """Where one more difference enters diagonal `k`: by a piece added (from k + 1) or removed (from k - 1)."""
    place = (k + steps) // 2  # of k + 1 in the list with one difference fewer; k - 1 is just before it
    put_in = one_fewer[place] if k != steps else -1
    taken_out = one_fewer[place - 1] + 1 if k != -steps else -1
    return max(put_in, taken_out)


def _traced(trace: "list[array[int]]", start: int, n: int, m: int, end: int) -> list[_Run]:
    """The runs that both texts share, traced back from the end through fewer and fewer differences."""
    runs, x, k = [(n, m, end)], n, n - m
    for steps in range(len(trace), 0, -1):
        first, place = _furthest(trace[steps - 1], steps, k), (k + steps) // 2
        runs.append((first, first - k, x - first))
        put_in = k != steps and trace[steps - 1][place] == first
        k += 1 if put_in else -1
        x = first if put_in else first - 1
    runs.append((start, start, x - start))
    runs.append((0, 0, start))
    return runs[::-1]
