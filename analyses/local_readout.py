"""How far does a readout get that learns on line by a local rule, with slow memory as context and without?

The hidden pathway is drawn (dmpnet.learning.hidden), the readout learns by the delta rule (dmpnet.learning.readout),
shd-regen in an order drawn by the seed. Passes and learning rate were chosen on held-out speakers and classes; the test
set is told once, at the end. The first pass is also learned in Brian2 and compared. Beside it: backpropagation through
the whole network (shipped shd-regen-dmp2, shd-regen-fsnn).

python analyses/local_readout.py --data FOLDER        (minutes; hidden spikes are kept in --work and used again)
"""

import argparse
from pathlib import Path

import numpy as np
from tabulate import tabulate

from dmpnet import data, provenance, table
from dmpnet.commands import options
from dmpnet.files import write_arrays
from dmpnet.learning import hidden, readout
from dmpnet.learning.readout import Readout

N, ETA, PASSES = 1000, 0.002, 5
PATHWAYS = {"DMP, drawn": 1.0, "the same without slow memory": 0.0}


def traces(context: float, recordings: data.Recordings, train: data.Recordings, work: Path, seed: int) -> np.ndarray:
    """(n, N) of a drawn pathway on `recordings`, from Brian2 in C++ or from the last time."""
    path = work / f"traces-{recordings.split}-{context:g}-{seed}.npz"
    if not path.exists():
        network = hidden.drawn(train, N, context=context, seed=seed)
        r = hidden.traces(network, recordings.values, backend="cpp_standalone")
        write_arrays(path, counts=np.rint(r * recordings.values.shape[1]).astype(np.uint16))
    with np.load(path) as file:
        return file["counts"] / recordings.values.shape[1]


def taught(r: np.ndarray, labels: np.ndarray, seed: int, told: tuple[np.ndarray, np.ndarray]) -> tuple[Readout, list]:
    """The readout after all passes, and % right of `told` (traces, labels) after each."""
    state, curve = readout.blank(20, N), []
    for number in range(PASSES):
        order = np.random.RandomState((seed, number)).permutation(len(r))
        state, _ = readout.exact(state, r[order], labels[order], ETA)
        curve.append(100 * float((state(told[0]) == told[1]).mean()))
    return state, curve


def difference(r: np.ndarray, labels: np.ndarray, seed: int) -> float:
    """Largest difference of a weight after a pass in Brian2 and in NumPy."""
    order = np.random.RandomState((seed, 0)).permutation(len(r))
    ours, _ = readout.learn(readout.blank(20, N), r[order], labels[order], ETA)
    want, _ = readout.exact(readout.blank(20, N), r[order], labels[order], ETA)
    return float(np.abs(ours.W - want.W).max())


def backpropagation() -> dict[str, float]:
    """Mean over the shipped seeds."""
    return {name: table.mean_and_error([run["accuracy_brian2"] for run in table.results(name)])[0]
            for name in ("shd-regen-dmp2", "shd-regen-fsnn")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("work-local-readout"), help="folder for hidden spikes")
    options.data(parser)
    options.common(parser, "results/local_readout.json")
    arguments = parser.parse_args()
    seed = arguments.seed
    train, test = (data.load("shd-regen", split, arguments.data) for split in ("train", "test"))
    runs = []
    for name, context in PATHWAYS.items():
        r = traces(context, train, train, arguments.work, seed)
        run = {"pathway": name, "active %": 100 * float(r.mean())}
        for by, fraction in (("speaker", 0.2), ("class", 0.1)):
            kept, held = data.validation_split(train, fraction, seed, by)
            run[f"validation by {by}"] = taught(r[kept], train.labels[kept], seed, (r[held], train.labels[held]))[1]
        r_test = traces(context, test, train, arguments.work, seed)
        state, _ = taught(r, train.labels, seed, (r[:500], train.labels[:500]))
        run["test"] = 100 * float((state(r_test) == test.labels).mean())
        run["largest difference Brian2, NumPy, after a pass"] = difference(r, train.labels, seed)
        runs.append(run)
    print(tabulate([{"pathway": run["pathway"], "held-out speakers %": run["validation by speaker"][-1],
                     "held-out samples %": run["validation by class"][-1], "test %": run["test"]} for run in runs],
                   headers="keys", floatfmt=".2f"))
    provenance.write(arguments.out, provenance.record(
        "local_readout", options.given(arguments), settings={"N": N, "eta": ETA, "passes": PASSES}, runs=runs,
        backpropagation=backpropagation(), samples={"train": len(train), "test": len(test)}))


if __name__ == "__main__":
    main()
