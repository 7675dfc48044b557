import pytest
import torch

from harness.training.cpu_dropout import CpuDropout, dropout, enable_cpu_dropout


@pytest.mark.parametrize("probability", [0.1, 0.25, 0.5, 0.9])
def test_elements_are_dropped_with_the_probability_and_the_mean_stays(probability):
    torch.manual_seed(1)
    values = torch.ones(1000, 1001)
    found = dropout(values, probability)
    # Five standard deviations of a share of a million draws.
    bound = 5 * (probability * (1 - probability) / values.numel()) ** 0.5
    assert abs(float((found == 0).float().mean()) - probability) < bound
    assert abs(float(found.mean()) - 1) < bound / (1 - probability)
    assert len(found.unique()) == 2


def test_elements_are_dropped_independently_of_their_neighbours():
    torch.manual_seed(1)
    kept = (dropout(torch.ones(4_000_000), 0.5) > 0).float() - 0.5
    for distance in (1, 2, 3, 4):
        assert abs(float((kept[distance:] * kept[:-distance]).mean()) * 4) < 5 / 2000


def test_the_gradient_passes_where_the_value_did():
    torch.manual_seed(1)
    values = torch.randn(64, 33, requires_grad=True)
    found = dropout(values, 0.3)
    found.sum().backward()
    torch.testing.assert_close(values.grad * values.detach(), found.detach())


def test_the_same_seed_draws_the_same_whatever_the_threads_and_the_number_format():
    def drawn(threads, dtype):
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        torch.manual_seed(3)
        found = dropout(torch.ones(777, 333, dtype=dtype), 0.1) == 0
        torch.set_num_threads(before)
        return found

    one = drawn(1, torch.float32)
    assert torch.equal(one, drawn(2, torch.float32))
    assert torch.equal(one, drawn(2, torch.bfloat16))


def test_nothing_is_dropped_outside_training_nor_by_probability_zero():
    values = torch.randn(5, 7)
    assert CpuDropout(0.5).eval()(values) is values
    assert CpuDropout(0.0)(values) is values


def test_a_models_dropouts_are_replaced_and_keep_their_probability():
    model = torch.nn.Sequential(torch.nn.Dropout(0.2), torch.nn.Sequential(torch.nn.Dropout1d(0.3)))
    enable_cpu_dropout(model)
    assert type(model[0]) is CpuDropout and model[0].p == 0.2
    assert type(model[1][0]) is torch.nn.Dropout1d
