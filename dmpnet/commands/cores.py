"""What does a step cost on the DMP core and on others, from the same spikes, and what are the paper's claims worth?

Counts events of real runs, by the NumPy reference, and prices them on models of cores (dmpnet.hardware.cores, a file
each): the DMP core; one without fusion and stationarity, after the paper's ElfCore variant; recurrent weights of equal
size, ReckOn's kind; delay lines, Loihi 2's kind, at Loihi's published event prices; a dense one, a GPU's kind. Prints
cycles, energy by path, area, traffic off the chip and how busy each path is: median, 5th and 95th percentile of
--draws of what nobody published. Then each claim of Sun et al. 2026 is inside, outside or undecidable by this model,
with the assumption that decides. No core here is the chip it is named after; nothing is fitted to their figures.
"""

import argparse
from typing import Any

import numpy as np

from dmpnet.commands.fit import counted
from dmpnet.errors import DmpnetError
from dmpnet.graph import networks
from dmpnet.graph.graph import Graph
from dmpnet.hardware import chip, claims, cores
from dmpnet.hardware.actions import PATHS
from dmpnet.hardware.core_run import OFF_CHIP, Run, Task
from dmpnet.hardware.energy import IMPULSE_CLOCK_HZ
from dmpnet.results import options, script, terminal, validation
from dmpnet.trained.network import TrainedNetwork

Runs = dict[str, list[Run]]
Band = dict[str, float]


def add(parsers) -> None:
    p = parsers.add_parser("cores", description=__doc__)
    p.add_argument("weights", metavar="NETWORK", help="weights file, or the name of a shipped network with slow memory")
    p.add_argument("--chip", default="dmp", metavar="CHIP",
                   help=f"words, lanes and datapath of the DMP core, its banks then as large as they need: description "
                        f"(.toml), or one of {', '.join(chip.names())} (default: dmp)")
    p.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="numbers of the chip to change")
    p.add_argument("--mhz", type=float, help="clock of every core that has one (default: the chip's, else 200)")
    p.add_argument("--samples", type=options.count(1), default=100, metavar="N",
                   help="recordings whose events are counted, drawn by --seed (default: 100)")
    p.add_argument("--split", help="part of the data set (default: test where its files are, else subset, what ships "
                                   "of it)")
    p.add_argument("--draws", type=options.count(2), default=200, metavar="N",
                   help="of what is assumed, by --seed (default: 200)")
    options.data_of_network(p)
    options.common(p, None)
    options.quick(p, "10 recordings of the validation part, 20 draws", samples=10,
                  split=validation.VALIDATION, draws=20)
    p.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> None:
    script.printed("cores", arguments, show)


def show(arguments: argparse.Namespace) -> dict[str, Any]:
    """Print the tables; gives them."""
    network = networks.named(arguments.weights)
    if isinstance(network, Graph):
        raise DmpnetError(f"cores: a graph of nodes ({network.shape}), but cores are compared on layers of trained "
                          f"networks; use fit (`dmpnet fit`), which says what it costs on a chip")
    described = chip.changed(chip.load(arguments.chip), options.settings(arguments.set))
    Hz = (1e6 * arguments.mhz if arguments.mhz is not None
          else described.clock.hz if described.clock else IMPULSE_CLOCK_HZ)
    task = asked(network, arguments, described, Hz)
    drawn = cores.draws(arguments.seed, arguments.draws)
    runs = cores.runs(task, drawn)
    found: dict[str, Any] = {"clock": Hz, "steps": int(task.works[0].events.shape[-1]), "events": [
        {"layer": number, "N": work.N, "M": work.M, "d": work.d, "events": float(work.S.mean()),
         "spikes": float(work.sent.mean())} for number, work in enumerate(task.works, 1)]}
    print(f"{arguments.weights}: {network.kind} {network.shape}, {len(task.works[0].events)} recordings of "
          f"{found['steps']} steps [our models]\n")
    print(terminal.table(found["events"], floatfmt=".1f"))
    dt = network.encoding.dt
    found |= {"time": times(task, runs, dt), "energy": energies(task, runs), "area": areas(runs), "use": uses(runs),
              "over ours": ratios(runs, drawn), "claims": verdicts(task, runs, drawn, dt),
              "assumed": [one._asdict() for one in cores.ASSUMED]}
    told("what is assumed, from low to high", [{"": one.name, "low": one.low, "high": one.high, "drawn": one.how,
                                                "why": one.why} for one in cores.ASSUMED], floatfmt=".4g")
    return found


def asked(network: TrainedNetwork, arguments: argparse.Namespace, described: chip.Chip, Hz: float) -> Task:
    """The task that a run of the network makes; refused before data is read where it has no slow memory."""
    if not any(layer.slow for layer in network.layers):
        raise DmpnetError(f"cores: {arguments.weights} has no slow memory, which the DMP core is for; take one that "
                          f"has, e.g. shd-regen-dmp2")
    works = counted(network, options.recordings(arguments, network, arguments.split))
    return Task(tuple(works), tuple(layer.slow.theta if layer.slow else 0.0 for layer in network.layers), described, Hz)


