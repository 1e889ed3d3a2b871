"""Do PyTorch and every Brian2 back end give the spikes of the reference? On whole test parts and the shipped digits.

Compares each place (sample, step, neuron) of every layer of the shipped DMP networks, whose membranes decay
exponentially, linearly and by a shift.

python analyses/agreement.py --data FOLDER
"""


import numpy as np
from tabulate import tabulate

from dmpnet import data, reference
from dmpnet.brian.backends import BACKENDS
from dmpnet.disk import shipped
from dmpnet.results import options, provenance, script
from dmpnet.results.evaluation import evaluate
from dmpnet.trained import swap, weights
from dmpnet.trained.network import TrainedNetwork
from dmpnet.training.verdict import spikes

CASES = {"smnist-dmp2": "subset", "shd-regen-dmp2": "test", "shd-regen-dmp2-sparse": "test",
         "shd-regen-dmp2-linear": "test", "shd-regen-dmp2, shift": "test", "nmnist-dmp2-linear": "test",
         "smnist-dmp2, linear": "subset", "smnist-dmp2, shift": "subset"}
SWAPS = {"": lambda network: network, "linear": swap.linear, "shift": swap.shift}
BATCH = 50


def main() -> None:
    parser = options.script(__doc__, "analyses/results/agreement.json")
    options.to_ledger(parser)
    parser.add_argument("--backends", nargs="+", default=list(BACKENDS), metavar="NAME")
    parser.add_argument("--networks", nargs="+", default=list(CASES), choices=list(CASES), metavar="NAME")
    options.quick(parser, "5 samples of the validation part, Brian2 in NumPy", few=5, backends=["numpy"])
    arguments = script.parsed(parser, "agreement")
    rows = []
    for name in arguments.networks:
        shipped_name, _, other = name.partition(", ")
        network = SWAPS[other](weights.load(shipped.path(shipped_name)))
        recordings = options.shown(arguments, network, CASES[name])
        for backend in arguments.backends:
            result = evaluate(network, recordings, backend, f"{name}, {backend}", row=name if other else "",
                              to=arguments.ledger)
            rows += [{"network": name, "back end": backend, "samples": len(recordings), "layer": layer,
                      "active %": 100 * rate, "places": places, "mismatched": wrong, "same class %": result.agreement}
                     for layer, (rate, places, wrong) in
                     enumerate(zip(result.rates, result.compared, result.mismatched, strict=True), 1)]
        rows += [{"network": name, "back end": "PyTorch, float64", "samples": len(recordings), "layer": layer,
                  "active %": 100 * active / places, "places": places, "mismatched": wrong}
                 for layer, (active, places, wrong) in enumerate(in_pytorch(network, recordings).tolist(), 1)]
    print(tabulate(rows, headers="keys", floatfmt=".2f", intfmt=","))
    provenance.write(arguments.out, provenance.record("agreement", script.given(arguments), rows=rows))


def in_pytorch(network: TrainedNetwork, recordings: data.Recordings) -> np.ndarray:
    """(layers, 3): spikes of the trainer's network, places compared with the reference, places where they differ."""
    found = np.zeros((len(network.layers), 3), int)
    for start in range(0, len(recordings), BATCH):
        s_in = recordings.batch(slice(start, start + BATCH))
        for layer, (got, want) in enumerate(zip(spikes(network, s_in), reference.run(network, s_in).spikes,
                                                strict=True)):
            found[layer] += got.sum(), got.size, (got != want).sum()
    return found


if __name__ == "__main__":
    script.told(main)
