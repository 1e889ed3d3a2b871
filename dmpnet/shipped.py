"""Trained networks that ship with the package, found by name."""

from importlib import resources
from pathlib import Path

from dmpnet.errors import WeightsError


def folder() -> Path:
    """Where the shipped weights lie: installed as dmpnet.models, at home in the top-level models/ of a checkout."""
    try:
        return Path(str(resources.files("dmpnet.models")))
    except ModuleNotFoundError:  # a checkout on the path that was not installed
        return Path(__file__).resolve().parent.parent / "models"


def names() -> list[str]:
    """Names of the shipped networks, sorted."""
    return sorted(path.stem for path in folder().glob("*.npz"))


def path(name: str) -> Path:
    """The weights file of the shipped network `name`; WeightsError names the known ones when there is none."""
    if name not in names():
        known = ", ".join(names()) or "none: this copy was installed without its models folder"
        raise WeightsError(f"shipped network {name!r} is not among the known names ({known}); "
                           f"choose one, or give the path of a weights file")
    return folder() / f"{name}.npz"
