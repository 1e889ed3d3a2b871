"""What a weights file holds, as tables: layers, neurons, slow memory, parameters, state, input and provenance.

Parameters are counted by the rule of Sun et al. 2026 (Table 1), which leaves out biases and w_x and counts the frozen
Abar, and as stored.
"""

import argparse
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np

from dmpnet.disk import shipped
from dmpnet.errors import DmpnetError
from dmpnet.graph import networks
from dmpnet.graph.graph import Graph
from dmpnet.results import graph_table, neurobench, options, reading, script, table, terminal
from dmpnet.trained import weights
from dmpnet.trained.adaptation import Adaptation
from dmpnet.trained.modes import Modes
from dmpnet.trained.network import TrainedNetwork, parameters

COUPLINGS = ("synapses", "shared")


def add(parsers) -> None:
    p = parsers.add_parser("info", description=__doc__)
    p.add_argument("weights", nargs="?", metavar="FILE", help="weights file, or the name of a shipped network")
    p.add_argument("--equations", nargs="?", const=COUPLINGS[0], choices=COUPLINGS, metavar="COUPLING",
                   help="also all that the network does in a step in Brian2, in order, as synapses (default) or shared")
    options.common(p, None, draws=False)
    p.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> None:
    if arguments.equations and arguments.weights is None:
        raise DmpnetError("info: --equations of no network; give a weights file, or the name of a shipped network")
    script.printed("info", arguments, show)


def show(arguments: argparse.Namespace) -> dict[str, Any]:
    """Print the tables; gives them."""
    if arguments.weights is None:
        tables: dict[str, Any] = {"shipped": [*(_line(name) for name in shipped.names()),
                                              *(_graph_line(name) for name in shipped.names("graphs"))]}
        shown = [{key: value for key, value in line.items() if key != "data"} for line in tables["shipped"]]  # in names
        print(terminal.table(shown, intfmt=",", floatfmt=".2f"))
        print("\ntest %: mean over seeds, in Brian2 on the whole test set (dmpnet table1); one of\nthem is NAME/seedK")
        print(textwrap.fill(reading.not_public(line["data"] for line in tables["shipped"]), 80))
    else:
        network = networks.named(arguments.weights)
        if isinstance(network, Graph):
            return graph_table.show(network, arguments.weights, bool(arguments.equations))
        tables = {"layers": _used([_layer(network, number) for number in range(len(network.layers))]),
                  "totals": _totals(network)}
        print(terminal.hanging(f"{arguments.weights}: {network.kind} {network.shape}"), end="\n\n")
        across = [[key, *(_text(layer[key]) for layer in tables["layers"])] for key in tables["layers"][0]]
        print(terminal.table(across[1:], across[0], disable_numparse=True))
        print()
        print(terminal.table(tables["totals"], tablefmt="plain"))
        if arguments.equations:
            tables["equations"] = _equations(network, arguments.equations)
            print(f"\n{tables['equations']}")
    return tables


def _equations(network: TrainedNetwork, coupling: str) -> str:
    """What the network does in a step once it is converted."""
    from dmpnet.brian.conversion import convert  # Brian2 takes a second to import

    return convert(network, np.zeros((1, 1, network.encoding.channels)), coupling=coupling).dynamics()


def _text(value: object) -> str:
    """Of a cell."""
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _line(name: str) -> dict[str, object]:
    network, found = weights.load(shipped.path(name)), table.results(name)
    accuracy = table.mean_and_error([result["accuracy_brian2"] for result in found])[0] if found else None
    return {"name": name, "network": f"{network.kind} {network.shape}", "data": network.encoding.dataset,
            "steps": network.encoding.steps, "parameters": parameters(network)["paper"],
            "seeds": len(shipped.runs(name)), "test %": accuracy}


def _graph_line(name: str) -> dict[str, object]:
    network, found = networks.named(name), table.results(name, shipped.folder() / "graphs")
    return {"name": name, "network": f"{network.kind} {network.shape}", "data": network.encoding.dataset,
            "steps": network.encoding.steps, "parameters": found[0]["parameters"],
            "seeds": len(shipped.runs(name, "graphs")),
            "test %": table.mean_and_error([result["accuracy_brian2"] for result in found])[0]}


