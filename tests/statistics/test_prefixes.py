import itertools

import numpy as np

from harness.statistics.prefixes import PrefixTree
from tests.statistics.generators import DESIGNS


def tree(*orders):
    return PrefixTree(tuple(tuple(order) for order in orders))


def test_all_orders_of_three_tasks_have_the_48_automorphisms_of_three_pairs():
    assert tree(*itertools.permutations("abc")).automorphisms == 48


def test_rows_that_share_nothing_can_be_relabeled_in_every_way():
    assert tree("ab", "ba", "ca").automorphisms == 6
    assert len({tuple(own) for own in tree("ab", "ba", "ca").every_relabeling()}) == 6


def test_a_row_never_takes_the_place_of_one_that_shares_with_others():
    every = tree("ab", "ac", "bc").every_relabeling()
    assert {tuple(own) for own in every} == {(0, 1, 2), (1, 0, 2)}


def test_every_automorphism_keeps_who_shares_with_whom_and_is_drawn_equally_often():
    rows = tree(*itertools.permutations("abc"))
    sharing = rows.sharing(1)
    every = {tuple(own) for own in rows.every_relabeling()}
    assert len(every) == 48
    drawn = rows.relabelings(np.random.RandomState(1), 4800)
    counts = dict.fromkeys(every, 0)
    for own in map(tuple, drawn):
        counts[own] += 1
        assert (sharing[np.ix_(own, own)] == sharing).all()
    assert min(counts.values()) > 60 and max(counts.values()) < 140


def test_a_stage_shared_by_all_rows_is_no_component_and_the_same_groups_are_one():
    assert tree("ab", "ac").components == ()
    assert len(tree("abc", "abd", "ef").components) == 1
    assert len(PrefixTree(DESIGNS["triples157"]).components) == 2
