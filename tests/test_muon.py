"""Muon in the arithmetic of the model's products: PyTorch's own in bfloat16, the same but for rounding in float32."""

import types

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")

from dmpnet.training.muon import Muon, orthogonal  # noqa: E402


@pytest.mark.parametrize("shape", [(7, 5), (5, 9), (6, 6)])
def test_muon_steps_as_in_torch_in_either_arithmetic(shape):
    """In bfloat16 the very same; in float32 the same within what bfloat16 rounds, and momentum to the bit."""
    model, draw = types.SimpleNamespace(products=torch.float32), torch.Generator().manual_seed(0)
    start, gradient = torch.randn(shape, generator=draw), torch.randn((4, *shape), generator=draw)
    ours, rounded, theirs = (torch.nn.Parameter(start.clone()) for _ in range(3))
    steps = [Muon([{"params": [ours], "weight_decay": 0.3}], 0.1, model),
             Muon([{"params": [rounded], "weight_decay": 0.3}], 0.1, types.SimpleNamespace(products=torch.bfloat16)),
             torch.optim.Muon([theirs], lr=0.1, weight_decay=0.3, adjust_lr_fn="match_rms_adamw")]
    for number in range(4):
        for optimiser, p in zip(steps, (ours, rounded, theirs), strict=True):
            p.grad = gradient[number].clone()
            optimiser.step()
    assert torch.equal(rounded, theirs)
    assert torch.equal(steps[0].state[ours]["momentum_buffer"], steps[2].state[theirs]["momentum_buffer"])
    assert steps[0].state_dict()["state"].keys() == steps[2].state_dict()["state"].keys()
    assert 0 < (ours - theirs).abs().max() < 0.03 * 4 * 0.1


@given(st.integers(2, 8), st.integers(2, 8), st.integers(0, 2**32 - 1))
def test_what_is_orthogonal_stays_and_the_rest_becomes_so(rows, columns, seed):
    """Whatever the singular values, 0.7 to 1.2 of them are left; directions stay."""
    rng = np.random.default_rng(seed)
    u, _, vt = np.linalg.svd(rng.normal(size=(rows, columns)), full_matrices=False)
    s = rng.uniform(0.1, 1, len(vt if rows > columns else u.T))
    made = orthogonal(torch.tensor(u * s @ vt), (3.4445, -4.7750, 2.0315), 5, 1e-7).numpy()
    left = np.diag(u.T @ made @ vt.T)
    np.testing.assert_allclose(u * left @ vt, made, atol=1e-9)
    assert 0.6 < left.min() and left.max() < 1.3
