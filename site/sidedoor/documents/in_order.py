"""Long lists in order that are never changed: what tells two of them apart, and the next one with little moved.

Of a hundred thousand items an edit moves one. To copy a tuple costs next to nothing; to ask each of its items does not.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

Item = TypeVar("Item")


def difference(before: tuple[Item, ...], after: tuple[Item, ...]) -> tuple[set[Item], set[Item]]:
    """What went and what came. Items are the same where they are the same object."""
    if before is after:
        return set(), set()
    most = min(len(before), len(after))
    begins = _same(most, lambda low, high: before[low:high] == after[low:high])
    ends = _same(
        most - begins,
        lambda low, high: before[len(before) - high : len(before) - low] == after[len(after) - high : len(after) - low],
    )
    were, are = set(before[begins : len(before) - ends]), set(after[begins : len(after) - ends])
    return were - are, are - were


def _same(most: int, is_same: Callable[[int, int], bool]) -> int:
    """How many, at most `most`, are the same. Halves what is left: slices are compared by the interpreter itself."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if is_same(low, middle):
            low = middle
        else:
            high = middle - 1
    return low


def moved(
    items: tuple[Item, ...], gone: Iterable[Item], come: Iterable[Item], key: Callable[[Item], Any]
) -> tuple[Item, ...]:
    """`items`, in the order of `key`, without those of `gone` that are among them, and with those that come."""
    made = list(items)
    for item in gone:
        place = bisect_left(made, key(item), key=key)
        while place < len(made) and made[place] is not item and key(made[place]) == key(item):
            place += 1
        if place < len(made) and made[place] is item:
            del made[place]
    for item in come:
        insort(made, item, key=key)
    return tuple(made)