def _layer(network: TrainedNetwork, number: int) -> dict[str, object]:
    layer = network.layers[number]
    neuron, slow = layer.neuron, layer.slow
    hierarchy = f"{slow.feed}: " + ", ".join(f"{d} over {theta:g}" for d, theta in slow.blocks) \
        if slow and slow.blocks else None
    return {"layer": number + 1, "inputs M": layer.M, "neurons N": layer.N, "d": slow.d if slow else 0,
            "theta": slow.theta if slow else None, "d_s": slow.d_s if slow else None, "blocks": hierarchy,
            "memory acts on": layer.acts if layer.acts != "current" else None,
            "delays": None if layer.delay is None else f"{layer.delay.min()} to {layer.delay.max()} steps",
            "recurrent": "yes" if layer.W_r is not None else "no",
            "modes": None if layer.modes is None else _ringing(layer.modes),
            "decay": layer.decaying if layer.modes is None else None,
            "adaptation": None if layer.adaptation is None else _tau(layer.adaptation),
            "gain g": None if layer.modes is not None else neuron.g if layer.beta is None else "1 - beta",
            "threshold": None if layer.values else neuron.theta_u,
            "reset": neuron.reset if layer.modes is None or layer.modes.emits == "reset" else None,
            "state": layer.state,
            "bits": None if layer.fixed is None else ", ".join(f"{name} {word.bits}"
                                                                for name, word in layer.fixed.words.items())}


def _tau(adaptation: Adaptation) -> str:
    """How long w remembers, in steps; rho_w = 0 nothing."""
    low, high = (-1 / np.log(rho) if rho else 0.0 for rho in (adaptation.rho_w.min(), adaptation.rho_w.max()))
    return f"tau_w {low:.0f} to {high:.0f} steps"


def _ringing(modes: Modes) -> str:
    """How many modes a neuron has, how long they last and of which period, in steps, and what it emits."""
    r, turns = np.maximum(modes.r, 1e-9), np.abs(modes.phi)
    emitted = "spikes, reset" if modes.emits == "reset" else modes.emits
    periods = f"periods from {2 * np.pi / turns.max():.0f}" if turns.max() > 0 else "none rings"
    low, high = -1 / np.log([r.min(), r.max()])
    return f"{modes.n} a neuron, tau {low:.0f} to {high:.0f} steps, {periods}; {emitted}"


def _used(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Without the columns of what no layer has."""
    optional = ("blocks", "memory acts on", "delays", "modes", "decay", "adaptation", "gain g", "threshold", "reset",
                "bits")
    absent = {key for key in optional if all(row[key] is None for row in rows)}
    return [{key: value for key, value in row.items() if key not in absent} for row in rows]


def _rule(network: TrainedNetwork) -> str:
    """What parameters counts as 'paper'."""
    blocks = any(layer.slow.blocks for layer in network.layers if layer.slow)
    delays = any(layer.delay is not None for layer in network.layers)
    modes = any(layer.modes for layer in network.layers)
    square = "sum of d_i^2 (a cascade: + d_2 + d_3 ...)" if blocks else "d^2"
    more = " + M" * delays + " + 3 or 4 a mode" * modes
    return f"sum of M N + N d + {square} (+ N^2){more} over layers, + N C" + (
        ", without zero padding" if network.integer else "")


def _totals(network: TrainedNetwork) -> list[tuple[str, str]]:
    count, code, origin = parameters(network), network.encoding, network.provenance
    metrics = neurobench.of_weights(network)
    state = sum(layer.state for layer in network.layers)
    delays, recurs = (any(getattr(layer, name) is not None for layer in network.layers) for name in ("delay", "W_r"))
    rings = any(layer.modes for layer in network.layers)
    rule = "2 a mode" if rings else ("2 N" if recurs else "N") + " + d" + " + sum of delays" * delays
    classes = "one a sample, of the mean readout" if network.kappa is None else \
        f"one every step, of the readout smoothed with kappa = {network.kappa:g}"
    rows = [
        ("parameters, the paper's rule", f"{count['paper']:,}   {_rule(network)}"),
        *([] if network.integer else
          [("parameters, trainable", f"{count['trainable']:,}   with biases and w_x, without Abar and Bbar")]),
        ("numbers stored", f"{count['stored']:,}"),
        ("footprint", f"{int(metrics['footprint']):,} bytes, of all arrays (NeuroBench)"),
        ("connection sparsity", f"{100 * metrics['connection_sparsity']:.1f} %, of weights that are 0 (NeuroBench)"),
        ("state buffers", f"{state:,}   {rule} over layers"),
        ("class", classes),
        *([("chip", f"{origin.get('chip', 'not said')}: all arrays are whole numbers")] if network.integer else []),
        ("input", f"{code.kind}, {code.channels} channels x {code.steps} steps of {code.dt * 1e3:g} ms"),
        ("data", code.dataset or "not said"),
        ("permutation", "none" if code.permutation is None else f"of {len(code.permutation)} steps"),
    ]
    stage = ", before" if network.integer and "chip" not in origin.get("start", {}) else ""
    told: dict[str, Callable[[Any], str]] = {
        "epoch": str, "validation_accuracy": lambda part: f"{100 * part:.2f} %", "commit": str, "written": str,
        "versions": lambda found: ", ".join(f"{name} {number}" for name, number in found.items())}
    return rows + [(key.replace("_", " ") + stage, text(origin[key])) for key, text in told.items() if key in origin]
