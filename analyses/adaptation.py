"""A trained network meets drift: dead channels, a new speaker, a new class. How much does local learning win back?

Only the readout learns, on line, by the delta rule (dmpnet.learning.readout), one pass through a stream of labelled
samples of the new condition alone: nothing old is replayed. `recovered` is the share of what drift cost that is won
back, `old loses` what the old condition (intact input, known speakers, old classes) loses by it, in points of accuracy.

- dead channels: 40 of 140 inputs are silent; the shipped DMP II (backpropagation), 2,000 training samples with them
  silent. Here the old condition is intact input.
- new speaker: speakers 4 and 5 are in the test set only; half of what each says is the stream, the other half is told.
  Cost is against the known speakers of the test set.
- new class: a drawn DMP pathway that was taught 19 classes, then the last by its samples alone. The columns are of
  that class (cost: against the same taught all 20), old are the 19 others.

Learning rates were chosen on training samples (dead channels, also used for speakers; new class), never on test.

python analyses/adaptation.py --data FOLDER --work FOLDER of local_readout.py        (minutes)
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from local_readout import ETA, N, traces
from tabulate import tabulate

from dmpnet import data, provenance, shipped, weights
from dmpnet.commands import options
from dmpnet.files import write_arrays
from dmpnet.learning import hidden, readout
from dmpnet.learning.readout import Readout

NETWORK, DEAD, STREAM, NEW, CLASS = "shd-regen-dmp2", 40, 2000, 200, 19
RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)


def right(state: Readout, r: np.ndarray, labels: np.ndarray) -> float:
    """% told as labelled."""
    return 100 * float((state(r) == labels).mean())


def row(drift: str, before: float, drifted: float, after: float, old: float, old_after: float,
        **more: Any) -> dict[str, Any]:
    """A line of the result."""
    return {"drift": drift, "without drift %": before, "drifted %": drifted, "adapted %": after,
            "recovered": (after - drifted) / (before - drifted), "old before %": old, "old after %": old_after,
            "old loses": old - old_after} | more


def chosen(start: Readout, stream: tuple[np.ndarray, np.ndarray], told: tuple[np.ndarray, np.ndarray]) -> float:
    """The learning rate after which `told` is told best."""
    return max(RATES, key=lambda eta: right(readout.exact(start, *stream, eta)[0], *told))


def silenced(s_in: np.ndarray, seed: int) -> np.ndarray:
    """s_in with DEAD channels that the seed draws silent."""
    s_in = s_in.copy()
    s_in[:, :, np.random.RandomState(seed).permutation(s_in.shape[2])[:DEAD]] = 0
    return s_in


def remembered(path: Path, network: weights.TrainedNetwork, s_in: np.ndarray) -> np.ndarray:
    """hidden.traces, kept in a file."""
    if not path.exists():
        write_arrays(path, r=hidden.traces(network, s_in))
    with np.load(path) as file:
        return file["r"]


def of_the_trained(train: data.Recordings, test: data.Recordings, work: Path, seed: int) -> list[dict[str, Any]]:
    """Dead channels and new speakers, with the shipped network."""
    network = weights.load(shipped.path(NETWORK))
    order = np.random.RandomState(seed).permutation(len(train))
    part, held = train.take(order[:STREAM]), train.take(order[STREAM:STREAM + 1000])
    r_part, r_test = (remembered(work / f"intact-{name}-{seed}.npz", network, some.values)
                      for name, some in (("stream", part), ("test", test)))
    d_part, d_held, d_test = (remembered(work / f"dead-{name}-{seed}.npz", network, silenced(some.values, seed))
                              for name, some in (("stream", part), ("held", held), ("test", test)))
    start = readout.of(network.W_o, network.b_o, r_part)
    eta = chosen(start, (d_part, part.labels), (d_held, held.labels))
    after, _ = readout.learn(start, d_part, part.labels, eta)
    rows = [row(f"{DEAD} of {train.values.shape[2]} channels dead", right(start, r_test, test.labels),
                right(start, d_test, test.labels), right(after, d_test, test.labels),
                right(start, r_test, test.labels), right(after, r_test, test.labels), eta=eta, stream=len(part))]
    known = np.isin(test.speakers, np.unique(train.speakers))
    for speaker in np.setdiff1d(test.speakers, train.speakers):
        rows.append(_speaker(start, r_test, test, known, int(speaker), eta, seed))
    return rows


def _speaker(start: Readout, r: np.ndarray, test: data.Recordings, known: np.ndarray, speaker: int, eta: float,
             seed: int) -> dict[str, Any]:
    said = np.random.RandomState(seed).permutation(np.flatnonzero(test.speakers == speaker))
    stream, told = said[:len(said) // 2], said[len(said) // 2:]
    after, _ = readout.learn(start, r[stream], test.labels[stream], eta)
    old = right(start, r[known], test.labels[known])
    return row(f"speaker {speaker}", old, right(start, r[told], test.labels[told]),
               right(after, r[told], test.labels[told]), old, right(after, r[known], test.labels[known]), eta=eta,
               stream=len(stream))


def new_class(train: data.Recordings, test: data.Recordings, work: Path, seed: int) -> dict[str, Any]:
    """The last class, after the 19 others, with a drawn pathway."""
    r, r_test = (traces(1.0, some, train, work, seed) for some in (train, test))
    kept, held = data.validation_split(train, 0.1, seed)

    def taught(which: np.ndarray) -> Readout:
        state = readout.blank(20, N)
        for number in range(3):
            order = np.random.RandomState((seed, number)).permutation(which)
            state, _ = readout.exact(state, r[order], train.labels[order], ETA)
        return state

    old, new = kept[train.labels[kept] != CLASS], kept[train.labels[kept] == CLASS][:NEW]
    start, whole = taught(old), taught(kept)

    def fair(eta: float) -> float:
        """Mean of the accuracies of the new class and of the others, on training samples held out."""
        state, _ = readout.exact(start, r[new], train.labels[new], eta)
        is_new = train.labels[held] == CLASS
        return sum(right(state, r[held[which]], train.labels[held[which]]) for which in (is_new, ~is_new)) / 2

    eta = max(RATES, key=fair)
    after, _ = readout.learn(start, r[new], train.labels[new], eta)
    of = test.labels == CLASS
    return row(f"class {CLASS} after the others", *(right(state, r_test[of], test.labels[of])
                                                    for state in (whole, start, after)),
               *(right(state, r_test[~of], test.labels[~of]) for state in (start, after)), eta=eta, stream=len(new))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("work-local-readout"), help="folder for hidden spikes")
    options.data(parser)
    options.common(parser, "results/adaptation.json")
    arguments = parser.parse_args()
    train, test = (data.load("shd-regen", split, arguments.data) for split in ("train", "test"))
    given = (train, test, arguments.work, arguments.seed)
    rows = [*of_the_trained(*given), new_class(*given)]
    print(tabulate(rows, headers="keys", floatfmt=".2f"))
    provenance.write(arguments.out, provenance.record("adaptation", options.given(arguments), rows=rows,
                                                      network=NETWORK))


if __name__ == "__main__":
    main()
