import pytest
import torch
from transformers import AutoModel

from harness.training.cpu_attention import CPU_ATTENTION, cpu_attention, enable_cpu_attention


def states(width=16):
    torch.manual_seed(1)
    return [torch.randn(2, 3, 7, width, requires_grad=True) for _ in range(3)]


def test_it_equals_torchs_scaled_dot_product_attention_forwards_and_backwards():
    ours, theirs = states(), states()
    mask = torch.zeros(2, 1, 7, 7)
    mask[1, ..., 5:] = torch.finfo(torch.float32).min
    found, weights = cpu_attention(torch.nn.Module(), *ours, mask)
    expected = torch.nn.functional.scaled_dot_product_attention(*theirs, attn_mask=mask).transpose(1, 2)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, 7))
    found.square().sum().backward()
    expected.square().sum().backward()
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one.grad, other.grad)


def test_dropout_drops_whole_weights():
    torch.manual_seed(1)
    query, key, value = (torch.zeros(4, 8, 50, 8) for _ in range(3))
    _, weights = cpu_attention(torch.nn.Module(), query, key, value, None, dropout=0.2)
    assert abs(float((weights == 0).float().mean()) - 0.2) < 0.01
    torch.testing.assert_close(weights.max(), torch.tensor(1 / 50 / 0.8), rtol=1e-4, atol=0)


@pytest.mark.parametrize("folder", ["bert", "xlm-roberta"])
def test_an_encoder_with_it_computes_what_it_computes_with_torchs(laboratory, folder):
    model = AutoModel.from_pretrained(laboratory.folder / folder, attn_implementation="sdpa").eval()
    ids = torch.randint(5, 40, (3, 9), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0
    with torch.inference_mode():
        expected = model(input_ids=ids, attention_mask=mask).last_hidden_state
        enable_cpu_attention(model)
        found = model(input_ids=ids, attention_mask=mask).last_hidden_state
    assert model.config._attn_implementation == CPU_ATTENTION
    torch.testing.assert_close(found[mask == 1], expected[mask == 1], rtol=1e-4, atol=1e-5)


def test_a_model_that_has_only_its_own_attention_keeps_it(laboratory):
    model = AutoModel.from_pretrained(laboratory.folder / "mdeberta")
    before = model.config._attn_implementation
    enable_cpu_attention(model)
    assert model.config._attn_implementation == before
