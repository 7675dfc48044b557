from types import SimpleNamespace

import torch

from harness.kinds.registry import task_kind


def test_the_loss_of_a_span_does_not_depend_on_the_padding():
    torch.manual_seed(1)
    starts, ends = torch.randn(2, 3, 9)
    labels = torch.tensor([[2, 4], [0, 0], [1, 5]])
    mask = torch.ones(3, 9, dtype=torch.long)
    mask[:, 6:] = 0

    def loss(width):
        output = SimpleNamespace(start_logits=starts[:, :width], end_logits=ends[:, :width])
        return task_kind("span_extraction").model.head.loss_sum(output, labels, mask[:, :width])

    torch.testing.assert_close(loss(9), loss(6))
    expected = torch.nn.functional.cross_entropy(starts[:, :6], labels[:, 0], reduction="sum")
    expected += torch.nn.functional.cross_entropy(ends[:, :6], labels[:, 1], reduction="sum")
    torch.testing.assert_close(loss(9), expected / 2)
