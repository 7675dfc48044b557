import numpy as np

from harness.kinds.span_extraction.model import best_span


def test_the_best_span_does_not_end_before_it_begins_nor_outside_of_the_context():
    scores = np.zeros((2, 6))
    scores[0] = [9, 0, 1, 0, 5, 0]
    scores[1] = [9, 0, 7, 3, 1, 9]
    allowed = np.array([False, True, True, True, True, False])
    assert best_span(scores, allowed) == (8.0, 2, 2)
