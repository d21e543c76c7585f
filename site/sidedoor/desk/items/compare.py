"""Two texts, word by word. Paragraphs are matched first, so that a long text stays quick and a moved comma small.

Lines that stand once in both texts hold the comparison together (the idea of patience diff); between them the shortest
way from one to the other is looked for (Myers 1986). The work grows with the square of what differs, so it has
a budget; once that is spent, the rest is shown as whole lines, taken out and put in.
"""

import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

_ALIKE = 0.6
"""Below this ratio two paragraphs are two, not one that was changed: interleaved, their words would make no sense."""
_STEPS = 500_000
"""What one comparison may cost: a second or so."""
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_Run = tuple[int, int, int]
"""Where a run that both have begins in the older and in the newer, and how long it is."""


@dataclass(frozen=True)
class Part:
    """A run of text that both have, or only the newer (`added`) or only the older (`removed`)."""

    kind: Literal["same", "added", "removed"]
    text: str


class _Budget:
    left = _STEPS


def compare(older: str, newer: str) -> list[Part]:
    """What was taken out of `older` and put in to make `newer`. Long texts with little in common: by whole lines."""
    before, after, budget = older.splitlines(keepends=True), newer.splitlines(keepends=True), _Budget()
    parts: list[Part] = []
    for a, b, c, d, same in _stretches(_same_lines(before, after, budget), len(before), len(after)):
        if same:
            parts.append(Part("same", "".join(before[a:b])))
        else:
            parts += _words("".join(before[a:b]), "".join(after[c:d]), budget)
    return parts


def same_lines(older: list[str], newer: list[str]) -> dict[int, int]:
    """Where each line of `older` that was not touched stands in `newer`."""
    runs = _same_lines(older, newer, _Budget())
    return {a + number: c + number for a, c, length in runs for number in range(length)}


def _words(older: str, newer: str, budget: _Budget) -> Iterator[Part]:
    before, after = _WORDS.findall(older), _WORDS.findall(newer)
    # The ratio of what is alike is 1 - steps / length, so this many steps are still alike, and more are not looked at.
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
    """The whole of both, in turn: from where to where in the older and the newer, and whether that is the same."""
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
        found = _shortest_way(before[a:b], after[c:d], b - a + d - c, budget) or []
        runs += [(a + i, c + j, length) for i, j, length in found]
        runs.append((b, d, 1 if b < len(before) else 0))
        a, c = b + 1, d + 1
    return runs


def _anchors(before: list[str], after: list[str]) -> list[tuple[int, int]]:
    """Lines that stand once in each: the longest row of them that is in order in both."""
    once = {line for line, count in Counter(before).items() if count == 1}
    once &= {line for line, count in Counter(after).items() if count == 1}
    place = {line: number for number, line in enumerate(after) if line in once}
    pairs = [(number, place[line]) for number, line in enumerate(before) if line in once]
    ends: list[int] = []
    rows: list[int] = []
    came_from: list[int] = []
    for number, (_, there) in enumerate(pairs):
        at = bisect_left(ends, there)
        ends[at : at + 1], rows[at : at + 1] = [there], [number]
        came_from.append(rows[at - 1] if at else -1)
    chosen, number = [], rows[-1] if rows else -1
    while number >= 0:
        chosen.append(pairs[number])
        number = came_from[number]
    return chosen[::-1]


def _shortest_way(before: Sequence[str], after: Sequence[str], most: int, budget: _Budget) -> list[_Run] | None:
    """The runs that both have, if at most `most` pieces differ and the budget lasts; otherwise None."""
    n, m, start = len(before), len(after), 0
    while start < min(n, m) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(n, m) - start and before[n - 1 - end] == after[m - 1 - end]:
        end += 1
    n, m = n - end, m - end
    # reached[k]: how far in the older text one gets on the diagonal k (older minus newer) with so many differences;
    # on every second diagonal, so k stands at (k + steps) / 2.
    trace: list[array[int]] = []
    reached = array("l", [start])
    for steps in range(min(most, n + m - 2 * start) + 1):
        before_this, reached = reached, array("l")
        for k in range(-steps, steps + 1, 2):
            x = first = _first(before_this, steps, k) if steps else start
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


def _first(before_this: "array[int]", steps: int, k: int) -> int:
    """Where diagonal `k` is entered with one difference more: by a piece put in (from k + 1) or taken out (k - 1)."""
    place = (k + steps) // 2  # of k + 1 among those with one difference less; k - 1 stands before it
    put_in = before_this[place] if k != steps else -1
    taken_out = before_this[place - 1] + 1 if k != -steps else -1
    return max(put_in, taken_out)


def _traced(trace: "list[array[int]]", start: int, n: int, m: int, end: int) -> list[_Run]:
    """The way back through what was reached with fewer and fewer differences."""
    runs, x, k = [(n, m, end)], n, n - m
    for steps in range(len(trace), 0, -1):
        first, place = _first(trace[steps - 1], steps, k), (k + steps) // 2
        runs.append((first, first - k, x - first))
        put_in = k != steps and trace[steps - 1][place] == first
        k += 1 if put_in else -1
        x = first if put_in else first - 1
    runs.append((start, start, x - start))
    runs.append((0, 0, start))
    return runs[::-1]
