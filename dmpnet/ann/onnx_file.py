"""A ReLU network read from an ONNX file (extra: onnx): what is not a layer of one is refused by its name."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.ann.network import Chain, Network
from dmpnet.errors import DmpnetError, WeightsError
from dmpnet.graph import Affine, Convolution, Flatten, Pool, Rectify

LEFT_OUT = ("Identity", "Dropout")
LAST = ("Softmax", "LogSoftmax")
WAYS = {
    "MaxPool": "a maximum is no sum of spikes: use average pooling, or a convolution with a stride, and train again",
    "GlobalMaxPool": "a maximum is no sum of spikes: use average pooling and train again",
    "Softmax": "it is left out at the end only, where the largest stays the largest: move it there",
    "LogSoftmax": "it is left out at the end only, where the largest stays the largest: move it there",
    "LeakyRelu": "only ReLU has a rate: use it and train again", "Clip": "use ReLU without a limit and train again",
    "LayerNormalization": "it depends on the sample: use batch normalisation and train again",
    "Shape": "a shape computed from the batch: use nn.Flatten, or export with a fixed batch of 1"}
OTHERWISE = "rewrite it with Gemm, Conv, BatchNormalization, Relu, AveragePool and Flatten"


def read(path: str | Path, shape: tuple[int, ...] | None = None) -> Network:
    """The network in an ONNX file; DmpnetError names the file and the node that has no place in one.

    shape : of a sample, where the file leaves it open
    """
    path = Path(path)
    try:
        onnx = importlib.import_module("onnx")
    except ImportError as error:
        raise DmpnetError(f"{path}: an ONNX file, but onnx is not installed; pip install '.[onnx]' in a clone"
                          ) from error
    if not path.is_file():
        raise WeightsError(f"{path}: no such file; give the path of an ONNX file")
    try:
        graph = onnx.load(str(path)).graph
        constants = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
        nodes = [_Node(each, onnx) for each in graph.node]
    except Exception as error:  # protobuf and onnx raise of any kind
        raise WeightsError(f"{path}: cannot be read as ONNX to its end ({' '.join(str(error).split())[:200]}); export "
                           f"or copy the file again") from error
    try:
        return _chained(graph, nodes, constants, shape)
    except DmpnetError as error:
        raise type(error)(f"{path}: {error}") from error


class _Node:
    """One node of the file: op, name, inputs, first output, attributes."""

    def __init__(self, node: Any, onnx: Any):
        self.op, self.inputs, self.output = node.op_type, list(node.input), node.output[0]
        self.name = node.name or f"{node.op_type}:{self.output}"
        self.attributes = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
        if self.op == "Constant" and "value" in self.attributes:
            self.attributes["value"] = onnx.numpy_helper.to_array(self.attributes["value"])

    def refused(self, why: str = "") -> DmpnetError:
        way = why or WAYS.get(self.op, OTHERWISE)
        return DmpnetError(f"node {self.name!r} is a {self.op}, which has no place in a converted network; {way}")


def _chained(graph: Any, nodes: list[_Node], constants: dict[str, np.ndarray], shape: Any) -> Network:
    """The nodes from the input to the output, one after the other."""
    for node in nodes:
        if node.op == "Constant":
            constants[node.output] = np.asarray(next(iter(node.attributes.values())))
    inputs = [each for each in graph.input if each.name not in constants]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise DmpnetError(f"{len(inputs)} inputs and {len(graph.output)} outputs, but a converted network has one of "
                          f"each; export one branch")
    chain = Chain(shape or _shape(inputs[0]))
    at = inputs[0].name
    while at != graph.output[0].name:
        after = [node for node in nodes if at in node.inputs]
        if len(after) != 1:
            found = " and ".join(repr(node.name) for node in after) or "no node"
            raise DmpnetError(f"{at!r} goes to {found}, but layers follow one another; export a network without "
                              f"branches")
        node, = after
        if node.op in LAST and node.output == graph.output[0].name:
            chain.notes.append(f"{node.name!r}: {node.op} at the end, left out: the largest stays the largest")
        elif node.op not in LEFT_OUT:
            _put(chain, node, at, constants)
        at = node.output
    return chain.finished()


def _shape(given: Any) -> tuple[int, ...]:
    """Of a sample, as the file declares it."""
    sizes = [each.dim_value for each in given.type.tensor_type.shape.dim]
    if len(sizes) < 2 or min(sizes[1:]) < 1:
        raise DmpnetError(f"input {given.name!r} of shape {sizes} leaves a sample's shape open; give it, e.g. "
                          f"--shape 1 28 28")
    return tuple(sizes[1:])


def _put(chain: Chain, node: _Node, at: str, constants: dict[str, np.ndarray]) -> None:
    """One node into the chain."""
    put = OPS.get(node.op)
    if put is None:
        raise node.refused()
    missing = [name for name in node.inputs if name and name != at and name not in constants]
    if missing:
        raise node.refused(f"its input {missing[0]!r} is computed, not stored: layers follow one another without "
                           f"branches")
    others = [constants[name] for name in node.inputs if name and name != at]
    if node.inputs[0] != at and node.op not in ("Add", "Mul"):
        raise node.refused("its first input is stored: the network's values come first")
    try:
        put(chain, node, others)
    except DmpnetError as error:
        raise type(error)(f"node {node.name!r} ({node.op}): {error}" if node.name not in str(error) else str(error)
                          ) from error
    except (ValueError, IndexError, TypeError, KeyError) as error:
        raise node.refused(f"its arrays do not fit ({error}): export the network again") from error


def _gemm(chain: Chain, node: _Node, others: list[np.ndarray]) -> None:
    held = node.attributes
    if held.get("transA"):
        raise node.refused("transA = 1 mixes the samples of a batch")
    weight = others[0] if held.get("transB") else others[0].T
    bias = others[1] * held.get("beta", 1.0) if len(others) > 1 else None
    chain.add(node.name, Affine(held.get("alpha", 1.0) * weight.astype(float),
                                None if bias is None else np.broadcast_to(bias.ravel(), len(weight))))


def _conv(chain: Chain, node: _Node, others: list[np.ndarray]) -> None:
    weight, axes = others[0], others[0].ndim - 2
    pads = _pads(node, axes)
    chain.add(node.name, Convolution(weight, chain.shape, others[1] if len(others) > 1 else None,
                                     tuple(node.attributes.get("strides", ())),
                                     tuple(zip(pads[:axes], pads[axes:], strict=True)),
                                     tuple(node.attributes.get("dilations", ())), node.attributes.get("group", 1)))


def _pads(node: _Node, axes: int) -> list[int]:
    """(before of each axis, after of each axis)."""
    if node.attributes.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        raise node.refused("auto_pad leaves the padding open: export with explicit pads")
    return list(node.attributes.get("pads", [0] * 2 * axes))


def _pool(chain: Chain, node: _Node, others: list[np.ndarray]) -> None:
    kernel = tuple(node.attributes["kernel_shape"])
    axes = len(kernel)
    pads = _pads(node, axes)
    if node.attributes.get("ceil_mode") or any(each != 1 for each in node.attributes.get("dilations", ())) or (
            any(pads) and not node.attributes.get("count_include_pad")) or pads[:axes] != pads[axes:]:
        raise node.refused("its windows count differently at the edge (ceil_mode, dilations, pads that are not counted "
                           "or not alike): train without these")
    chain.add(node.name, Pool(chain.shape, kernel, tuple(node.attributes.get("strides", (1,) * axes)),
                              tuple(pads[:axes]), mean=True))


def _batch_norm(chain: Chain, node: _Node, others: list[np.ndarray]) -> None:
    gamma, beta, mean, var = (each.astype(float) for each in others)
    if node.attributes.get("training_mode"):
        raise node.refused("it is in training mode: export the network after eval()")
    scale = gamma / np.sqrt(var + node.attributes.get("epsilon", 1e-5))
    chain.scaled(node.name, scale, beta - scale * mean)


def _flatten(chain: Chain, node: _Node, others: list[np.ndarray]) -> None:
    if node.attributes.get("axis", 1) != 1:
        raise node.refused("it joins other axes than those of a sample: flatten from axis 1")
    chain.add(node.name, Flatten(chain.shape))


def _reshape(chain: Chain, node: _Node, others: list[np.ndarray]) -> None:
    wanted = others[0].ravel().tolist()
    if len(wanted) != 2 or wanted[1] not in (-1, int(np.prod(chain.shape))):
        raise node.refused(f"its shape {wanted} is not (batch, all the rest): use Flatten")
    if len(chain.shape) > 1:
        chain.add(node.name, Flatten(chain.shape))


def _number(chain: Chain, node: _Node, array: np.ndarray) -> np.ndarray:
    """A constant as one number, or one a channel; refused where it differs within one."""
    array = np.asarray(array, float)
    if array.size == 1:
        return array.reshape(())
    full = array.reshape((1,) * (1 + len(chain.shape) - array.ndim) + array.shape)
    if full.shape != (1, chain.shape[0], *(1 for _ in chain.shape[1:])):
        raise node.refused(f"its constant of shape {array.shape} is not one number a channel of {chain.shape}")
    return full.ravel()


def _shifted(sign: float) -> Callable[[Chain, _Node, list[np.ndarray]], None]:
    return lambda chain, node, others: chain.scaled(node.name, np.ones(()), sign * _number(chain, node, others[0]))


def _times(power: float) -> Callable[[Chain, _Node, list[np.ndarray]], None]:
    return lambda chain, node, others: chain.scaled(node.name, _number(chain, node, others[0]) ** power, np.zeros(()))


def _mean(chain: Chain, node: _Node, others: list[np.ndarray]) -> None:
    chain.add(node.name, Pool(chain.shape, chain.shape[1:], mean=True))


OPS: dict[str, Callable[[Chain, _Node, list[np.ndarray]], None]] = {
    "Gemm": _gemm, "Conv": _conv, "AveragePool": _pool, "BatchNormalization": _batch_norm, "Flatten": _flatten,
    "Reshape": _reshape, "GlobalAveragePool": _mean, "Add": _shifted(1.0), "Sub": _shifted(-1.0), "Mul": _times(1.0),
    "Div": _times(-1.0), "MatMul": lambda chain, node, others: chain.add(node.name, Affine(others[0].T)),
    "Relu": lambda chain, node, others: chain.add(node.name, Rectify(chain.shape))}
"""What is put into the chain for each op."""