# tables


def told(title: str, rows: list[dict[str, Any]], **how: Any) -> None:
    print(f"\n{title}\n\n" + terminal.table(rows, **how))


def band(values: Any) -> Band:
    """Median, 5th and 95th percentile."""
    low, median, high = (float(value) for value in np.percentile(np.asarray(list(values), float), (5, 50, 95)))
    return {"median": median, "low": low, "high": high}


def shown(values: Band) -> str:
    """'12 (10-15)'; one number where all are the same."""
    median, low, high = (f"{values[key]:,.3g}" if abs(values[key]) < 1000 else f"{values[key]:,.0f}"
                         for key in ("median", "low", "high"))
    return median if low == median == high else f"{median} ({low}-{high})"


def rows(found: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """A row a core: bands as text, all else as it is."""
    return [{"core": cores.CORES[name].TITLE} | {key: shown(value) if isinstance(value, dict) else value
                                                 for key, value in line.items()} for name, line in found.items()]


def times(task: Task, runs: Runs, dt: float) -> dict[str, dict[str, Band]]:
    """Cycles of a step, ms of an inference, how much faster than real time (the paper's 4b)."""
    steps = task.works[0].events.shape[-1]
    found = {}
    for name, each in runs.items():
        cycles = np.array([run.cycles for run in each])
        found[name] = {"cycles a step": band(cycles), "ms a step": band(1e3 * cycles / task.clock),
                       "ms an inference": band(1e3 * steps * cycles / task.clock),
                       "times real time": band(dt * task.clock / cycles)}
    told(f"time at {task.clock / 1e6:g} MHz: median (5th-95th percentile of {len(runs[claims.OURS]):,} draws)",
         rows(found))
    return found


def energies(task: Task, runs: Runs) -> dict[str, dict[str, Band]]:
    """nJ of a step by path, and of an inference (the paper's 4c)."""
    steps = task.works[0].events.shape[-1]
    found = {}
    for name, each in runs.items():
        on_chip = np.array([run.total - run.pj[OFF_CHIP] for run in each]) / 1e3
        outside = np.array([run.pj[OFF_CHIP] for run in each]) / 1e3
        found[name] = {path: band(run.pj[path] / 1e3 for run in each) for path in PATHS} | {
            "on chip": band(on_chip), OFF_CHIP: band(outside), "inference, on chip": band(steps * on_chip),
            "inference, all": band(steps * (on_chip + outside))}
    told("energy by path, nJ a step", rows({
        name: {path: line[path] for path in PATHS} for name, line in found.items()}))
    told("energy, nJ a step and an inference", rows({
        name: {key: value for key, value in line.items() if key not in PATHS} for name, line in found.items()}))
    return found


def areas(runs: Runs) -> dict[str, dict[str, Any]]:
    """Bits of SRAM and full adders (the paper's 4d), parameters, and traffic off the chip."""
    found = {name: {"SRAM kbit": band(run.sram / 1e3 for run in each),
                    "full adders": band(run.arithmetic for run in each),
                    "parameters": f"{each[0].parameters:,}",
                    "off chip kbit": band(run.off_chip / 1e3 for run in each)} for name, each in runs.items()}
    told("area, parameters, and of a step traffic off the chip", rows(found))
    return found


def uses(runs: Runs) -> dict[str, dict[str, Band]]:
    """% of the cycles of a step in which each path works."""
    found = {name: {path: band(100 * run.busy.get(path, 0.0) / run.cycles for run in each) for path in PATHS}
             for name, each in runs.items()}
    told("use of every path, % of a step", rows(found))
    return found


def ratios(runs: Runs, drawn: list[dict[str, float]]) -> dict[str, dict[str, Band]]:
    """Every other core over the DMP core, draw by draw."""
    ours = runs[claims.OURS]
    found = {name: {"cycles": band(a.cycles / b.cycles for a, b in zip(each, ours, strict=True)),
                    "energy": band(a.total / b.total for a, b in zip(each, ours, strict=True)),
                    "energy on chip": band((a.total - a.pj[OFF_CHIP]) / (b.total - b.pj[OFF_CHIP])
                                           for a, b in zip(each, ours, strict=True)),
                    "area": band(a.area(draw) / b.area(draw) for a, b, draw in zip(each, ours, drawn, strict=True))}
             for name, each in runs.items() if name != claims.OURS}
    told("over the DMP core", rows(found))
    return found


def verdicts(task: Task, runs: Runs, drawn: list[dict[str, float]], dt: float) -> list[dict[str, Any]]:
    """Each claim, ours, and why."""
    judged = [claims.judged(claim, task, runs, drawn) for claim in claims.of_the_paper(dt)]
    told("claims of Sun et al. 2026 by this model", [
        {"claim": one.claim.says, "ours": f"{shown(one._asdict())} {one.claim.unit}", "verdict": one.verdict,
         "why": claims.why(one)} for one in judged])
    return [one._asdict() | {"claim": one.claim.says, "unit": one.claim.unit, "why": claims.why(one)} for one in judged]
