"""Trained networks that ship with the package, found by name: models/NAME/seedK.npz; graphs in models/graphs/NAME."""

from pathlib import Path

from dmpnet.errors import WeightsError, meant

HERE = Path(__file__).resolve().parents[1]


def folder(name: str = "models") -> Path:
    """Where what ships with this very code lies, models, figures or analyses: beside it where installed, in a
    checkout's top-level folder of that name.

    By place, not by name: a checkout on the path finds its own, whatever dmpnet is installed beside it.
    """
    inside = HERE / name
    return inside if inside.is_dir() else HERE.parent / name


def names(under: str = "") -> list[str]:
    """Names of the shipped networks, sorted; under='graphs': of those that are graphs of nodes."""
    return sorted({path.parent.name for path in (folder() / under).glob("*/seed*.npz")})


def seeds(name: str, under: str = "") -> list[int]:
    """Seeds of the runs that ship under `name`."""
    return sorted(int(path.stem.removeprefix("seed")) for path in (folder() / under / name).glob("seed*.npz"))


def path(name: str, under: str = "") -> Path:
    """The weights file of a shipped network, 'NAME' (the first seed) or 'NAME/seedK'; under='graphs': of a graph.

    WeightsError names the known ones when there is none.
    """
    known = names(under)
    model, _, run = name.partition("/")
    runs = [f"seed{seed}" for seed in seeds(model, under)] if model in known else []
    if model not in known:
        listed = ", ".join(known) or "none: this copy was installed without its models folder"
        raise WeightsError(f"shipped network {name!r}{meant(model, known)} is not among the known names "
                           f"({listed}); choose one, or give the path of a weights file")
    if run and run not in runs:
        raise WeightsError(f"shipped network {name!r}: {model} has the runs {', '.join(runs)}; choose one")
    return folder() / under / model / f"{run or runs[0]}.npz"
