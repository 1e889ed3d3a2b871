"""What is shown when: every sample once an epoch, in an order of its own, with draws of its own."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install '.[train]'")

from networks import bars  # noqa: E402

from dmpnet.data import Recordings  # noqa: E402
from dmpnet.learning import hidden, online, readout  # noqa: E402
from dmpnet.training import augmentation, trainer  # noqa: E402
from dmpnet.training.recipe import Recipe  # noqa: E402

EPOCHS = 3


def seen(folder, monkeypatch, seed=0):
    """(a list of samples, a list of seeds drawn) for each batch of every epoch, and the trainer."""
    batches, draws = [], []
    run = trainer.Trainer(Recipe("smnist", sizes=(1, 4, 4, 2), d=2, theta=20.0, batch=16, epochs=EPOCHS, shift_steps=1,
                                 seed=seed), bars(), folder)
    step, augmented = run._step, augmentation.augmented
    monkeypatch.setattr(run, "_step", lambda chosen: batches.append(chosen.tolist()) or step(chosen))
    monkeypatch.setattr(augmentation, "augmented", lambda s_in, recipe, draw, *rest: draws.append(
        (run.standing.epoch, run.standing.batch, int(draw))) or augmented(s_in, recipe, draw, *rest))
    run.run()
    return batches, draws, run


def test_every_epoch_shows_every_sample_once_in_another_order(tmp_path, monkeypatch):
    batches, _, run = seen(tmp_path, monkeypatch)
    assert len(batches) == EPOCHS * run.batches
    epochs = [sum(batches[first:first + run.batches], []) for first in range(0, len(batches), run.batches)]
    for order in epochs:
        assert sorted(order) == sorted(run.train) and order != sorted(order)
    assert len({tuple(order) for order in epochs}) == EPOCHS


def test_every_piece_of_every_batch_draws_anew(tmp_path, monkeypatch):
    """Else dropout leaves out the same neurons and the same samples move by as much all the time."""
    _, draws, run = seen(tmp_path, monkeypatch)
    assert {place[:2] for place in draws} == {(k, n) for k in range(EPOCHS) for n in range(run.batches)}
    assert len({draw for *_, draw in draws}) == len(draws) > EPOCHS * run.batches, "a piece at least of each, all apart"


def test_every_pass_on_line_shows_every_sample_once_in_another_order(tmp_path, monkeypatch):
    values = (np.random.default_rng(0).random((12, 30, 4)) < 0.3).astype(np.uint8)
    data = Recordings("ours", "train", "spikes", values, 1.0, np.arange(12) % 3, None, 3, 1e-3)
    network = hidden.drawn(data, 10, context=0.0)
    shown = []
    run = online.OnLine(network, data, tmp_path, 0.1, passes=EPOCHS, piece=5)
    monkeypatch.setattr(run, "traces", lambda: np.repeat(np.arange(12.0)[:, None], 10, axis=1))  # a row is its number
    monkeypatch.setattr(readout, "learn", lambda state, r, labels, *_: shown.extend(r[:, 0]) or (state, labels))
    run.run()
    passes = np.array(shown).reshape(EPOCHS, 12)
    assert (np.sort(passes) == np.arange(12)).all()
    assert len({tuple(order) for order in passes.tolist()}) == EPOCHS
