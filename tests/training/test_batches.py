import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.training.batches import BatchPlan, epoch_batches, shares, step_count, subsample


def lengths_of(rows, seed=0):
    return np.random.RandomState(seed).randint(5, 129, rows).astype(np.int64)


@given(st.integers(1, 700), st.integers(1, 40), st.integers(0, 2**31 - 1), st.integers(0, 5))
def test_an_epoch_holds_every_row_once_and_one_smaller_batch_at_most(rows, batch_size, seed, epoch):
    batches = epoch_batches(lengths_of(rows), batch_size, seed, epoch)
    assert sorted(np.concatenate(batches)) == list(range(rows))
    sizes = sorted(len(batch) for batch in batches)
    assert all(size == batch_size for size in sizes[1:]) and sizes[0] == (rows % batch_size or batch_size)


def test_batches_hold_rows_of_like_length_and_come_in_random_order():
    lengths = lengths_of(3200)
    batches = epoch_batches(lengths, 32, 1, 0)
    padded = sum(lengths[batch].max() * len(batch) for batch in batches)
    assert padded < 1.05 * lengths.sum()
    means = [lengths[batch].mean() for batch in batches]
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.3


def test_the_order_follows_seed_and_epoch():
    lengths = lengths_of(100)
    first = epoch_batches(lengths, 8, 1, 0)
    assert all((a == b).all() for a, b in zip(first, epoch_batches(lengths, 8, 1, 0), strict=True))
    for seed, epoch in ((2, 0), (1, 1)):
        other = epoch_batches(lengths, 8, seed, epoch)
        assert [batch.tolist() for batch in other] != [batch.tolist() for batch in first]


@given(st.integers(1, 64), st.integers(1, 4), st.integers(1, 4))
def test_the_shares_of_all_ranks_are_the_batch(rows, ranks, accumulation):
    batch = np.random.RandomState(rows).permutation(rows)
    parts = [shares(batch, rank, ranks, accumulation) for rank in range(ranks)]
    assert all(len(part) == accumulation for part in parts)
    assert sorted(np.concatenate([piece for part in parts for piece in part])) == list(range(rows))
    sizes = [len(piece) for part in parts for piece in part]
    assert max(sizes) - min(sizes) <= 1


def test_a_plan_can_be_entered_at_any_step():
    plan = BatchPlan(lengths_of(70), 8, step_count(2.5, 9, None), 4)
    assert plan.steps == 23
    whole = list(plan.from_step(0))
    assert len(whole) == 23
    for step in (1, 9, 10, 22, 23):
        rest = list(plan.from_step(step))
        assert len(rest) == 23 - step
        assert all((a == b).all() for a, b in zip(rest, whole[step:], strict=True))
        rows, tokens = plan.totals(step)
        assert rows == sum(len(batch) for batch in whole[:step])
        assert tokens == sum(int(plan.lengths[batch].sum()) for batch in whole[:step])


def test_steps_replace_epochs_and_parts_of_an_epoch_round_up_to_steps():
    assert step_count(0.1, 30, None) == 3
    assert step_count(0.101, 30, None) == 4
    assert step_count(0.0001, 30, None) == 1
    assert step_count(5, 30, 7) == 7


def test_a_subsample_is_drawn_by_the_seed_in_order_of_the_rows():
    drawn = subsample(1000, 100, 3)
    assert len(set(drawn)) == 100 and (np.diff(drawn) > 0).all()
    assert (drawn == subsample(1000, 100, 3)).all() and (drawn != subsample(1000, 100, 4)).any()
    assert len(subsample(50, None, 3)) == len(subsample(50, 60, 3)) == 50
