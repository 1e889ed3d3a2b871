"""What a weights file holds, as tables: layers, neurons, slow memory, parameters, state, input and provenance.

Parameters are counted by the rule of Sun et al. 2026 (Table 1), which leaves out biases and w_x and counts the frozen
Abar, and as stored.
"""

import argparse

from tabulate import tabulate

from dmpnet import provenance, shipped, weights
from dmpnet.commands import options
from dmpnet.weights import TrainedNetwork


def add(parsers) -> None:
    p = parsers.add_parser("info", help="what a weights file holds; without a file, the shipped networks",
                           description=__doc__)
    p.add_argument("weights", nargs="?", metavar="FILE", help="weights file, or the name of a shipped network")
    options.common(p, None)
    p.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> None:
    if arguments.weights is None:
        tables: dict[str, list] = {"shipped": [_line(name) for name in shipped.names()]}
        print(tabulate(tables["shipped"], headers="keys", intfmt=","))
    else:
        network = options.network(arguments.weights)
        tables = {"layers": [_layer(network, number) for number in range(len(network.layers))],
                  "totals": _totals(network)}
        print(f"{arguments.weights}: {network.kind} {network.shape}\n")
        print(tabulate(tables["layers"], headers="keys", intfmt=","))
        print()
        print(tabulate(tables["totals"], tablefmt="plain"))
    if arguments.out:
        provenance.write(arguments.out, tables | provenance.record("info", options.given(arguments)))


def _line(name: str) -> dict[str, object]:
    network = weights.load(shipped.path(name))
    accuracy = network.provenance.get("validation_accuracy")
    return {"name": name, "network": f"{network.kind} {network.shape}", "data": network.encoding.dataset,
            "steps": network.encoding.steps, "parameters": weights.parameters(network)["paper"],
            "validation %": None if accuracy is None else round(100 * accuracy, 2)}


def _layer(network: TrainedNetwork, number: int) -> dict[str, object]:
    layer = network.layers[number]
    neuron, slow = layer.neuron, layer.slow
    return {"layer": number + 1, "inputs M": layer.M, "neurons N": layer.N, "d": slow.d if slow else 0,
            "theta": slow.theta if slow else None, "d_s": slow.d_s if slow else None,
            "recurrent": "yes" if layer.W_r is not None else "no", "decay": f"exponential, beta {neuron.beta:g}",
            "gain g": neuron.g, "threshold": neuron.theta_u, "reset": neuron.reset,
            "state": layer.state}


def _totals(network: TrainedNetwork) -> list[tuple[str, str]]:
    count, code, origin = weights.parameters(network), network.encoding, network.provenance
    state = sum(layer.state for layer in network.layers)
    rows = [
        ("parameters, the paper's rule", f"{count['paper']:,}   sum of M N + N d + d^2 (+ N^2) over layers, + N C"),
        ("parameters, trainable", f"{count['trainable']:,}   with biases and w_x, without Abar and Bbar"),
        ("numbers stored", f"{count['stored']:,}"),
        ("state buffers", f"{state:,}   N + d over layers"),
        ("input", f"{code.kind}, {code.channels} channels x {code.steps} steps of {code.dt * 1e3:g} ms"),
        ("data", code.dataset or "not said"),
        ("permutation", "none" if code.permutation is None else f"of {len(code.permutation)} steps"),
    ]
    for key in ("epoch", "validation_accuracy", "commit", "written"):
        if key in origin:
            rows.append((key.replace("_", " "), str(origin[key])))
    if "versions" in origin:
        rows.append(("versions", ", ".join(f"{name} {number}" for name, number in origin["versions"].items())))
    return rows
