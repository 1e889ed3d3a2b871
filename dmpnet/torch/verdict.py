"""What a trained convolutional network shows on the whole test set, and its card: `python -m dmpnet.torch.verdict RUN`.

RUN is a folder that dmpnet.torch.camera trained in to the end. Its graph, a record and its curve go to
models/graphs/NAME/seedK.*, and the card there is written anew. The test set is looked at here and nowhere else.
"""

import argparse
import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tabulate import tabulate
from torch import nn

from dmpnet import data
from dmpnet.brian.simulation import simulate
from dmpnet.disk import shipped
from dmpnet.disk.files import whole_file
from dmpnet.equations.neurons import Neuron
from dmpnet.errors import DmpnetError
from dmpnet.graph import Convolution, Graph, Population, file
from dmpnet.graph.graph import parameters
from dmpnet.reference import graphs
from dmpnet.results import answers, ledger, provenance, table
from dmpnet.torch.camera import Recipe, network
from dmpnet.torch.conversion import folded
from dmpnet.torch.layers import DMP, LIF, Readout, Spiking
from dmpnet.trained.activity import mismatches
from dmpnet.training.card import looks, sure

BATCH = 50


def module_of(graph: Graph) -> nn.Sequential:
    """The module in float64, BatchNorm folded, that camera.Run wrote as `graph`."""
    arguments = {key: tuple(value) if isinstance(value, list) else value
                 for key, value in graph.provenance["arguments"].items() if key != "name"}
    net = folded(network(Recipe(**arguments), graph.nodes[graph.input].shape_out, graph.classes)).double()
    nodes = {kind: iter([graph.nodes[name] for name in graph.nodes if isinstance(graph.nodes[name], kind)])
             for kind in (Convolution, Population)}
    affine: Any = iter([node for name, node in graph.nodes.items() if name.startswith("affine")])
    for module in [m for m in net.modules() if isinstance(m, (nn.Conv2d, nn.Linear, Spiking, Readout))]:
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            _fill(module, next(nodes[Convolution] if isinstance(module, nn.Conv2d) else affine))
        elif isinstance(module, (LIF, DMP)):
            node: Any = next(nodes[Population])
            module.start, module.decay_logit = Neuron(float(node.beta), float(node.g), float(node.theta)), None
        if isinstance(module, DMP):
            held: Any = graph.nodes
            for parameter, key in (("W_f", "W_f_0"), ("W_m", "W_m_0")):
                getattr(module, parameter).data = torch.from_numpy(held[key].weight)
                getattr(module, "b" + parameter[1:]).data = torch.from_numpy(held[key].bias)
            module.w_x.data = torch.from_numpy(held["w_x_0"].weight[0])
            module.b_x.data = torch.from_numpy(held["w_x_0"].bias).reshape(())
    return net  # type: ignore[return-value]


def _fill(module: Any, node: Any) -> None:
    module.weight.data = torch.from_numpy(node.weight)
    module.bias.data = torch.from_numpy(node.bias)


@torch.no_grad()
def measured(graph: Graph, recordings: data.Recordings) -> dict[str, Any]:
    """Accuracy on all recordings in Brian2 (C++) and by the NumPy reference; where that, Brian2 and the module in
    float64 differ."""
    net, spiking = module_of(graph), []
    for module in net:
        if isinstance(module, Spiking):
            module.register_forward_hook(lambda _, __, spikes: spiking.append(spikes.flatten(2).numpy() > 0))
    right, differ, differ_in_brian2 = 0, 0, 0
    in_brian2_told = []
    compared, mismatched, in_brian2 = (np.zeros(len(graph.populations), np.int64) for _ in range(3))
    rates, margin, shape = [], np.inf, graph.nodes[graph.input].shape_out
    for first in range(0, len(recordings), BATCH):
        s_in = recordings.batch(slice(first, first + BATCH))
        seen, got = graphs.run(graph, s_in), simulate(graph, s_in, backend="cpp_standalone")
        spiking.clear()
        logits = net(torch.from_numpy(s_in).reshape(*s_in.shape[:2], *shape))
        in_brian2_told.append(got.predictions)
        differ_in_brian2 += int((got.predictions != seen.predictions).sum())
        in_brian2 += [wrong for _, wrong in mismatches(got, seen)]
        right += int((seen.predictions == recordings.labels[first:first + BATCH]).sum())
        differ += int((logits.argmax(1).numpy() != seen.predictions).sum())
        compared += [spikes.size for spikes in seen.spikes]
        mismatched += [int((a != b).sum()) for a, b in zip(seen.spikes, spiking, strict=True)]
        rates.append([len(s_in) * rate.mean() for rate in seen.rates])
        margin = min(margin, seen.margin)
    return {"samples": len(recordings), "accuracy_reference": 100 * right / len(recordings),
            "accuracy_brian2": 100 * float((np.concatenate(in_brian2_told) == recordings.labels).mean()),
            "right": answers.record(np.concatenate(in_brian2_told), recordings),
            "brian2_mismatched": in_brian2.tolist(),
            "brian2_classes_differing": differ_in_brian2,
            "classes_differing_from_pytorch_float64": differ, "places_compared": compared.tolist(),
            "places_mismatched": mismatched.tolist(), "margin": float(margin),
            "rates": (np.sum(rates, axis=0) / len(recordings)).tolist()}


