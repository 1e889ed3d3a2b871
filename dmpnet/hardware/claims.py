"""Claims of Sun et al. 2026 about their core: inside, outside or undecidable by our model, and what flips them.

A claim is a number of a draw (of what nobody published, dmpnet.hardware.core_run) and the interval in which it says
that number is. Inside, where it holds in at least 95 of 100 draws, outside in at most 5, else undecidable by this
model, and also where more than 5 in 100 draws have nothing to compare. Nothing is fitted to them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dmpnet.hardware import chip, core_run, cycles
from dmpnet.hardware.core_run import Draw, Run, Task
from dmpnet.results import published

Runs = dict[str, list[Run]]
OURS, PUBLISHED = "dmp", ("recurrent", "delays")
"""Names in dmpnet.hardware.cores: the core of the claims, and those that stand for what others published."""
SURE = 0.95
MUCH = 0.1  # of draws in which a claim holds, by which two halves differ where an assumption is said to decide


@dataclass(frozen=True)
class Claim:
    """What the paper says.

    says : in its words;  unit : of the number
    value : the number of every draw, nan where there is nothing to compare
    least, most : the interval, open below and closed above
    flips : what flips it besides the assumptions, in words; empty: nothing
    """

    says: str
    unit: str
    value: Callable[[Task, Runs], np.ndarray]
    least: float
    most: float
    flips: Callable[[Task, Runs], str] = lambda task, runs: ""


class Judged(NamedTuple):
    """A verdict: the number's median, 5th and 95th percentile, in how many draws it holds, which assumption decides it.

    high, low : in how many draws it holds of the half where that assumption is high, and low
    """

    claim: Claim
    verdict: str
    median: float
    low: float
    high: float
    holds: float
    nothing: float
    decides: str
    when_high: float
    when_low: float
    flips: str


def judged(claim: Claim, task: Task, runs: Runs, drawn: list[Draw]) -> Judged:
    """What the draws say of a claim."""
    values = claim.value(task, runs)
    known = np.isfinite(values)
    inside = known & (values > claim.least) & (values <= claim.most)
    nothing = 1 - float(known.mean())
    holds = float(inside.sum() / known.sum()) if known.any() else float("nan")
    verdict = ("undecidable" if nothing > 1 - SURE else
               "inside" if holds >= SURE else "outside" if holds <= 1 - SURE else "undecidable")
    low, median, high = np.percentile(values[known], (5, 50, 95)) if known.any() else [float("nan")] * 3
    name = decisive(inside, drawn) if inside.any() and not inside.all() else moving(values[known], known, drawn)
    when_high, when_low = halves(inside, drawn, name) if name else (float("nan"),) * 2
    return Judged(claim, verdict, float(median), float(low), float(high), holds, nothing, name, when_high, when_low,
                  claim.flips(task, runs))


def halves(inside: np.ndarray, drawn: list[Draw], name: str) -> tuple[float, ...]:
    """In how many draws a claim holds of the half where an assumption is high, and low."""
    column = np.array([draw[name] for draw in drawn])
    middle = np.median(column)
    upper = column > middle if (column > middle).any() else column == middle
    return tuple(float(inside[half].mean()) if half.any() else float("nan") for half in (upper, ~upper))


def decisive(inside: np.ndarray, drawn: list[Draw]) -> str:
    """The assumption whose high half and low half differ most in how often a claim holds; '' where none does much."""
    differ = {name: abs(high - low) for name in drawn[0] for high, low in [halves(inside, drawn, name)]
              if np.isfinite(high - low)}
    name = max(differ, key=lambda each: differ[each], default="")
    return name if name and differ[name] >= MUCH else ""


def moving(values: np.ndarray, known: np.ndarray, drawn: list[Draw]) -> str:
    """The assumption whose ranks go most with those of the values; '' where these are all the same."""
    from scipy.stats import rankdata  # SciPy's statistics take a second to import

    if not len(values) or np.ptp(values) == 0:
        return ""
    columns = {name: np.array([draw[name] for draw in drawn])[known] for name in drawn[0]}
    strength = {name: abs(np.corrcoef(rankdata(column), rankdata(values))[0, 1]) for name, column in columns.items()
                if np.ptp(column)}
    return max(strength, key=lambda each: strength[each], default="")


# the numbers


def best(runs: Runs, of: Callable[[Run], float]) -> np.ndarray:
    """Of every draw the least that a core takes which stands for a published one."""
    return np.min([[of(run) for run in runs[name]] for name in PUBLISHED], axis=0)


def ours(runs: Runs, of: Callable[[Run], float]) -> np.ndarray:
    return np.array([of(run) for run in runs[OURS]])


def throughput(task: Task, runs: Runs) -> np.ndarray:
    return best(runs, lambda run: run.cycles) / ours(runs, lambda run: run.cycles)


def efficiency(task: Task, runs: Runs) -> np.ndarray:
    return best(runs, lambda run: run.total) / ours(runs, lambda run: run.total)


def milliseconds(dt: float) -> Callable[[Task, Runs], np.ndarray]:
    """ms for a second of input in steps of dt s."""
    return lambda task, runs: 1e3 * ours(runs, lambda run: run.cycles) / dt / task.clock


def traffic(task: Task, runs: Runs) -> np.ndarray:
    """% less off the chip than with recurrent weights of equal size; nan where that has no traffic."""
    theirs = np.array([run.off_chip for run in runs["recurrent"]])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(theirs > 0, 100 * (1 - ours(runs, lambda run: run.off_chip) / theirs), np.nan)


def parameters(task: Task, runs: Runs) -> np.ndarray:
    """% fewer than the network with recurrent weights of equal size."""
    return 100 * (1 - ours(runs, lambda run: run.parameters)
                  / np.array([run.parameters for run in runs["recurrent"]]))


def fewer(least: float) -> Callable[[Task, Runs], str]:
    """Up to which d, in every layer, the saving is more than `least` %."""
    def told(task: Task, runs: Runs) -> str:
        theirs = runs["recurrent"][0].parameters
        fixed = theirs - sum(work.N**2 for work in task.works)
        most = max((d for d in range(1, 1000) if 100 * (1 - (
            fixed + sum(work.N * d + d * d for work in task.works)) / theirs) > least), default=0)
        return f"d in every layer: holds up to {most}" if most else "inputs: too many for any d"

    return told


def memory(task: Task, runs: Runs) -> str:
    """Between which memories on the chip it holds."""
    return (f"on-chip memory: holds from {task.need / 8000:.1f} kB to {runs['recurrent'][0].sram / 8000:.1f} kB; with "
            f"less both fetch, with more neither does")


def lanes(times: float) -> Callable[[Task, Runs], str]:
    """From how many lanes of the DMP core on its throughput is so many times the others', theirs as they are."""
    def told(task: Task, runs: Runs) -> str:
        theirs = float(np.median(best(runs, lambda run: run.cycles)))
        most = max(work.N for work in task.works)
        enough = [many for many in doubled(task.chip.limits.lanes, most) if theirs > times * taken(task, many)]
        of = f"lanes of the DMP core, {task.chip.limits.lanes} here"
        return f"{of}: in the median draw from {enough[0]} on" if enough else f"{of}: not with any number"

    return told


