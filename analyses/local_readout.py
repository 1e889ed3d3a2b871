"""How far does a readout get that learns on line by a local rule, with slow memory as context and without?

The hidden pathway is drawn (dmpnet.learning.hidden), on spikes also tuned by STDP without labels; the readout learns by
the delta rule (dmpnet.learning.readout), in an order drawn by the seed: words of shd-regen, and digits of S-MNIST a
pixel a step (the first 10,000). Slow memory, passes, rates of the rules and lengths of streams were chosen on held-out
speakers and samples of the training set; the test set is told at the end, with --look alone. The first pass is also
learned in Brian2 and compared. The figure has backpropagation beside it.

python analyses/local_readout.py --data FOLDER        (minutes; hidden spikes are kept in --work and used again)
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

from dmpnet import data
from dmpnet.disk.files import digest_of, write_arrays
from dmpnet.equations.memory import Blocks
from dmpnet.learning import hidden, online, readout
from dmpnet.learning.readout import Readout
from dmpnet.results import ledger, options, provenance, script
from dmpnet.results.validation import VALIDATION

N, ETA, PASSES = 1000, 0.002, 5
HEARD = 150  # samples that STDP learns from
STDP = "DMP, W_f by STDP"
PATHWAYS = {"DMP, drawn": 1.0, "the same without slow memory": 0.0, STDP: 1.0}


@dataclass(frozen=True)
class Setting:
    """How a set is learned.

    blocks, context : of the slow memory (dmpnet.learning.hidden)
    samples : training samples, from the first
    held : what is held out of them, (by, fraction) each
    """

    blocks: Blocks
    context: float
    samples: int | None
    held: tuple[tuple[str, float], ...]


SETS = {"shd-regen": Setting(hidden.BLOCKS, 1.0, None, (("speaker", 0.2), ("class", 0.1))),
        "smnist": Setting(((10, 100.0), (20, 784.0)), 2.0, 10_000, (("class", 0.1),))}


def traces(context: float, recordings: data.Recordings, train: data.Recordings, work: Path, seed: int,
           stdp: int = 0) -> np.ndarray:
    """(n, N) of a drawn pathway on `recordings`, from Brian2 in C++ or from the last time.

    context : of the slow memory, in units of that of the set
    stdp : of `train`, samples that W_f is learned from before
    """
    path = work / f"traces-{recordings.name}-{recordings.split}-{context:g}-{seed}{'-stdp' * bool(stdp)}.npz"
    if not path.exists():
        setting = SETS[train.name]
        network = hidden.drawn(train, N, setting.blocks, context=context * setting.context, seed=seed)
        if stdp:
            network = hidden.by_stdp(network, train, stdp, seed=seed)
        r = online.traces(network, recordings.values, backend="cpp_standalone")
        write_arrays(path, counts=np.rint(r * recordings.values.shape[1]).astype(np.uint16))
    with np.load(path) as file:
        return file["counts"] / recordings.values.shape[1]


def taught(r: np.ndarray, labels: np.ndarray, seed: int, told: tuple[np.ndarray, np.ndarray]) -> tuple[Readout, list]:
    """The readout after all passes, and % right of `told` (traces, labels) after each."""
    state, curve = readout.blank(int(labels.max()) + 1, N), []
    for number in range(PASSES):
        order = np.random.RandomState((seed, number)).permutation(len(r))
        state, _ = readout.exact(state, r[order], labels[order], ETA)
        curve.append(100 * float((state(told[0]) == told[1]).mean()))
    return state, curve


def difference(r: np.ndarray, labels: np.ndarray, seed: int) -> float:
    """Largest difference of a weight after a pass in Brian2 and in NumPy."""
    order = np.random.RandomState((seed, 0)).permutation(len(r))
    blank = readout.blank(int(labels.max()) + 1, N)
    ours, _ = readout.learn(blank, r[order], labels[order], ETA)
    want, _ = readout.exact(blank, r[order], labels[order], ETA)
    return float(np.abs(ours.W - want.W).max())


def run(name: str, context: float, train: data.Recordings, test: data.Recordings | None, work: Path,
        seed: int, to: Path | None, heard: int = HEARD) -> dict[str, Any]:
    """What was told of held-out samples after every pass, and of the test set, if there is one, at the end."""
    stdp = heard * (name == STDP)
    r = traces(context, train, train, work, seed, stdp)
    found: dict[str, Any] = {"data": train.name, "pathway": name, "seed": seed, "active %": 100 * float(r.mean()),
                             "samples": len(train)}
    for by, fraction in SETS[train.name].held:
        kept, held = data.validation_split(train, fraction, seed, by)
        found[f"validation by {by}"] = taught(r[kept], train.labels[kept], seed, (r[held], train.labels[held]))[1]
    if test is not None:
        r_test = traces(context, test, train, work, seed, stdp)
        state, _ = taught(r, train.labels, seed, (r[:500], train.labels[:500]))
        found["test"] = 100 * float((state(r_test) == test.labels).mean())
        if test.split in ledger.TEST:
            ledger.see(ledger.Look(f"{train.name}, {name}, readout by the delta rule", seed, "",
                                   digest_of(state.W, state.b)[:16], *ledger.here_and_now(), test.name, len(test),
                                   round(found["test"], 4)), to)
    found["largest difference Brian2, NumPy, after a pass"] = difference(r, train.labels, seed)
    return found


def apart(train: data.Recordings, few: int, told: int) -> tuple[data.Recordings, data.Recordings]:
    """A few training samples to learn from, and others in place of the test set: of --quick."""
    learned, held = (train.take(part) for part in data.validation_split(train, 0.1))
    return learned.take(learned.balanced(few)), replace(held.take(held.balanced(told)), split=VALIDATION)


def main() -> None:
    parser = options.script(__doc__, None)
    options.look(parser)
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS), help="what is learned")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="default: 0")
    parser.add_argument("--work", type=Path, default=Path("work-local-readout"), help="folder for hidden spikes")
    options.quick(parser, "200 training samples, 100 others told in place of the test set, STDP on 10", few=200,
                  told=100, stdp=10)
    arguments = script.parsed(parser, "local_readout", "analyses/results/local_readout{part}.json")
    runs = provenance.Runs(arguments.out, "local_readout", script.given(arguments))
    runs.check(part=options.part_of(arguments))
    for name in arguments.sets:
        train = data.load(name, "train", arguments.data)
        test = data.load(name, "test", arguments.data) if arguments.look else None
        if arguments.quick:
            train, test = apart(train, arguments.few, arguments.told)
        train = train.take(slice(SETS[name].samples))
        for seed in arguments.seeds:
            for pathway, context in PATHWAYS.items():
                if (pathway != STDP or train.kind == "spikes") and not runs.has(data=name, pathway=pathway, seed=seed):
                    runs.add(run(pathway, context, train, test, arguments.work, seed, arguments.ledger,
                                 arguments.stdp if arguments.quick else HEARD) | {"part": options.part_of(arguments)})
    print(tabulate([{"data": run["data"], "pathway": run["pathway"], "seed": run["seed"], "active %": run["active %"],
                     "held-out samples %": run["validation by class"][-1], "test %": run.get("test")}
                    for run in runs.done],
                   headers="keys", floatfmt=("", "", "", ".1f", ".2f", ".2f")))


if __name__ == "__main__":
    script.told(main)