def ship(run: Path, folder: Path, base: Path | None = None, to: Path | None = None) -> Path:
    """Judge the run and put it into `folder`/NAME, the look at the test set into the ledger (`to`, where another); the
    path of the card."""
    graph = file.load(run / "graph.npz")
    origin = graph.provenance
    recipe, epochs = origin["arguments"], sum(1 for _ in open(run / "curve.csv")) - 1
    if epochs < recipe["epochs"]:
        raise DmpnetError(f"{run}: trained for {epochs} of {recipe['epochs']} epochs, but the test set is looked at "
                          f"at the end; train to it first: python -m dmpnet.torch.camera {recipe['name']} --seed "
                          f"{recipe['seed']} --out {run}")
    place = folder / recipe["name"]
    place.mkdir(parents=True, exist_ok=True)
    stem = place / f"seed{recipe['seed']}"
    found = {"seed": recipe["seed"], "parameters": parameters(graph), "epoch": origin["epoch"],
             "validation_accuracy": 100 * origin["validation_accuracy"]}
    test = data.load(graph.encoding.dataset, "test", base)
    found |= measured(graph, test)
    ledger.note(graph, test, found["accuracy_brian2"], recipe["name"], to)
    shutil.copyfile(run / "graph.npz", f"{stem}.npz")
    shutil.copyfile(run / "curve.csv", f"{stem}.curve.csv")
    found["made"] = provenance.record("dmpnet.torch.verdict", {})
    with whole_file(Path(f"{stem}.json")) as temporary:
        temporary.write_text(json.dumps(found, indent=2) + "\n")
    with whole_file(place / "README.md") as temporary:
        temporary.write_text(card(place))
    return place / "README.md"


def card(place: Path) -> str:
    """The text beside the seeds' graphs and records in `place`."""
    found = [json.loads(path.read_text()) for path in sorted(place.glob("seed*.json"))]
    graph = file.load(place / f"seed{found[0]['seed']}.npz")
    origin, code = graph.provenance, graph.encoding
    default = asdict(replace(Recipe(), seed=origin["arguments"]["seed"]))
    recipe = ", ".join(f"{key} {value}" for key, value in origin["arguments"].items() if key in default
                       and key != "seed" and value not in (0, 0.0))
    accuracy, error = table.mean_and_error([n["accuracy_brian2"] for n in found])
    spread = f" +- {error:.2f} (s.e.m. of {len(found)} seeds)" if error is not None else " (one seed)"
    rows = [{"seed": n["seed"], "epoch": n["epoch"], "validation %": f"{n['validation_accuracy']:.1f}",
             "test %": f"{n['accuracy_brian2']:.1f}",
             "classes, places differing in Brian2": f"{n['brian2_classes_differing']}, {sum(n['brian2_mismatched'])}",
             "classes differing from PyTorch": n["classes_differing_from_pytorch_float64"],
             "places differing": f"{sum(n['places_mismatched']):,} of {sum(n['places_compared']):,}",
             "margin": f"{n['margin']:.1e}", "active %": table.active(n["rates"])}
            for n in found]
    return (f"# {place.name}\n\n"
            f"- **network**: {graph.shape}, {found[0]['parameters']:,} stored numbers\n"
            f"- **data**: {code.dataset}: {code.kind}, {code.steps} steps of {code.dt * 1e3:g} ms\n"
            f"- **split**: {origin['training_samples']:,} samples trained on, {origin['validation_samples']:,} held "
            f"out of the training set to choose the epoch, {found[0]['samples']:,} test samples\n"
            f"- **recipe**: {recipe}\n- **commit**: {origin['commit']}\n"
            f"- **versions**: {', '.join(f'{key} {value}' for key, value in origin['versions'].items())}\n"
            f"- **data licence**: {origin['data']['licence']}\n\n"
            f"## Whole test part\n\n**{accuracy:.2f} %**{spread} in Brian2 (C++).{sure(place.name, found)} "
            f"Trained and validated on {origin['data']['part']}; the test samples are others than these.\n\n"
            f"{tabulate(rows, headers='keys', tablefmt='github')}\n\n"
            f"PyTorch: the module in float64. Places: one neuron, step and sample, compared between it (or Brian2) and "
            f"the reference. Margin: closest a membrane came to its threshold. Active: neurons that fire in a step, "
            f"layer by layer.\n\n{looks(place.name)}"
            f"Trained again by `python -m dmpnet.torch.camera {place.name} --seed K --out FOLDER`, judged by "
            f"`python -m dmpnet.torch.verdict FOLDER`.\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dmpnet.torch.verdict", description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--to", type=Path, default=shipped.folder() / "graphs")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--ledger", type=Path)
    given = parser.parse_args()
    print(ship(given.run, given.to, given.data, given.ledger).read_text())


if __name__ == "__main__":
    main()
