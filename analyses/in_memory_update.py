"""What does updating all membranes in place save? Cycles, energy, and the update's share in a trained network's step.

A model of ours (dmpnet.hardware.energy), of a circuit reconstructed by us (dmpnet.hardware.in_memory) after Shang et
al. 2026, arXiv 2603.12739: no number here is theirs. Activity is that of shipped networks, whose membranes decay
exponentially: layers from their records, input from the test recordings. The operations of the slow memory (d products
a neuron and step) are left out.

python analyses/in_memory_update.py --data FOLDER        (seconds)
"""

from dataclasses import asdict
from typing import Any

from tabulate import tabulate

from dmpnet import data
from dmpnet.disk import shipped
from dmpnet.hardware import energy, leak_limits
from dmpnet.hardware.energy import ASSUMED, Update
from dmpnet.results import options, provenance, script, table
from dmpnet.trained import weights

NETWORKS = ("shd-regen-dmp2", "shd-regen-dmp2-sparse")
SIZES = tuple(2**power for power in range(6, 17))  # 64 to 65,536 neurons
TWICE = (256, 1024)
DESIGNS = ("in place", "sequential", "sequential, 32-bit words", "sequential, exponential")
SWEEP = (0.001, 0.01, 0.03, 0.1, 0.3)


def designs(B: int, N: int) -> dict[str, Update]:
    """One leak of N neurons of B bits in each of DESIGNS."""
    return dict(zip(DESIGNS, (
        energy.in_place(B, N), energy.sequential(B, N), energy.sequential(B, N, energy.TINYODIN_WORD),
        energy.sequential(B, N, decay="exponential")), strict=True))


def scaling(B: int) -> list[dict[str, Any]]:
    """Cycles and pJ of an update in every design, a record a size."""
    return [{"N": N, "cycles": {name: update.cycles for name, update in designs(B, N).items()},
             "us": {name: update.microseconds() for name, update in designs(B, N).items()},
             "pj": {name: update.pj for name, update in designs(B, N).items()}} for N in SIZES]


def crossovers() -> list[dict[str, Any]]:
    """Smallest N from which on in place takes less, a record a width."""
    return [{"B": B, "cycles": energy.crossover(B), "pj": energy.crossover(B, "pj"),
             "pj, 32-bit words": energy.crossover(B, "pj", energy.TINYODIN_WORD)} for B in (4, 8, 11, 12, 16)]


def input_rate(recordings: data.Recordings, chunk: int = 256) -> float:
    """Fraction of input channels that spike in a step, over all recordings."""
    sums = [recordings.batch(slice(start, start + chunk)).sum() for start in range(0, len(recordings), chunk)]
    steps, channels = recordings.batch(slice(0, 1)).shape[1:]
    return float(sum(sums)) / (len(recordings) * steps * channels)


def activity(name: str, rate_in: float) -> list[dict[str, Any]]:
    """Layers of a shipped network: sizes, input spikes and synaptic operations a step (spikes x fan-out)."""
    network = weights.load(shipped.path(name))
    found = table.results(name)[0]
    rates = [rate_in, *found["rates"]]
    sizes = [*((layer.M, layer.N) for layer in network.layers), (network.W_o.shape[1], network.classes)]
    layers = [{"layer": number, "M": M, "N": N, "rate_in": rate, "spikes_in": rate * M, "sops": rate * M * N,
               "updates": N} for number, ((M, N), rate) in enumerate(zip(sizes, rates, strict=True), 1)]
    layers[-1] |= {"layer": "readout", "updates": 0}  # a mean over steps: no membrane leaks
    return layers


def shares(B: int, layers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Energy of a step, a record a design: update, synaptic operations, share, pJ a SOP."""
    sops, N = sum(layer["sops"] for layer in layers), sum(layer["updates"] for layer in layers)
    return [{"design": name, "sops": sops, "updates": N, "update_pj": update.pj, "sops_pj": sops * ASSUMED.sop_pj,
             "share": energy.share(update.pj, sops), "pj_per_sop": energy.per_sop(update.pj, sops)}
            for name, update in designs(B, N).items()]


def sweep(B: int, N: int = 1024) -> list[dict[str, Any]]:
    """Share of the update in a layer of N neurons on N inputs, against the fraction of inputs that spike."""
    return [{"active": rate} | {name: energy.share(update.pj, rate * N * N) for name, update in designs(B, N).items()}
            for rate in SWEEP]


def show(found: dict[str, Any]) -> None:
    """Print the tables; every title says whose numbers they are."""
    B = found["bits"]
    print(f"One leak of N neurons, B = {B} bits, {ASSUMED.clock_hz / 1e6:g} MHz [our model of our reconstruction]\n")
    print(tabulate([{"N": r["N"]} | {f"us, {n}": r["us"][n] for n in DESIGNS[:2]}
                    | {f"nJ, {n}": r["pj"][n] / 1e3 for n in DESIGNS} for r in found["scaling"]],
                   headers="keys", floatfmt=".4g"))
    print("\nSequential over in place [our model]\n")
    print(tabulate([{"N": r["N"], "time": r["cycles"][DESIGNS[1]] / r["cycles"][DESIGNS[0]]}
                    | {f"energy, {n}": r["pj"][n] / r["pj"][DESIGNS[0]] for n in DESIGNS[1:]}
                    for r in found["scaling"] if r["N"] in TWICE], headers="keys", floatfmt=".2f"))
    print("\nSmallest N from which on in place takes less [our model]\n")
    print(tabulate(found["crossovers"], headers="keys"))
    for name, network in found["networks"].items():
        print(f"\n{name}: activity a step, measured\n")
        print(tabulate(network["layers"], headers="keys", floatfmt=".4g"))
        print("\nits energy a step [our model]\n")
        print(tabulate(network["energy"], headers="keys", floatfmt=".4g"))
    print("\nShare of the update, 1,024 neurons on 1,024 inputs, against the inputs active in a step [our model]\n")
    print(tabulate(found["sweep"], headers="keys", floatfmt=".3g"))
    print("\npJ per synaptic operation: published (operations differ), and our model\n")
    print(tabulate(sorted(found["published"] + ours(found), key=lambda point: point["pj"]), headers="keys",
                   floatfmt=".3g"))


def ours(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Our model's points in the table of published ones."""
    return [{"name": f"our model: {network}, {entry['design']}", "pj": entry["pj_per_sop"], "source": "our model"}
            for network, facts in found["networks"].items() for entry in facts["energy"][:2]]


def main() -> None:
    parser = options.script(__doc__, "analyses/results/in_memory_update.json")
    parser.add_argument("--bits", type=int, default=11, choices=leak_limits.WIDTHS, metavar="B",
                        help="bits of a membrane, 4 to 16 (default: 11, as IMPULSE's)")
    arguments = script.parsed(parser, "in_memory_update")
    rate_in = input_rate(data.load("shd-regen", "test", arguments.data))
    found: dict[str, Any] = {
        "bits": arguments.bits, "assumptions": asdict(ASSUMED), "scaling": scaling(arguments.bits),
        "crossovers": crossovers(), "networks": {}, "sweep": sweep(arguments.bits),
        "published": [asdict(point) for point in energy.PUBLISHED]}
    for name in NETWORKS:
        layers = activity(name, rate_in)
        found["networks"][name] = {"layers": layers, "energy": shares(arguments.bits, layers)}
    show(found)
    provenance.write(arguments.out, provenance.record("in_memory_update", script.given(arguments), **found))


if __name__ == "__main__":
    script.told(main)
