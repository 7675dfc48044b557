"""Parallel pairs: clauses drawn by families, kept apart by split, spelled out in any language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from harness.embedded.corpus import entailment, paraphrase
from harness.embedded.corpus.drawing import Draw, Split, split_of
from harness.embedded.corpus.languages import GRAMMARS
from harness.embedded.corpus.meaning import Clause

Family = Callable[[Draw, str], tuple[Clause, Clause]]


@dataclass(frozen=True)
class ClausePair:
    """An item before it is spelled out: the family it was drawn from, two clauses and their label."""

    family: str
    first: Clause
    second: Clause
    label: str


@dataclass(frozen=True)
class PairDesign:
    """How a set of pairs is drawn: from each family, for each label, so many items a split."""

    name: str
    labels: tuple[str, ...]
    families: Mapping[str, Family]
    items_per_cell: Mapping[Split, int]


NLI = PairDesign(
    "mini_nli", entailment.LABELS, entailment.FAMILIES, {"train": 168, "validation": 8, "test": 20}
)
HARDER_NLI = PairDesign(
    "mini_inference",
    entailment.LABELS,
    entailment.HARDER_FAMILIES,
    {"train": 100, "validation": 7, "test": 13},
)
PARAPHRASE = PairDesign(
    "mini_paraphrase", paraphrase.LABELS, paraphrase.FAMILIES, {"train": 100, "validation": 10, "test": 30}
)


DESIGNS = {design.name: design for design in (NLI, HARDER_NLI, PARAPHRASE)}


@cache
def clause_pairs(name: str, split: Split) -> tuple[ClausePair, ...]:
    """The items of one split: labels take turns, and every full round holds each family and label once."""
    design = DESIGNS[name]
    draw = Draw(f"{name}/{split}")
    seen: set[tuple[Clause, Clause]] = set()
    items: list[ClausePair] = []
    for _ in range(design.items_per_cell[split]):
        families = {label: draw.shuffled(list(design.families)) for label in design.labels}
        for position in range(len(design.families)):
            for label in draw.shuffled(design.labels):
                family = families[label][position]
                first, second = _fresh(draw, design.families[family], label, split, seen)
                items.append(ClausePair(family, first, second, label))
    return tuple(items)


def _fresh(
    draw: Draw, family: Family, label: str, split: Split, seen: set[tuple[Clause, Clause]]
) -> tuple[Clause, Clause]:
    """A pair that is new and of which both English sentences belong to the split."""
    while True:
        pair = family(draw, label)
        if pair not in seen and all(split_of(GRAMMARS["en"].sentence(clause)) == split for clause in pair):
            seen.add(pair)
            return pair
