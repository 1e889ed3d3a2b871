"""Does every Brian2 back end give the spikes of the reference? Whole shipped digits and whole shd-regen test part.

Compares each place (sample, step, neuron) of every layer of the shipped DMP networks.

python analyses/agreement.py --data FOLDER --out results/agreement.json
"""

import argparse

from tabulate import tabulate

from dmpnet import data, provenance, shipped, weights
from dmpnet.backends import BACKENDS
from dmpnet.commands import options
from dmpnet.evaluation import evaluate

CASES = {"smnist-dmp2": "subset", "shd-regen-dmp2": "test", "shd-regen-dmp2-sparse": "test"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backends", nargs="+", default=list(BACKENDS), metavar="NAME")
    parser.add_argument("--networks", nargs="+", default=list(CASES), choices=list(CASES), metavar="NAME")
    options.data(parser)
    options.common(parser, "results/agreement.json")
    arguments = parser.parse_args()
    rows = []
    for name in arguments.networks:
        network = weights.load(shipped.path(name))
        recordings = data.load(network.encoding.dataset, CASES[name], arguments.data)
        for backend in arguments.backends:
            with options.bar(len(recordings), "sample", f"{name}, {backend}") as bar:
                result = evaluate(network, recordings, backend, bar.update)
            rows += [{"network": name, "back end": backend, "samples": len(recordings), "layer": layer,
                      "active %": 100 * rate, "places": places, "mismatched": wrong, "same class %": result.agreement}
                     for layer, (rate, places, wrong) in
                     enumerate(zip(result.rates, result.compared, result.mismatched, strict=True), 1)]
    print(tabulate(rows, headers="keys", floatfmt=".2f", intfmt=","))
    provenance.write(arguments.out, provenance.record("agreement", options.given(arguments), rows=rows))


if __name__ == "__main__":
    main()
