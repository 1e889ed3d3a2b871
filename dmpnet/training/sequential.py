"""A ReLU network as data, read from a torch nn.Sequential and its weights."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from dmpnet.ann.network import Chain, Network
from dmpnet.errors import DmpnetError, WeightsError
from dmpnet.graph import Affine, Convolution, Flatten, Pool, Rectify

LEFT_OUT = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Identity)
LAST = (nn.Softmax, nn.LogSoftmax)
WAYS = {"MaxPool": "a maximum is no sum of spikes: use AvgPool2d, or a convolution with a stride, and train again",
        "Softmax": "it is left out at the end only, where the largest stays the largest: end with it",
        "ReLU6": "use ReLU", "GELU": "only ReLU has a rate: use ReLU and train again",
        "LayerNorm": "it depends on the sample: use BatchNorm and train again"}


def read(module: nn.Module, shape: tuple[int, ...]) -> Network:
    """`module` in evaluation mode as a Network for samples of `shape`; DmpnetError names the layer that is none."""
    chain = Chain(shape)
    leaves = list(_leaves(module))
    for number, (name, layer) in enumerate(leaves):
        if isinstance(layer, LAST) and number == len(leaves) - 1:
            chain.notes.append(f"{name!r}: {type(layer).__name__} at the end, left out: the largest stays the largest")
            continue
        _put(chain, name, layer)
    return chain.finished()


def load_state(module: nn.Module, path: str | Path) -> nn.Module:
    """`module` with the weights of a state_dict file; nothing pickled is loaded but tensors."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(state, dict):
            raise TypeError(f"it holds a {type(state).__name__}")
        module.load_state_dict(state)
    except Exception as error:  # what torch raises of an unsound file is of any kind
        said = " ".join(str(error).split())[:300]
        raise WeightsError(f"{path}: no state_dict of this module ({said}); save it with "
                           f"torch.save(module.state_dict(), FILE)") from error
    return module.eval()


def _leaves(module: nn.Module, prefix: str = ""):
    """(name, layer) of a Sequential, those inside it in their places."""
    if not isinstance(module, nn.Sequential):
        yield prefix or type(module).__name__, module
        return
    for name, child in module.named_children():
        yield from _leaves(child, f"{prefix}.{name}" if prefix else name)


def _put(chain: Chain, name: str, layer: nn.Module) -> None:
    """One layer into the chain."""
    if isinstance(layer, LEFT_OUT):
        return
    if isinstance(layer, nn.Linear):
        chain.add(name, Affine(_array(layer.weight), _array(layer.bias)))
    elif isinstance(layer, (nn.Conv1d, nn.Conv2d)):
        chain.add(name, _convolution(name, layer, chain.shape))
    elif isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
        chain.scaled(name, *_batch_norm(name, layer))
    elif isinstance(layer, nn.ReLU):
        chain.add(name, Rectify(chain.shape))
    elif isinstance(layer, (nn.AvgPool1d, nn.AvgPool2d, nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d)):
        chain.add(name, _pool(name, layer, chain.shape))
    elif isinstance(layer, nn.Flatten):
        if layer.start_dim < 1 or layer.end_dim == 0:
            raise DmpnetError(f"layer {name!r}: Flatten joins the samples of a batch; set start_dim >= 1")
        end = layer.end_dim if layer.end_dim < 0 else layer.end_dim - 1
        chain.add(name, Flatten(chain.shape, layer.start_dim - 1, end))
    else:
        kind = type(layer).__name__
        way = next((way for key, way in WAYS.items() if kind.startswith(key)),
                   "rewrite it with Linear, Conv, BatchNorm, ReLU, AvgPool and Flatten in an nn.Sequential")
        raise DmpnetError(f"layer {name!r} is a {kind}, which has no place in a converted network; {way}")


def _convolution(name: str, layer: Any, shape: tuple[int, ...]) -> Convolution:
    if layer.padding_mode != "zeros":
        raise DmpnetError(f"layer {name!r}: padding_mode = {layer.padding_mode!r}, but spikes are padded by zeros; "
                          f"train with padding_mode = 'zeros'")
    padding = layer.padding
    if isinstance(padding, str):
        reach = [d * (k - 1) for d, k in zip(layer.dilation, layer.kernel_size, strict=True)]
        padding = [(0, 0)] * len(reach) if padding == "valid" else [(each // 2, each - each // 2) for each in reach]
    else:
        padding = [(each, each) for each in padding]
    return Convolution(_array(layer.weight), shape, _array(layer.bias), layer.stride, tuple(padding), layer.dilation,
                       layer.groups)


def _batch_norm(name: str, layer: Any) -> tuple[np.ndarray, np.ndarray]:
    """Scale and shift a channel, of the statistics kept in training."""
    if layer.running_mean is None:
        raise DmpnetError(f"layer {name!r}: keeps no running statistics, so that it depends on the batch; train with "
                          f"track_running_stats = True")
    mean, var = _array(layer.running_mean), _array(layer.running_var)
    scale = 1 / np.sqrt(var + layer.eps)
    if layer.affine:
        return scale * _array(layer.weight), _array(layer.bias) - scale * _array(layer.weight) * mean
    return scale, -scale * mean


def _pool(name: str, layer: Any, shape: tuple[int, ...]) -> Pool:
    if isinstance(layer, (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d)):
        size = layer.output_size
        if any(each != 1 for each in (size if isinstance(size, tuple) else (size,))):
            raise DmpnetError(f"layer {name!r}: adaptive pooling to {size}, whose windows differ in size; pool to 1, "
                              f"or by AvgPool")
        return Pool(shape, shape[1:], mean=True)
    padded = any(np.atleast_1d(layer.padding))
    if layer.ceil_mode or getattr(layer, "divisor_override", None) or (padded and not layer.count_include_pad):
        raise DmpnetError(f"layer {name!r}: windows that count differently at the edge (ceil_mode, divisor_override or "
                          f"count_include_pad = False); train with the defaults")
    return Pool(shape, layer.kernel_size, layer.stride, layer.padding, mean=True)


def _array(tensor: Any) -> Any:
    return None if tensor is None else tensor.detach().double().numpy()


def built(spec: str) -> nn.Module:
    """What a function gives: 'module:function' of an installed module, or 'FILE.py:function'; your code is run."""
    place, _, name = spec.rpartition(":")
    if not place or not name.isidentifier():
        raise DmpnetError(f"--model {spec}: no function named; give module:function, or FILE.py:function")
    try:
        if place.endswith(".py"):
            found = importlib.util.spec_from_file_location(Path(place).stem, place)
            assert found is not None and found.loader is not None
            module = importlib.util.module_from_spec(found)
            found.loader.exec_module(module)
        else:
            module = importlib.import_module(place)
        made = getattr(module, name)()
    except Exception as error:  # the user's own code
        raise DmpnetError(f"--model {spec}: {type(error).__name__}: {' '.join(str(error).split())}; give a function "
                          f"without arguments that makes an nn.Sequential (FILE.py:function for one that is not "
                          f"installed)") from error
    if not isinstance(made, nn.Module):
        raise DmpnetError(f"--model {spec}: gives a {type(made).__name__}, but an nn.Sequential is needed; return it")
    return made
