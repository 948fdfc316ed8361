"""Attention against torch."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from tests.converters.pytorch.judge import Calls, converted, images

Q, K, V = images(2, 3, 5, 4), images(2, 3, 6, 4, seed=1), images(2, 3, 6, 7, seed=2)


def attention(**options):
    return Calls(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, **options))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"scale": 0.3},
        {"attn_mask": images(5, 6, seed=3)},
        {"attn_mask": images(2, 1, 5, 6, seed=3)},
        {"attn_mask": torch.ones(5, 6, dtype=torch.bool).tril()},
        {"attn_mask": torch.where(torch.ones(5, 6).tril() > 0, 0.0, -torch.inf)},
        {"is_causal": True},
    ],
    ids=lambda options: ",".join(options) or "plain",
)
def test_of_three_inputs(options):
    converted(attention(**options), Q, K, V)


def test_without_heads_and_without_a_batch():
    converted(attention(), Q[:, 0], K[:, 0], V[:, 0])
    converted(attention(), Q[0, 0], K[0, 0], V[0, 0])


def test_keys_that_several_heads_share():
    converted(attention(), Q, K[:, :1], V[:, :1])
    heads = images(2, 6, 5, 4)
    converted(attention(enable_gqa=True), heads, K, V)


def test_a_mask_from_the_input():
    module = Calls(lambda q, k, v, m: F.scaled_dot_product_attention(q, k, v, attn_mask=m * 2))
    converted(module, Q, K, V, images(5, 6, seed=3))


def test_a_row_that_sees_nothing_is_zero():
    mask = torch.ones(5, 6, dtype=torch.bool)
    mask[2] = False
    converted(attention(attn_mask=mask), Q, K, V)
    converted(
        Calls(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, (q @ k.mT > 0) & (q[..., :1] > 0))), Q, K, V
    )


def test_dropout_is_refused():
    with pytest.raises(ConversionError, match="captured with dropout"):
        convert(attention(dropout_p=0.1), (Q, K, V))


@pytest.mark.parametrize("first", [True, False])
def test_torchs_own_module(first):
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2, batch_first=first)

        def forward(self, x):
            return self.attention(x, x, x, need_weights=False)[0]

    converted(Own(), images(2, 5, 8))


def test_torchs_encoder_layer():
    torch.manual_seed(0)
    converted(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="relu"), images(2, 5, 8))
