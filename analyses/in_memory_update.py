"""What does updating all membranes in place save? Cycles, energy, what decides, and ours beside every published chip.

A model of ours (dmpnet.hardware.energy), of a circuit reconstructed by us (dmpnet.hardware.in_memory) after Shang et
al. 2026, arXiv 2603.12739: no number here is theirs but the four of their abstract. In place and sequential work on the
same banks at the same prices; what is assumed has a low and a high end, and every range printed is over all of them.
Activity is that of shipped networks: layers from their records, input from the test recordings. The operations of the
slow memory (d products a neuron and step) are left out.

python analyses/in_memory_update.py --data FOLDER        (seconds)
"""

from dataclasses import asdict, replace
from typing import Any

from tabulate import tabulate

from dmpnet import data
from dmpnet.disk import shipped
from dmpnet.hardware import energy, leak_limits, published
from dmpnet.hardware.energy import ASSUMED, RANGES, Assumptions
from dmpnet.results import options, provenance, script, table
from dmpnet.trained import weights

NETWORKS = ("shd-regen-dmp2-linear", "shd-regen-dmp2-sparse")
SIZES = tuple(2**power for power in range(6, 17))  # 64 to 65,536 neurons
LANES = (1, 4, 16)
SELECTED = tuple(place / 20 for place in range(21))
CORE = 256  # neurons of the core for which assumptions are told apart
SWEEP = (0.001, 0.01, 0.03, 0.1, 0.3)


def times(B: int) -> list[dict[str, Any]]:
    """us of an update, a record a size: in place, and with so many lanes."""
    return [{"N": N, "in place": energy.in_place(B, N).microseconds()} | {
        f"{lanes} lanes": energy.sequential(B, N, ours=replace(ASSUMED, lanes=lanes)).microseconds()
        for lanes in LANES} for N in SIZES]


def ratio(B: int, N: int, ours: Assumptions, word: int | None = None) -> float:
    """Energy of sequential over in place, both with the same assumptions."""
    return energy.sequential(B, N, word, ours=ours).pj / energy.in_place(B, N, ours).pj


