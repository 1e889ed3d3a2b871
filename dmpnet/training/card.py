"""What a trained network showed on the whole test set, and the card that says so beside its weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tabulate import tabulate

from dmpnet import data
from dmpnet.disk.files import whole_file
from dmpnet.results import answers, ledger, table
from dmpnet.results.intervals import span
from dmpnet.trained import weights
from dmpnet.trained.network import TrainedNetwork, parameters

if TYPE_CHECKING:
    from dmpnet.results.evaluation import Evaluation

MEMORY = {"d", "theta", "feed", "d_s", "acts"}
"""Settings of a recipe that are those of its slow memory."""
ONLY_WITH = {"coarse": "coarse_epochs", "delay_sigma": "delay_max", "rate_target": "rate_weight"}
"""Settings that act only where another is not 0."""
AGAIN = "Trained again by `dmpnet table1 --retrain"


def measured(network: TrainedNetwork, recordings: data.Recordings, result: Evaluation) -> dict[str, Any]:
    """What the whole test set showed, in Brian2, the reference and PyTorch (extra `train`), in plain JSON types."""
    from dmpnet.training.verdict import predictions

    origin = network.provenance
    numbers: dict[str, Any] = {
        "seed": origin["arguments"]["seed"], "parameters": parameters(network),
        "validation_accuracy": 100 * origin["validation_accuracy"],
        "samples": len(recordings), "accuracy_brian2": result.accuracy, "accuracy_reference": result.reference_accuracy,
        "classes_differing_from_reference": int((result.predictions != result.reference_predictions).sum()),
        "places_compared": result.compared, "places_mismatched": result.mismatched, "rates": result.rates,
        "margin": result.margin, "seconds_brian2": result.seconds,
        "right": answers.record(result.predictions, recordings),
    }
    for dtype in ("float32", "float64"):
        theirs = predictions(network, recordings, dtype)
        numbers[f"accuracy_pytorch_{dtype}"] = 100 * float((theirs == recordings.labels).mean())
        numbers[f"classes_differing_from_pytorch_{dtype}"] = int((theirs != result.predictions).sum())
    return numbers


def write(folder: Path) -> Path:
    """Write README.md beside the seeds' weights and records in `folder`, named like the network."""
    with whole_file(folder / "README.md") as temporary:
        temporary.write_text(text(folder))
    return folder / "README.md"


def known(path: Path) -> bool:
    """Whether `path` is a card that was written here."""
    return path.name == "README.md" and AGAIN in path.read_bytes().decode(errors="replace")


def text(folder: Path) -> str:
    """The card of the row whose seeds' weights and records are in `folder`."""
    runs = table.results(folder.name, folder.parent)
    networks = [weights.load(folder / f"seed{n['seed']}.npz") for n in runs]
    older = _older(folder.name, networks)
    facts = _facts(folder.name, networks[0], runs[0]) + older
    listed = "\n".join(f"- **{what}**: {fact}" for what, fact in facts)
    accuracy, error = table.mean_and_error([n["accuracy_brian2"] for n in runs])
    spread = f" +- {error:.2f} (s.e.m. of {len(runs)} seeds)" if error is not None else " (one seed)"
    return (f"# {folder.name}\n\n{listed}\n\n## Whole test set\n\n**{accuracy:.2f} %**{spread} in Brian2 "
            f"({runs[0]['backend']}).{sure(folder.name, runs, folder.parent)}\n\n"
            f"{tabulate(map(_seed, runs), headers='keys', tablefmt='github')}\n\n"
            f"float32, float64: the PyTorch network; its classes that differ from Brian2's in brackets. Places: one "
            f"neuron, step and sample, compared between Brian2 and the NumPy reference. Margin: closest a membrane "
            f"came to its threshold. Active: neurons that fire in a step, layer by layer.\n\n{looks(folder.name)}"
            f"{AGAIN} {folder.name} --seed K`{', not those of an older recipe' * bool(older)}. Learning curves: "
            f"`seedK.curve.csv`.\n")


def _facts(row: str, network: TrainedNetwork, n: dict[str, Any]) -> list[tuple[str, str]]:
    origin, count, code = network.provenance, parameters(network), network.encoding
    recipe = _acting(origin["arguments"], any(layer.slow for layer in network.layers))
    return [
        ("network", f"{network.kind} {network.shape}, {memory_of(network)}"),
        ("parameters", f"{count['paper']:,} by the paper's rule; {count['trainable']:,} trainable"),
        ("data", f"{code.dataset}: {code.kind}, {code.channels} channels, {code.steps} steps of {code.dt * 1e3:g} ms"),
        ("split", f"{origin['training_samples']:,} samples trained on, {origin['validation_samples']:,} held out of "
                  f"the training set to choose the epoch, {n['samples']:,} test samples"),
        ("first seed, epoch", f"{n['seed']}, {origin['epoch']} of {recipe['epochs']}"),
        *([("began with", _begun(origin["start"]))] if "start" in origin else []),
        *([("history", history)] if (history := table.history(row)) else []),
        ("commit", str(origin["commit"])),
        ("recipe", ", ".join(f"{key} {value}" for key, value in recipe.items() if key != "seed")),
        ("versions", ", ".join(f"{key} {value}" for key, value in origin["versions"].items())),
        ("data licence", str(origin.get("data", {}).get("licence", "see dmpnet/data/NOTICE.md"))),
    ]


