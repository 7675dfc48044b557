import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.models.prediction import batches_of_tokens


@given(lengths=st.lists(st.integers(1, 128), max_size=200), tokens=st.integers(1, 4096))
def test_every_text_is_in_one_batch_within_the_token_budget(lengths, tokens):
    made = list(batches_of_tokens(np.array(lengths, np.int64), tokens))
    assert sorted(np.concatenate(made).tolist() if made else []) == list(range(len(lengths)))
    for rows in made:
        assert len(rows) * max(lengths[row] for row in rows) <= tokens or len(rows) == 1
    firsts = [lengths[rows[0]] for rows in made]
    assert firsts == sorted(firsts, reverse=True)
