"""How much accuracy does a parameter buy? Networks of every kind at 5, 10, 20 and 40 thousand parameters.

shd-regen, published parts, two hidden layers of equal size, as many neurons as the paper's rule for parameters allows;
recipes are those of the table's rows, of one seed; what is a row of the table is not trained again, what comes apart in
training is told and looked at nowhere. Validation part (--look: the test set, to another file), in Brian2. Killed and
called again it goes on where it was.

python analyses/sizes.py --look --data FOLDER        (half a minute to six a run on a core, 24 of them)
"""

from bisect import bisect_right
from dataclasses import replace
from pathlib import Path
from typing import Any

from tabulate import tabulate
from variants import of_the_table

from dmpnet import data
from dmpnet.brian.backends import check_backend
from dmpnet.errors import Diverged
from dmpnet.results import answers, options, provenance, script, table
from dmpnet.results.evaluation import evaluate
from dmpnet.results.intervals import bootstrap
from dmpnet.trained.encoding import Encoding
from dmpnet.trained.network import parameters
from dmpnet.training import card
from dmpnet.training.model import SpikingNetwork
from dmpnet.training.recipe import Recipe
from dmpnet.training.recipes import RECIPES
from dmpnet.training.trainer import Trainer

ROWS = ("shd-regen-fsnn", "shd-regen-rsnn", "shd-regen-dsnn", "shd-regen-adlif", "shd-regen-dmp2", "shd-regen-delays")
SIZES = (5_000, 10_000, 20_000, 40_000)
MOST = 1_024  # neurons of a layer


def main() -> None:
    parser = options.script(__doc__, None)
    options.look(parser)
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=ROWS, metavar="NAME")
    parser.add_argument("--sizes", nargs="+", type=options.count(1), default=list(SIZES), metavar="PARAMETERS")
    parser.add_argument("--runs", type=Path, default=Path("sizes.run"), help="folder of checkpoints")
    options.backend(parser, "cpp_standalone")
    options.quick(parser, "400 samples, an epoch, three rows, two sizes", few=400, epochs=1, sizes=[5_000, 10_000],
                  rows=[ROWS[0], *ROWS[-2:]], backend="numpy")
    arguments = script.parsed(parser, "sizes", "analyses/results/sizes{part}.json")
    check_backend(arguments.backend, arguments.processes)
    runs = provenance.Runs(arguments.out, "sizes", script.given(arguments))
    runs.check(part=options.part_of(arguments))
    train = options.few(arguments, data.load("shd-regen", "train", arguments.data, arguments.download))
    for size in arguments.sizes:
        for row in arguments.rows:
            if runs.has(row=row, size=size, seed=arguments.seed):
                continue
            less = {"epochs": arguments.epochs} if arguments.quick else {}
            recipe = replace(largest(RECIPES[row], size), seed=arguments.seed, **less)
            name = f"{row}-{size}-{arguments.seed}"
            about = {"row": row, "size": size, "N": recipe.sizes[1], "part": options.part_of(arguments)}
            try:
                network = of_the_table(recipe) or Trainer(recipe, train, arguments.runs / name, name).finished()
            except Diverged as apart:
                runs.add(about | {"seed": recipe.seed, "diverged": apart.happened})
                print(name, apart, flush=True)
                continue
            judged = options.judged(arguments, network, train)
            result = evaluate(network, judged, arguments.backend, name, arguments.processes, f"sizes: {row}, {size:,}",
                              arguments.ledger)
            runs.add(about | card.measured(network, judged, result))
            print(name, f"{result.accuracy:.2f} %", flush=True)
    print(tabulate(summary(runs.done), headers="keys", floatfmt=".2f", intfmt=","))


def largest(recipe: Recipe, size: int) -> Recipe:
    """The recipe with as many neurons in each of its hidden layers as `size` parameters allow, by the paper's rule."""
    def of(n: int) -> Recipe:
        return replace(recipe, sizes=(recipe.sizes[0], *[n] * (len(recipe.sizes) - 2), recipe.sizes[-1]))

    return of(bisect_right(range(1, MOST), size, key=lambda n: counted(of(n))))


def counted(recipe: Recipe) -> int:
    """Parameters of its network, by the paper's rule."""
    network = SpikingNetwork(recipe.architecture).trained(Encoding("spikes", recipe.sizes[0], 1, 1.0), {})
    return parameters(network)["paper"]


def whole(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The runs that came to their end."""
    return [run for run in runs if "diverged" not in run]


def summary(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A line a network that did not come apart, small ones first: accuracy and its 95 % interval over speakers."""
    lines = []
    for run in sorted(whole(runs), key=lambda run: run["size"]):
        found = bootstrap(*answers.of_seeds([run]))
        lines.append({"row": run["row"], "N": run["N"], "parameters": run["parameters"]["paper"],
                      "accuracy %": 100 * found.mean, "low": 100 * found.low, "high": 100 * found.high,
                      "active %": table.active([run["rates"]])})
    return lines


if __name__ == "__main__":
    script.told(main)
