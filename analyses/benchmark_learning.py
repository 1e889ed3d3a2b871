"""How fast does Diehl & Cook's network learn here? Against Brian2's own example of the same paper, image by image.

The example is not part of this package: give its file (examples/frompapers/Diehl_Cook_2015.py of Brian2). Both learn
from the same first training digits, from weights drawn alike, on one core: ours in C++ standalone, in one run, the
example as it is, on Brian2's default target, which compiles with Cython, an image a run. Compiling is not counted, nor
is the first image of the example, which fills its caches. Time is per image that was learned from, presented again or
not. Much of the difference lies in what is simulated: the example takes Brian2's default steps of 0.1 ms and simulates
the rest of 150 ms, ours takes steps of 1 ms and solves the rest. So time is also told per step.

python analyses/benchmark_learning.py Diehl_Cook_2015.py --data FOLDER
"""

import importlib.util
import sys
import time
import types
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import defaultclock
from brian2 import seed as seed_brian2
from tabulate import tabulate

from dmpnet import data
from dmpnet.learning import shows
from dmpnet.learning.competition import Competition
from dmpnet.results import options, provenance, script


def example(path: Path) -> Any:
    """The example as a module; its progress bar, which it imports, is not needed."""
    sys.modules.setdefault("progressbar", types.SimpleNamespace(progressbar=iter))  # type: ignore[arg-type]
    spec = importlib.util.spec_from_file_location("diehl_cook_example", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path}: not a Python file; give Diehl_Cook_2015.py of Brian2's examples")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def theirs(path: Path, images: np.ndarray, seed: int) -> tuple[float, float, float]:
    """(seconds, spikes, steps) an image of the example; the first image only fills caches."""
    module = example(path)
    seed_brian2(seed)
    net = module.build_network(True)
    rates, spikes = images / 8.0, []
    for number, image in enumerate(rates):
        if number == 1:
            began, steps = time.perf_counter(), defaultclock.timestep[:]
        module.normalize_plastic_weights(net["inp_exc"])
        spikes.append(int(np.sum(module.show_sample(net, image, module.INTENSITY))))
    n = len(images) - 1
    return (time.perf_counter() - began) / n, float(np.mean(spikes[1:])), float(defaultclock.timestep[:] - steps) / n


def ours(settings: Competition, images: np.ndarray) -> tuple[float, float, float]:
    """(seconds, spikes, steps) an image of this package."""
    with shows.opened(settings, len(images), True, "cpp_standalone") as shown:
        began = time.perf_counter()
        state, spikes = shown.show(shows.beginning(settings), images)
        n = len(spikes)
        return (time.perf_counter() - began) / n, float(spikes.sum() / n), state.shown * settings.steps / n


def main() -> None:
    parser = options.script(__doc__, "analyses/results/benchmark_learning.json")
    parser.add_argument("example", type=Path, help="Diehl_Cook_2015.py of Brian2's examples")
    parser.add_argument("--images", type=int, default=500, help="that ours learns from (default: 500)")
    parser.add_argument("--example-images", type=int, default=21, help="that the example learns from (default: 21)")
    arguments = script.parsed(parser, "benchmark_learning")
    digits = data.load("smnist", "train", arguments.data).values[:, :, 0]
    results = {"dmpnet, C++ standalone": ours(Competition(seed=arguments.seed), digits[:arguments.images]),
               "dmpnet on a chip, 8 bits": ours(Competition(seed=arguments.seed, chip="learning"),
                                                digits[:arguments.images]),
               "Brian2's example": theirs(arguments.example, digits[:arguments.example_images], arguments.seed)}
    peer = results["Brian2's example"][0]
    rows = [{"what": name, "ms an image": 1e3 * seconds, "spikes an image": spikes, "steps an image": steps,
             "us a step": 1e6 * seconds / steps, "min for 60,000": 1e3 * seconds, "times faster": peer / seconds}
            for name, (seconds, spikes, steps) in results.items()]
    print(tabulate(rows, headers="keys", floatfmt=("", ".1f", ".1f", ".0f", ".1f", ".0f", ".1f")))
    provenance.write(arguments.out, provenance.record("benchmark_learning", script.given(arguments), rows=rows))


if __name__ == "__main__":
    script.told(main)