def equal(B: int, N: int = CORE) -> list[dict[str, Any]]:
    """The ratio where lanes take whole rows, and so as many rows as in place, at every low and high end of the rest."""
    rest = {name: ends for name, ends in RANGES.items() if name not in ("lanes", "height", "cleared")}
    bits = 8 if B not in (4, 8, 16) else B  # words that fill a row
    found = []
    for cleared in RANGES["cleared"]:
        ends = [replace(ASSUMED, lanes=ASSUMED.columns // bits, cleared=cleared, **one) for one in energy.corners(rest)]
        ratios = [ratio(bits, N, one) for one in ends]
        found.append({"B": bits, "N": N, "lanes": ends[0].lanes, "cleared": cleared, "low": min(ratios),
                      "high": max(ratios)})
    return found


def selected(B: int, N: int = CORE) -> list[dict[str, Any]]:
    """The ratio against how much of a bit line falls beside a word that is read, a record a fraction."""
    return [{"half_selected": part} | {f"{lanes} lanes": ratio(B, N, replace(ASSUMED, lanes=lanes, half_selected=part))
                                       for lanes in LANES} for part in SELECTED]


def bands(B: int) -> list[dict[str, Any]]:
    """Low and high of sequential over in place, and which assumption decides, a record a case."""
    found = []
    for N, word in ((128, None), (CORE, None), (CORE, energy.TINYODIN_WORD), (1024, None)):
        for quantity in ("pj", "cycles"):
            band = energy.band(B, N, word, quantity)
            found.append({"N": N, "word": word or B, "quantity": quantity, "low": band.low, "high": band.high,
                          "decides": band.decides, "moves": band.moves})
    return found


def leak(B: int) -> dict[str, float]:
    """pJ of the leak of a neuron: ours, low and high, and as published for the array it is modelled on; and what
    sequential at our price is over that, which prices two memories unlike."""
    ours = [energy.in_place(B, CORE, replace(ASSUMED, **ends)).pj / CORE for ends in energy.corners(RANGES)]
    found = {"ours": energy.in_place(B, CORE).pj / CORE, "low": min(ours), "high": max(ours),
             "published": energy.published_leak_pj(B)}
    for word in (B, energy.TINYODIN_WORD):
        found[f"sequential, {word}-bit words, over published"] = (
            energy.sequential(B, CORE, word).pj / CORE / found["published"])
    return found


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


def designs(B: int, N: int) -> dict[str, list[float]]:
    """pJ of an update in each design: as assumed, lowest, highest."""
    ends = [replace(ASSUMED, **one) for one in energy.corners(RANGES)]
    found = {}
    for name, update in (("in place", energy.in_place), ("sequential", energy.sequential)):
        every = [update(B, N, ours=one).pj for one in ends]
        found[name] = [update(B, N).pj, min(every), max(every)]
    return found


def shares(B: int, layers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Energy of a step, a record a design: update, synaptic operations, share, pJ a SOP and its range."""
    sops, N = sum(layer["sops"] for layer in layers), sum(layer["updates"] for layer in layers)
    return [{"design": name, "sops": sops, "updates": N, "update_pj": pj, "sops_pj": sops * ASSUMED.sop_pj,
             "share": energy.share(pj, sops), "pj_per_sop": energy.per_sop(pj, sops),
             "low": energy.per_sop(low, sops), "high": energy.per_sop(high, sops)}
            for name, (pj, low, high) in designs(B, N).items()]


def sweep(B: int, N: int = 1024) -> list[dict[str, Any]]:
    """Share of the update in a layer of N neurons on N inputs, against the fraction of inputs that spike."""
    return [{"active": rate} | {name: energy.share(pj[0], rate * N * N) for name, pj in designs(B, N).items()}
            for rate in SWEEP]


def beside(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Every published chip over ours in place, of the first network: as assumed, least and most."""
    ours = found["networks"][NETWORKS[0]]["energy"][0]
    return [asdict(point) | {"over ours": point.pj / ours["pj_per_sop"], "least": point.pj / ours["high"],
                             "most": point.pj / ours["low"]} for point in published.PUBLISHED]


def abstract() -> list[dict[str, Any]]:
    """The ranges of the paper's abstract, and all pairs of published pJ a SOP over one energy that give both ends."""
    return [{"range": f"{least} to {most}", "of": name,
             "pairs": [pair._asdict() for pair in published.pairs(least, most)]}
            for name, (least, most) in published.ABSTRACT.items()]


def show(found: dict[str, Any]) -> None:
    """Print the tables; every title says whose numbers they are."""
    B = found["bits"]

    def told(title: str, rows: list[dict[str, Any]], digits: str = ".3g") -> None:
        print(f"\n{title}\n")
        print(tabulate(rows, headers="keys", floatfmt=digits))

    told(f"us of one leak of N neurons, B = {B} bits, {ASSUMED.clock_hz / 1e6:g} MHz [our model]", found["times"],
         ".4g")
    told("energy, sequential over in place, equal conditions: same banks, lanes that take whole rows [our model]",
         found["equal"])
    told(f"energy, sequential over in place, N = {CORE}, against what falls beside a word [our model]",
         found["selected"][::4])
    told("sequential over in place, all low and high ends [our model]",
         [{key: value for key, value in row.items() if key != "moves"} for row in found["bands"]])
    told("by how much each assumption, from its low to its high end, moves that ratio [our model]",
         [{"N": row["N"], "word": row["word"], "quantity": row["quantity"]} | row["moves"] for row in found["bands"]])
    told("pJ of the leak of a neuron", [found["leak"]])
    for name, network in found["networks"].items():
        told(f"{name}: activity a step, measured", network["layers"], ".4g")
        told("its energy a step [our model]", network["energy"], ".4g")
    told("Share of the update, 1,024 neurons on 1,024 inputs, against the inputs active in a step [our model]",
         found["sweep"])
    told("pJ per synaptic operation: published (operations differ), and over our model in place",
         [{"name": row["name"], "pJ": row["pj"], "nm": row["node"], "over ours": row["over ours"],
           "least": row["least"], "most": row["most"], "scope": row["scope"]} for row in found["published"]])
    for row in found["abstract"]:
        told(f"abstract of Shang et al., {row['range']} times less ({row['of']}): pairs of the above that give it, "
             f"with their own pJ from and to", row["pairs"] or [{"": "no pair"}], ".4g")


def main() -> None:
    parser = options.script(__doc__, "analyses/results/in_memory_update.json")
    parser.add_argument("--bits", type=int, default=11, choices=leak_limits.WIDTHS, metavar="B",
                        help="bits of a membrane, 4 to 16 (default: 11, as IMPULSE's)")
    options.quick(parser, "input of 100 samples of the validation part", few=100)
    arguments = script.parsed(parser, "in_memory_update")
    B, rate_in = arguments.bits, input_rate(options.shown(arguments, weights.load(shipped.path(NETWORKS[0]))))
    found: dict[str, Any] = {
        "bits": B, "assumptions": asdict(ASSUMED), "ranges": RANGES, "times": times(B), "equal": equal(B),
        "selected": selected(B), "bands": bands(B), "leak": leak(B), "crossover": energy.crossover(B), "networks": {},
        "sweep": sweep(B), "abstract": abstract()}
    for name in NETWORKS:
        layers = activity(name, rate_in)
        found["networks"][name] = {"layers": layers, "energy": shares(B, layers)}
    found["published"] = beside(found)
    show(found)
    provenance.write(arguments.out, provenance.record("in_memory_update", script.given(arguments), **found))


if __name__ == "__main__":
    script.told(main)
