"""A trained network meets drift: dead channels, a new speaker, a new class. How much does local learning win back?

Only the readout learns, on line, by the delta rule (dmpnet.learning.readout), from a stream of labelled samples of the
new condition alone: nothing old is replayed. `recovered` is the share of what drift cost that is won back, `old loses`
what the old condition (intact input, known speakers, old classes) loses by it, in points of accuracy.

- dead channels: 40 of 140 inputs are silent; the shipped DMP II (backpropagation), 500 to 7,000 training samples with
  them silent. Here the old condition is intact input.
- new speaker: a drawn DMP pathway (local_readout.py), taught the training speakers. Speakers 4 and 5 are in the test
  set only; half of what each says is the stream, three times, the other half is told. Cost is against the known
  speakers of the test set.
- new class: the same taught 19 classes, then the other by 200 of its samples, three times, for each of five classes;
  means. The columns are of that class (cost: against the same taught all 20), old are the 19 others.

A seed draws channels, orders and drawn pathways; the DMP II is that of the same seed. Learning rates were chosen on
training samples, never on test: for dead channels the one that teaches most, and ("old kept") the one that does so of
those by which intact input loses at most 2 points; for new speakers, on two of the training speakers left out at first,
and for new classes the one that teaches most of those by which the old lose at most 2 points.

python analyses/adaptation.py --look --data FOLDER --work FOLDER of local_readout.py        (minutes)
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from local_readout import ETA, PASSES, N, traces
from tabulate import tabulate

from dmpnet import data
from dmpnet.disk import shipped
from dmpnet.disk.files import digest_of_settings, write_arrays
from dmpnet.learning import online, readout
from dmpnet.learning.readout import Readout
from dmpnet.results import ledger, options, provenance, script, validation
from dmpnet.trained import weights
from dmpnet.trained.network import TrainedNetwork

NETWORK, DEAD, STREAMS, NEW = "shd-regen-dmp2", 40, (500, 2000, 7000), 200
CLASSES = (3, 7, 11, 15, 19)
RATES = np.geomspace(1e-5, 1e-2, 13).tolist()
MOST = 2.0  # points that the old may lose on training samples held out


def right(state: Readout, r: np.ndarray, labels: np.ndarray) -> float:
    """% told as labelled."""
    return 100 * float((state(r) == labels).mean())


def row(drift: str, before: float, drifted: float, after: float, old: float, old_after: float,
        **more: Any) -> dict[str, Any]:
    """A line of the result."""
    return {"drift": drift, "without drift %": before, "drifted %": drifted, "adapted %": after,
            "recovered": (after - drifted) / (before - drifted), "old before %": old, "old after %": old_after,
            "old loses": old - old_after} | more


def chosen(start: Readout, stream: tuple[np.ndarray, np.ndarray], told: tuple[np.ndarray, np.ndarray],
           old: tuple[np.ndarray, np.ndarray] | None = None) -> float:
    """The learning rate after which `told` is told best; of those by which `old`, if given, loses at most MOST."""
    after = {eta: readout.exact(start, *stream, eta)[0] for eta in RATES}
    kept = [eta for eta in RATES if old is None or right(start, *old) - right(after[eta], *old) <= MOST]
    return max(kept or RATES[:1], key=lambda eta: right(after[eta], *told))


def silenced(s_in: np.ndarray, seed: int) -> np.ndarray:
    """s_in with DEAD channels that the seed draws silent."""
    s_in = s_in.copy()
    s_in[:, :, np.random.RandomState(seed).permutation(s_in.shape[2])[:DEAD]] = 0
    return s_in


def remembered(path: Path, network: TrainedNetwork, s_in: np.ndarray) -> np.ndarray:
    """online.traces, kept in a file."""
    if not path.exists():
        write_arrays(path, r=online.traces(network, s_in))
    with np.load(path) as file:
        return file["r"]


def of_the_trained(train: data.Recordings, test: data.Recordings, work: Path, seed: int,
                   streams: Sequence[int] = STREAMS) -> list[dict[str, Any]]:
    """Dead channels, with the shipped network; streams of several lengths, one the beginning of the next."""
    network = weights.load(shipped.path(f"{NETWORK}/seed{seed}"))
    order = np.random.RandomState(seed).permutation(len(train))
    part, held = train.take(order[:streams[-1]]), train.take(order[streams[-1]:streams[-1] + 1000])
    of = f"{seed}-{weights.checksum(network)[:12]}"
    r_part, r_held, r_test = (remembered(work / f"intact-{name}-{of}.npz", network, some.values)
                              for name, some in (("stream", part), ("held", held), ("test", test)))
    d_part, d_held, d_test = (remembered(work / f"dead-{name}-{of}.npz", network, silenced(some.values, seed))
                              for name, some in (("stream", part), ("held", held), ("test", test)))
    start, rows = readout.of(network.W_o, network.b_o, r_part), []
    for stream, kept in [*((stream, False) for stream in streams), (streams[-1], True)]:
        eta = chosen(start, (d_part[:stream], part.labels[:stream]), (d_held, held.labels),
                     (r_held, held.labels) if kept else None)
        after, _ = readout.learn(start, d_part[:stream], part.labels[:stream], eta)
        rows.append(row(f"{DEAD} of {train.values.shape[2]} channels dead, {stream:,} samples{', old kept' * kept}",
                        right(start, r_test, test.labels), right(start, d_test, test.labels),
                        right(after, d_test, test.labels), right(start, r_test, test.labels),
                        right(after, r_test, test.labels), eta=eta, stream=stream))
    return rows


def taught(r: np.ndarray, train: data.Recordings, which: np.ndarray, seed: int) -> Readout:
    """The readout of a drawn pathway after PASSES through samples `which`."""
    state = readout.blank(20, N)
    for number in range(PASSES):
        order = np.random.RandomState((seed, number)).permutation(which)
        state, _ = readout.exact(state, r[order], train.labels[order], ETA)
    return state


def halves(which: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A stream, three times in its order, and what is told."""
    said = np.random.RandomState(seed).permutation(which)
    return np.tile(said[:len(said) // 2], 3), said[len(said) // 2:]


def new_speakers(r: np.ndarray, train: data.Recordings, r_test: np.ndarray, test: data.Recordings,
                 seed: int) -> list[dict[str, Any]]:
    """Speakers of the test set alone."""
    kept, held = data.validation_split(train, 0.2, seed, "speaker")
    old = kept[np.random.RandomState(seed).permutation(len(kept))[:len(kept) // 10]]
    start = taught(r, train, np.setdiff1d(kept, old), seed)
    trials = [halves(held[train.speakers[held] == speaker], seed) for speaker in np.unique(train.speakers[held])]

    def gain(eta: float) -> float:
        after = [readout.exact(start, r[stream], train.labels[stream], eta)[0] for stream, _ in trials]
        lost = right(start, r[old], train.labels[old]) - np.mean([right(s, r[old], train.labels[old]) for s in after])
        return -1 if lost > MOST else sum(right(s, r[told], train.labels[told])
                                          for s, (_, told) in zip(after, trials, strict=True))

    eta = max(RATES, key=gain)
    start = taught(r, train, np.arange(len(train)), seed)
    known = np.isin(test.speakers, np.unique(train.speakers))
    before = right(start, r_test[known], test.labels[known])
    rows = []
    for speaker in np.setdiff1d(test.speakers, train.speakers):
        stream, told = halves(np.flatnonzero(test.speakers == speaker), seed)
        after, _ = readout.learn(start, r_test[stream], test.labels[stream], eta)
        rows.append(row(f"speaker {speaker}", before, *(right(state, r_test[told], test.labels[told])
                                                        for state in (start, after)), before,
                        right(after, r_test[known], test.labels[known]), eta=eta, stream=len(stream) // 3))
    return rows


def new_classes(r: np.ndarray, train: data.Recordings, r_test: np.ndarray, test: data.Recordings,
                seed: int) -> dict[str, Any]:
    """Each of CLASSES after the 19 others; means."""
    kept, held = data.validation_split(train, 0.1, seed)
    whole, rows = taught(r, train, kept, seed), []
    for c in CLASSES:
        start = taught(r, train, kept[train.labels[kept] != c], seed)
        new = np.tile(kept[train.labels[kept] == c][:NEW], 3)
        is_new, of = train.labels[held] == c, test.labels == c
        best, eta = -1.0, RATES[0]
        for rate in RATES:
            state, _ = readout.exact(start, r[new], train.labels[new], rate)
            gain, before, after = (right(s, r[held[i]], train.labels[held[i]])
                                   for s, i in ((state, is_new), (start, ~is_new), (state, ~is_new)))
            if gain > best and before - after <= MOST:
                best, eta = gain, rate
        after, _ = readout.learn(start, r[new], train.labels[new], eta)
        rows.append([right(s, r_test[of], test.labels[of]) for s in (whole, start, after)]
                    + [right(s, r_test[~of], test.labels[~of]) for s in (start, after)] + [eta])
    means = np.mean(rows, axis=0).tolist()
    return row("a class after 19 others", *means[:5], eta=means[5], stream=NEW, each=rows)


def apart(arguments: argparse.Namespace, whole: data.Recordings) -> tuple[data.Recordings, data.Recordings]:
    """Training samples, and in place of the test set all of two speakers and some of the others: of --quick."""
    assert whole.speakers is not None
    unheard = np.isin(whole.speakers, np.unique(whole.speakers)[-2:])
    some = unheard | (np.arange(len(whole)) % 5 == 0)
    return (options.few(arguments, whole.take(~some)),
            replace(options.few(arguments, whole.take(some)), split=validation.VALIDATION))


def of_a_network(seed: int, whole: data.Recordings) -> list[data.Recordings]:
    """What a shipped network was trained on, and without."""
    return [whole.take(part) for part in validation.split(weights.load(shipped.path(f"{NETWORK}/seed{seed}")), whole)]


def main() -> None:
    parser = options.script(__doc__, "analyses/results/adaptation.json")
    options.look(parser)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="default: 0")
    parser.add_argument("--work", type=Path, default=Path("work-local-readout"), help="folder for hidden spikes")
    options.quick(parser, "200 training samples; in place of the test set others, and two speakers of the training "
                  "set", few=200, streams=(50, 100), seeds=[0])
    arguments = script.parsed(parser, "adaptation")
    options.only_looks(arguments, "adaptation: its new speakers are in the test set alone")
    runs = provenance.Runs(arguments.out, "adaptation", script.given(arguments))
    whole = data.load("shd-regen", "train", arguments.data)
    train, test = apart(arguments, whole) if arguments.quick else (whole, data.load("shd-regen", "test",
                                                                                    arguments.data))
    for seed in arguments.seeds:
        if not runs.has(seed=seed):
            r, r_test = (traces(1.0, some, train, arguments.work, seed) for some in (train, test))
            if arguments.quick:
                drift = of_the_trained(*(options.few(arguments, part) for part in of_a_network(seed, whole)),
                                       arguments.work, seed, arguments.streams)
            else:
                drift = of_the_trained(train, test, arguments.work, seed)
            rows = [*drift, *new_speakers(r, train, r_test, test, seed),
                    new_classes(r, train, r_test, test, seed)]
            for line in rows:
                told = line["adapted %"]
                look = ledger.Look(f"adaptation: {line['drift']}", seed, digest_of_settings({"eta": line["eta"]}),
                                   digest_of_settings({"seed": seed} | line), *ledger.here_and_now(), test.name,
                                   len(test), round(told, 4))
                if test.split in ledger.TEST:
                    ledger.see(look, arguments.ledger)
            runs.add({"seed": seed, "network": NETWORK, "rows": rows})
    print(tabulate([{"seed": run["seed"]} | {key: value for key, value in line.items() if key != "each"}
                    for run in runs.done for line in run["rows"]], headers="keys", floatfmt=".3g"))


if __name__ == "__main__":
    script.told(main)