def _acting(recipe: dict[str, Any], remembers: bool) -> dict[str, Any]:
    """What of a recipe is set and acts on something."""
    idle = {key for key, on in ONLY_WITH.items() if not recipe.get(on)} | (set() if remembers else MEMORY)
    return {key: value for key, value in recipe.items() if key not in idle and value not in (0, 0.0, None, [], False)}


def memory_of(network: TrainedNetwork) -> str:
    """The slow memory in words; layer by layer where they differ."""
    held = [layer.slow for layer in network.layers if layer.slow]
    if not held:
        return "no slow memory"
    d, theta, acts = (" and ".join(map(str, dict.fromkeys(each))) for each in (
        [slow.d for slow in held], [f"{slow.theta:g}" for slow in held], [slow.acts for slow in held]))
    return f"slow memory d = {d}, theta = {theta} steps" + (f", on the {acts}" if acts != "current" else "")


def sure(row: str, runs: list[dict[str, Any]], folder: Path | None = None) -> str:
    """Interval, worst and best speaker, and what has to be said of the row, as sentences."""
    of = table.sureness(row, runs, folder)
    speakers = len(of["groups"])
    over = "speakers" if speakers else "samples"
    of_what = f"seeds and {over}" if len(runs) > 1 else over
    told = f" 95 %: {span(of['low %'], of['high %'])} (over {of_what})." if of["low %"] else ""
    if speakers:
        told += f" By speaker ({speakers}): {table.worst_and_best(of['groups'])}."
    return told + (f" To be said: {'; '.join(of['marks'])}." if of["marks"] else "")


def looks(row: str) -> str:
    """The looks of a row at its test set, as a section of its card."""
    seen = ledger.looks(row)
    lines = [{"date": look.date[:10], "seed": look.seed if look.seed >= 0 else "", "recipe": look.recipe[:8],
              "weights": look.weights[:8] or "thrown away", "test %": f"{look.result:.2f}",
              "samples": f"{look.n:,}", "commit": look.commit[:8]} for look in seen]
    were = "network of this row was" if len(seen) == 1 else "networks of this row were"
    return (f"## Looks\n\n{len(seen)} {were} evaluated on the test set (`models/ledger.csv`), those "
            f"since replaced too:\n\n{tabulate(lines, headers='keys', tablefmt='github', disable_numparse=True)}\n\n"
            if seen else "")


def _begun(start: dict[str, Any]) -> str:
    """The network that a run began with, by its own provenance."""
    recipe = start["arguments"]
    decay = recipe.get("decay", "exponential")  # the only one at first, and not yet written down
    return (f"a {recipe['kind']} with {decay} decay, trained on {recipe['dataset']} with the same seed for "
            f"{recipe['epochs']} epochs at commit {start['commit']}, its decay swapped")


def _older(row: str, networks: list[TrainedNetwork]) -> list[tuple[str, str]]:
    """Seeds that another recipe led to than the one that makes the row now, and where the two differ."""
    from dmpnet.training.recipe import Recipe
    from dmpnet.training.recipes import RECIPES, begun

    older = []
    for network in networks if row in RECIPES else ():
        old = Recipe.that_led_to(network)
        now = begun(row, replace(RECIPES[row], seed=old.seed))[0].record()
        differ = [f"{key} {value}, now {now[key]}" for key, value in old.record().items() if value != now[key]]
        if differ:
            older.append(("of an older recipe", f"seed {old.seed}: {'; '.join(differ)}"))
    return older


def _seed(n: dict[str, Any]) -> dict[str, Any]:
    return {"seed": n["seed"], "validation %": f"{n['validation_accuracy']:.2f}",
            "Brian2 %": f"{n['accuracy_brian2']:.2f}", "reference %": f"{n['accuracy_reference']:.2f}",
            "float32 %": f"{n['accuracy_pytorch_float32']:.2f} ({n['classes_differing_from_pytorch_float32']})",
            "float64 %": f"{n['accuracy_pytorch_float64']:.2f} ({n['classes_differing_from_pytorch_float64']})",
            "places differing": f"{sum(n['places_mismatched']):,} of {sum(n['places_compared']):,}",
            "margin": f"{n['margin']:.1e}", "active %": ", ".join(f"{100 * rate:.2f}" for rate in n["rates"])}
