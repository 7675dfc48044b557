"""What must hold for the orders of a sequence file beyond the shape of each value."""

from collections.abc import Iterator, Mapping
from math import perm
from typing import get_args

from harness.config.balanced_design import MOST_TASKS_OF_SHORT_DESIGN, Design, block_rows, most_rows
from harness.config.outline import Outline
from harness.config.problem import Problem, listed
from harness.config.sequence_file import MOST_INTERMEDIATES
from harness.config.yaml_source import Key, dotted
from harness.message_text import nearest


def order_problems(outline: Outline) -> Iterator[Problem]:
    """Yield every problem of the orders: tasks, lengths, and designs that do not exist."""
    yield from twice(outline, "length", outline.lengths)
    yield from _repeated_tasks(outline)
    yield from twice(outline, "order", {key: tuple(order.values()) for key, order in outline.orders.items()})
    yield from _unknown_tasks(outline)
    yield from _too_long(outline)
    yield from _too_large_sample(outline)
    yield from _impossible_balance(outline)


def twice(outline: Outline, what: str, places: Mapping[Key, object]) -> Iterator[Problem]:
    """Yield a problem for each value that stands at an earlier place already."""
    first: dict[object, Key] = {}
    for key, value in places.items():
        if value in first:
            message = f"this {what} stands twice; first at {dotted(first[value])}"
            yield outline.source.problem(key, message, "keep one of them")
        first.setdefault(value, key)


def _repeated_tasks(outline: Outline) -> Iterator[Problem]:
    if outline.repeats:
        return
    for order in outline.orders.values():
        first: dict[str, Key] = {}
        for key, name in order.items():
            if name in first:
                message = f"this task of one order stands twice; first at {dotted(first[name])}"
                remedy = "keep one of them, or write orders: {listed: [...], repeats: true} to train it again"
                yield outline.source.problem(key, message, remedy)
            first.setdefault(name, key)


def _unknown_tasks(outline: Outline) -> Iterator[Problem]:
    names = dict.fromkeys(outline.intermediates.values())
    for order in outline.orders.values():
        for key, name in order.items():
            if name not in names:
                remedy = f"{nearest(name, names)}Add it to `intermediates`, or name one of {listed(names)}"
                yield outline.source.problem(key, "this task is not among the intermediates", remedy)


def _too_long(outline: Outline) -> Iterator[Problem]:
    count = len(outline.intermediates)
    lengths = dict(outline.lengths)
    single = outline.design.get("length")
    if type(single) is int:
        lengths["orders", "length"] = single
    for key, length in lengths.items():
        if length > count:
            message = f"longer than the {count} intermediate task{'s' if count != 1 else ''}"
            allowed = "lengths from 0" if key in outline.lengths else "a length from 1"
            remedy = f"write {allowed} to {count}, or add intermediates"
            yield outline.source.problem(key, message, remedy)


def _too_large_sample(outline: Outline) -> Iterator[Problem]:
    sample, length = outline.design.get("sample"), _length(outline)
    if type(sample) is int and length is not None and len(outline.intermediates) <= MOST_INTERMEDIATES:
        there_are = perm(len(outline.intermediates), length)
        if sample > there_are:
            message = f"there are only {there_are:,} orders of {length} of {len(outline.intermediates)} tasks"
            remedy = f"write at most {there_are}, or orders: {{lengths: [{length}]}} for all of them"
            yield outline.source.problem(("orders", "sample"), message, remedy)


def _impossible_balance(outline: Outline) -> Iterator[Problem]:
    key: Key = ("orders", "balanced")
    tasks, length = len(set(outline.intermediates.values())), _length(outline)
    design: Design | None = next((d for d in get_args(Design) if d == outline.design.get("balanced")), None)
    if design is None or length is None or tasks > MOST_INTERMEDIATES:
        return
    if tasks < 2:
        yield outline.source.problem(key, "a balanced design needs two tasks or more", "add intermediates")
    elif design == "williams" and length < 2:
        message = "orders of one task hold no succession to balance"
        remedy = "write balanced: latin, or a length of 2 or more"
        yield outline.source.problem(("orders", "length"), message, remedy)
    elif block_rows(design, tasks, length) is None:
        message = f"no Williams design of {length} out of {tasks} tasks is known here"
        remedy = (
            f"leave out `length` (orders of all {tasks} tasks exist), take at most "
            f"{MOST_TASKS_OF_SHORT_DESIGN} intermediates, or write balanced: latin"
        )
        yield outline.source.problem(key, message, remedy)
    else:
        yield from _unbalanced_rows(outline, design, tasks, length)


def _unbalanced_rows(outline: Outline, design: Design, tasks: int, length: int) -> Iterator[Problem]:
    rows, block = outline.design.get("rows"), block_rows(design, tasks, length)
    if type(rows) is not int or rows < 1 or block is None:
        return
    most = most_rows(design, tasks, length)
    if rows % block or rows > most:
        allowed = f"{block}" if most == block else f"a multiple of {block}, at most {most:,}"
        message = f"{length} of {tasks} tasks are balanced only in certain numbers of orders"
        yield outline.source.problem(("orders", "rows"), message, f"write {allowed}")


def _length(outline: Outline) -> int | None:
    """Return the length of the design's orders; None where it is not a possible one."""
    length = outline.design.get("length", len(outline.intermediates))
    possible = type(length) is int and 1 <= length <= len(outline.intermediates)
    return length if possible else None
