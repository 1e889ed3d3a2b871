"""A training run on the disk, checkpoint.pt: whole and what it should be, or refused before a run goes on from it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from dmpnet.disk.files import whole_file
from dmpnet.disk.headers import shown
from dmpnet.errors import DmpnetError

if TYPE_CHECKING:
    from dmpnet.training.model import SpikingNetwork

ENTRIES = {"recipe": dict, "model": dict, "optimisers": list, "products": str, "progress": dict}
OPTIONAL = {"start": str | None, "data": str, "sums": dict}
PRODUCTS = ("float32", "bfloat16")
MOMENTS: dict[str, set[str]] = {"AdamW": {"step", "exp_avg", "exp_avg_sq"}, "Muon": {"momentum_buffer"}}
"""What optimisers keep of each parameter."""


def write(path: Path, state: dict[str, Any]) -> None:
    """Write `state`, whole or not at all; OSError where PyTorch itself would say RuntimeError of a full disk."""
    content = io.BytesIO()
    torch.save(state, content)
    try:
        with whole_file(path) as temporary:
            temporary.write_bytes(content.getbuffer())
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}; what was there before is still whole", str(path)) from error


def read(path: Path) -> dict[str, Any]:
    """What `path` holds, of which nothing but plain tensors, numbers and texts is ever loaded (no code)."""
    try:
        with zipfile.ZipFile(path) as archive:
            packed = any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist())
            if packed or sum(info.file_size for info in archive.infolist()) > path.stat().st_size:
                raise ValueError("packed, as torch.save does not")
        state = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:  # torch raises many kinds for a damaged file
        raise DmpnetError(f"{path}: not a whole checkpoint ({error.__class__.__name__}); delete it to start "
                          f"again") from error
    for name, kind in (ENTRIES | OPTIONAL).items():
        value = state.get(name) if isinstance(state, dict) else None
        if not (isinstance(value, kind) or (name in OPTIONAL and value is None)):
            raise unsound(path, f"{name} is {type(value).__name__}")
    if state["products"] not in PRODUCTS:
        raise unsound(path, f"products = {shown(state['products'])}")
    return state


def another(path: Path, key: str, theirs: Any, ours: Any) -> DmpnetError:
    """The error for a file of a run with other settings."""
    return DmpnetError(f"{path}: trained with {key} = {theirs!r}, but this run asks for {ours!r}; use another --out "
                       f"folder, or the same settings")


def unsound(path: Path, what: str) -> DmpnetError:
    """The error for a file that is whole, but not what this run wrote."""
    return DmpnetError(f"{path}: {what}, which no run of this recipe writes; delete it to start again, or go on with "
                       f"the version of dmpnet that wrote it")


def sums(path: Path, state: dict[str, Any], model: SpikingNetwork, due: bool) -> dict[str, torch.Tensor]:
    """What `state` holds of an average of weights, which is something where it is `due`."""
    kept, tensors = state.get("sums") or {}, model.state_dict() if due else {}
    if kept.keys() != tensors.keys():
        raise unsound(path, f"sums: {shown(min(map(str, kept.keys() ^ tensors.keys())))} only in it or not in it")
    for name, tensor in kept.items():
        _check_tensor(path, f"sums: {name}", tensor, tensors[name].shape, torch.float64)
    return kept


def restore(path: Path, state: dict[str, Any], model: SpikingNetwork,
            optimisers: Sequence[torch.optim.Optimizer]) -> None:
    """Give `model` and `optimisers` what `state` holds of them, once all of it is known to fit."""
    tensors, theirs = model.state_dict(), state["model"]
    if theirs.keys() != tensors.keys():
        raise unsound(path, f"model: {shown(min(map(str, theirs.keys() ^ tensors.keys())))} only in it or not in it")
    for name, tensor in theirs.items():
        _check_tensor(path, f"model: {name}", tensor, tensors[name].shape, tensors[name].dtype)
    if len(state["optimisers"]) != len(optimisers):
        raise DmpnetError(f"{path}: its optimisers are of another version of dmpnet; delete it to start again, or go "
                          f"on with that version")
    for optimiser, kept in zip(optimisers, state["optimisers"], strict=True):
        _check_optimiser(path, optimiser, kept)
    model.load_state_dict(theirs)
    for optimiser, kept in zip(optimisers, state["optimisers"], strict=True):
        ours = optimiser.state_dict()["param_groups"]  # an older PyTorch wrote fewer settings
        groups = [own | group for own, group in zip(ours, kept["param_groups"], strict=True)]
        optimiser.load_state_dict({"state": kept["state"], "param_groups": groups})


def _check_tensor(path: Path, what: str, tensor: Any, shape: torch.Size, dtype: torch.dtype) -> None:
    if not isinstance(tensor, torch.Tensor) or tensor.layout is not torch.strided:
        raise unsound(path, f"{what} is {type(tensor).__name__}, not a plain tensor")
    if tensor.shape != shape or tensor.dtype != dtype:
        raise unsound(path, f"{what} is {tensor.dtype} {tuple(tensor.shape)}, where {dtype} {tuple(shape)} is needed")
    if not tensor.isfinite().all():
        raise unsound(path, f"{what} has values that are NaN or infinite")


def _check_optimiser(path: Path, optimiser: torch.optim.Optimizer, kept: Any) -> None:
    """The settings of ours but for the rate, and moments that fit its parameters, or of none yet."""
    ours, name = optimiser.state_dict()["param_groups"], type(optimiser).__name__
    groups, moments = (kept.get(key) if isinstance(kept, dict) else None for key in ("param_groups", "state"))
    if not isinstance(groups, list) or not isinstance(moments, dict) or len(groups) != len(ours):
        raise unsound(path, f"optimisers: {name} has not the groups of this one")
    for group, own in zip(groups, ours, strict=True):
        if not isinstance(group, dict) or "params" not in group:
            raise unsound(path, f"optimisers: {name} has not the groups of this one")
        differs = [key for key in own if key in group and key != "lr" and not _same(group[key], own[key])]
        if differs:
            raise unsound(path, f"optimisers: {name} has another {differs[0]}")
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    for number, moment in moments.items():
        if number not in range(len(parameters)) or not isinstance(moment, dict) or moment.keys() != MOMENTS[name]:
            raise unsound(path, f"optimisers: {name} keeps something of parameter {shown(number)}")
        for key, value in moment.items():
            shape = torch.Size() if key == "step" else parameters[number].shape
            _check_tensor(path, f"optimisers: {key} of {number}", value, shape, torch.float32)
            if key in ("step", "exp_avg_sq") and (value < 0).any():
                raise unsound(path, f"optimisers: {key} of {number} goes below 0")


def _same(theirs: Any, own: Any) -> bool:
    """Whether both are the same number, text or list of such; of tensors == would say something else."""
    if isinstance(own, list | tuple):
        return type(theirs) is type(own) and len(theirs) == len(own) and all(map(_same, theirs, own))
    return type(theirs) is type(own) and theirs == own
