"""Long sorted tuples that are never changed: how two of them differ, and how to make the next one with a few items
moved.

An edit moves one of a hundred thousand items. Copying a tuple costs next to nothing; asking each of its items does not.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

Item = TypeVar("Item")


def difference(before: tuple[Item, ...], after: tuple[Item, ...]) -> tuple[set[Item], set[Item]]:
    """The items that only `before` has, and those that only `after` has. Items are the same if they are the same
    object."""
    if before is after:
        return set(), set()
    shorter = min(len(before), len(after))
    same_start = _same(shorter, lambda low, high: before[low:high] == after[low:high])
    same_end = _same(
        shorter - same_start,
        lambda low, high: before[len(before) - high : len(before) - low] == after[len(after) - high : len(after) - low],
    )
    old, new = set(before[same_start : len(before) - same_end]), set(after[same_start : len(after) - same_end])
    return old - new, new - old


def _same(most: int, is_same: Callable[[int, int], bool]) -> int:
    """How many items are the same, at most `most`. A binary search over slices, which the interpreter compares very
    quickly."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if is_same(low, middle):
            low = middle
        else:
            high = middle - 1
    return low


def moved(
    items: tuple[Item, ...], gone: Iterable[Item], new: Iterable[Item], key: Callable[[Item], Any]
) -> tuple[Item, ...]:
    """`items`, in the order of `key`, without those of `gone` that are among them, and with `new` ones."""
    result = list(items)
    for item in gone:
        place = bisect_left(result, key(item), key=key)
        while place < len(result) and result[place] is not item and key(result[place]) == key(item):
            place += 1
        if place < len(result) and result[place] is item:
            del result[place]
    for item in new:
        insort(result, item, key=key)
    return tuple(result)