def doubled(first: int, most: int) -> list[int]:
    """first, 2 first, 4 first, up to the first that is at least `most`."""
    found = [first]
    while found[-1] < most:
        found.append(2 * found[-1])
    return found


def taken(task: Task, lanes: int) -> float:
    """Cycles of a step on the DMP core with so many lanes."""
    sized = chip.changed(core_run.sized(list(task.works), task.chip), {"limits.lanes": lanes})
    return sum(float(cycles.timing(work, sized).latency.mean()) for work in task.works)


def clock(ms: float, dt: float) -> Callable[[Task, Runs], str]:
    """From which clock on the median draw takes less."""
    return lambda task, runs: (
        f"the clock, which is not published: holds from "
        f"{float(np.median(ours(runs, lambda run: run.cycles))) / dt / (1e-3 * ms) / 1e6:.3g} MHz on")


def of_the_paper(dt: float) -> tuple[Claim, ...]:
    """For a network of steps of dt s; the two ends of a range are what rounds to them."""
    said = published.of("claims")
    times, energy, ms, dram, (least, most) = (said[key] for key in ("throughput", "energy", "milliseconds",
                                                                    "dram-percent", "fewer-percent"))
    return (Claim(f"> {times}x throughput", "x the best published kind", throughput, times, np.inf,
                  lanes(times)),
            Claim(f"> {energy}x energy", "x the best published kind", efficiency, energy, np.inf),
            Claim(f"< {ms} ms a second of input", "ms", milliseconds(dt), 0, ms, clock(ms, dt)),
            Claim(f"> {dram} % less DRAM", "% less than recurrent", traffic, dram, 100, memory),
            Claim(f"{least}-{most} % fewer parameters", "% fewer than recurrent", parameters, least - 0.5, most + 0.5,
                  fewer(least - 0.5)))


def why(found: Judged) -> str:
    """In how many draws it holds, what decides, and what flips it."""
    parts = []
    if found.nothing > 1 - SURE:
        parts.append(f"nothing to compare in {100 * found.nothing:.0f} % of draws")
    if found.holds == found.holds and not found.verdict == "inside":
        parts.append(f"holds in {100 * found.holds:.0f} % of the others" if parts else
                     f"holds in {100 * found.holds:.0f} % of draws")
    if found.verdict == "undecidable" and found.decides and not found.flips.startswith(found.decides):
        parts.append(f"decided by {found.decides}: in {100 * found.when_high:.0f} % where it is high, "
                     f"{100 * found.when_low:.0f} % where low")
    elif found.decides and (found.verdict == "outside" or not found.flips):
        parts.append(f"moved most by {found.decides}")
    return "; ".join([*parts, *([found.flips] if found.flips else [])])
