"""A NIR graph taken node by node: the report, and the graph if nothing is refused."""

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.errors import DmpnetError
from dmpnet.graph.graph import Edge, Graph
from dmpnet.graph.nodes import Delay, Input, Memory, Node, Scale, Shape
from dmpnet.nir import circles, file, joints, maps, neurons, parts, tags, values
from dmpnet.nir.conventions import Convention, chosen
from dmpnet.nir.parts import Nested, Part
from dmpnet.nir.rows import Report, Row
from dmpnet.trained.encoding import Encoding

STEP = 1e-3
"""dt of a report where neither the caller nor the file says it."""


def from_nir(graph: Any, dt: float | None = None, method: str | None = None, reset: str | None = None,
             convention: str = "nir", **more: Any) -> Graph:
    """A nir.NIRGraph, or the .nir file of that path, as a Graph; DmpnetError if a node of it is refused.

    dt : seconds a step; None: what the file says, written by dmpnet or as snnTorch does
    method, reset, convention : dmpnet.nir.conventions; more of it: current, integrate
    round_delays : take delays that are no whole number of steps by the nearest
    output : name of the Output that is read, where there are several
    tags : False reads NIR's own nodes alone, not what dmpnet wrote beside them
    input, steps, dataset : of the samples: 'analog' or 'spikes', how many steps, name in dmpnet.data
    """
    return Taking(graph, dt, method=method, reset=reset, convention=convention, **more).given()


def report(graph: Any, dt: float | None = None, **settings: Any) -> Report:
    """Every node of a NIR graph and how it would be taken, with the settings of from_nir; dt 1 ms if none is said."""
    return Taking(graph, dt, **settings).report


@dataclass(frozen=True)
class Samples:
    """How samples reach the network, which NIR does not say."""

    input: str = "analog"
    steps: int = 1
    dataset: str = ""


class Taking:
    """One import: rows, and the graph."""

    def __init__(self, graph: Any, dt: float | None, *, convention: str = "nir", method: str | None = None,
                 reset: str | None = None, current: str | None = None, integrate: str | None = None,
                 round_delays: bool = False, output: str | None = None, tags: bool = True, input: str = "analog",
                 steps: int = 1, dataset: str = ""):
        self.convention: Convention = chosen(convention, method=method, reset=reset, current=current,
                                             integrate=integrate)
        self.round_delays, self.output = round_delays, output
        self.samples = Samples(input, steps, dataset)
        self.rows: list[Row] = []
        self.notes: list[str] = []
        self.nodes: dict[str, Node] = {}
        self.graph: Graph | None = None
        is_file = isinstance(graph, str | Path)
        self.origin = str(graph) if is_file else "nir"
        tree, version = file.read(graph) if is_file else (parts.of(graph), "")
        try:
            self._take(tree, dt, tags, version)
        except DmpnetError as error:
            raise DmpnetError(f"{self.origin}: {error}") from error
        self.report = Report(self.origin, self.dt, self.convention.record(), self.rows, tuple(self.notes))

    def given(self) -> Graph:
        """The graph; DmpnetError if a node is refused, or nobody says dt."""
        self.report.refuse()
        if self.guessed:
            raise DmpnetError(f"{self.origin}: dt is not said, neither by the file nor by you; give dt in seconds "
                              f"(--dt 1ms)")
        assert self.graph is not None
        return self.graph

    def _take(self, tree: Nested, dt: float | None, believe: bool, version: str) -> None:
        self.header = tags.header(tree) if believe else None
        self.dt, self.guessed = self._step(tree, dt), False
        if math.isnan(self.dt):
            self.dt, self.guessed = STEP, True
            self.notes.append(f"dt = {STEP:g} s is taken for this report, as neither the file nor you say it")
        self.flat = parts.flat(tags.folded(tree, self.dt) if self.header else tree)
        self.late: set[circles.Pair] = self._late_edges() if self.header else set()
        for name, says in self.flat.whole:
            self._row(name, "graph", "refused", says)
        self._ends()
        self._convert()
        self._join(version)

    def _step(self, tree: Nested, dt: float | None) -> float:
        """dt as given, as tagged, or as snnTorch tells it; NaN if by none."""
        if dt is not None and not (isinstance(dt, int | float | np.number) and math.isfinite(dt) and dt > 0):
            raise DmpnetError(f"dt = {dt!r}, but a step lasts a positive number of seconds; set one")
        if self.header:
            written = self.header["encoding"].dt
            if dt is not None and not math.isclose(dt, written, rel_tol=1e-9):
                raise DmpnetError(f"dt = {dt:g} s, but the file was written by dmpnet for steps of {written:g} s; "
                                  f"leave dt out, or read it without its tags (tags=False, --ignore-tags)")
            return written
        return float(dt) if dt is not None else self._told(tree)

    def _told(self, tree: Nested) -> float:
        dt = neurons.told(parts.flat(tree).nodes.values())
        if not math.isnan(dt):
            self.notes.append(f"dt = {dt:g} s, which r = tau/dt tells, as snnTorch writes it")
        return dt

    def _late_edges(self) -> set[circles.Pair]:
        """Tagged Delays as the late edges that they stand for."""
        late, flat = set(), self.flat
        for name in [name for name, part in flat.nodes.items() if tags.is_late(part)]:
            before = [edge[0] for edge in flat.edges if edge[1] == name]
            behind = [edge[1] for edge in flat.edges if edge[0] == name]
            delay = values.raw(flat.nodes[name], "delay")
            if len(before) == len(behind) == 1 and np.allclose(delay, self.dt, tags.NEAR, 0):
                late.add((before[0], behind[0]))
                flat.edges = Counter({edge: n for edge, n in flat.edges.items() if name not in edge})
                del flat.nodes[name]
        return late

    def _row(self, name: str, kind: str, how: str, says: str = "") -> None:
        self.rows.append(Row(name, kind, how, says))

    def _ends(self) -> None:
        """The one Input and the one Output; where there is none, before and behind the one node that is bare."""
        flat = self.flat
        for kind, side in (("Input", 1), ("Output", 0)):
            found = [name for name, part in flat.nodes.items() if part.kind == kind]
            ends = {edge[side] for edge in (*flat.edges, *self.late)}
            bare = [name for name, part in flat.nodes.items() if name not in ends and part.kind not in (
                "Input", "Output")]
            if not found and len(bare) == 1 and not flat.nodes[bare[0]].broken:
                name = kind.lower()
                while name in flat.nodes:
                    name += "_"
                flat.nodes[name], found = Part(kind), [name]
                flat.edges[(name, bare[0]) if side else (bare[0], name)] += 1
                bare = []
            if kind == "Output":
                found = self._read_out(found)
            elif bare:
                for name in bare:
                    self._row(name, flat.nodes[name].kind, "refused", "nothing leads into it; join it to the input, or "
                                                                      "take it out")
            if len(found) != 1:
                self._row("graph", "graph", "refused",
                          f"{len(found)} {kind}s ({', '.join(map(repr, found)) or 'none'}), but samples reach one "
                          f"Input and one Output is read; " + ("join them into one Input" if kind == "Input" else
                                                         "choose one (output=, --output)"))
            if kind == "Input":
                self.start = found[0] if found else ""
            else:
                self.end = found[0] if found else ""

    def _read_out(self, found: list[str]) -> list[str]:
        """Of several Outputs the one that is chosen."""
        if self.output is None:
            return found
        if self.output not in found:
            raise DmpnetError(f"output = {self.output!r}, but the Outputs are {', '.join(map(repr, found))}; choose "
                              f"one")
        for name in found:
            if name != self.output:
                self._row(name, "Output", "convention", f"is not read, {self.output!r} is")
                del self.flat.nodes[name]
                self.flat.edges = Counter({edge: n for edge, n in self.flat.edges.items() if name not in edge})
        return [self.output]

    # nodes, each as soon as the shape of what reaches it is known

    def _convert(self) -> None:
        flat = self.flat
        behind: dict[str, list[str]] = {}
        for source, target in sorted({*flat.edges, *self.late}):
            behind.setdefault(source, []).append(target)
        failed: set[str] = set()
        for unknown in (False, True):  # at last also those of which nobody knows what reaches them
            waiting = sorted((name for name in flat.nodes if name not in self.nodes and name not in failed),
                             reverse=True)
            while waiting:
                name = waiting.pop()
                part = flat.nodes[name]
                if name in self.nodes or name in failed or part.kind == "Output":
                    continue
                incoming = self._incoming(name)
                if incoming is None and not unknown and (maps.takes_shape(part) or neurons.single(part)):
                    continue
                try:
                    self._node(name, part, incoming)
                    waiting += reversed(behind.get(name, []))
                except DmpnetError as error:
                    failed.add(name)
                    self._row(name, part.kind, "refused", str(error))
        far = circles.away(flat.edges, self.start)
        self.rows.sort(key=lambda row: (far.get(row.node, len(flat.nodes)), row.node))

    def _incoming(self, name: str) -> Shape | None:
        """The shape of what reaches a node, by the first source that is known."""
        sources = sorted(source for source, target in (*self.flat.edges, *self.late) if target == name)
        return next((self.nodes[source].shape_out for source in sources if source in self.nodes), None)

    def _node(self, name: str, part: Part, incoming: Shape | None) -> None:
        if part.broken:
            raise DmpnetError(part.broken)
        if part.kind == "Input":
            taken: maps.Taken = Input(self._input_shape(name, part)), "exact", ""
        elif part.kind == "Memory":
            taken = Memory(**part.fields), "exact", "m = A m + B x, as tagged"
        elif self.header and tags.TAG in part.metadata:
            taken = tags.restored(part, incoming, self.dt), "exact", "as tagged by dmpnet"
        elif part.kind in neurons.NEURONS:
            taken = neurons.taken(part, incoming, self.dt, self.convention)
        else:
            taken = maps.taken(part, incoming, self.dt, self.round_delays)
        made, how, says = taken
        values.limited(made.shape_out)
        self.nodes[name] = made
        self._row(name, part.kind, how, f"{says}; {_shapes(made)}" if says else _shapes(made))

    def _input_shape(self, name: str, part: Part) -> Shape:
        if "shape" in part.fields:
            return values.shape(part, "shape")
        target = next(target for source, target in self.flat.edges if source == name)
        if target not in self.nodes:
            self._node(target, self.flat.nodes[target], None)
        return self.nodes[target].shape_in

    # edges

    def _join(self, version: str) -> None:
        edges = self.flat.edges
        into_end = [source for (source, target), count in edges.items() if target == self.end for _ in range(count)]
        for name, says in joints.misfits(self.nodes, self.flat, self.late, self.start, self.end):
            self._row(name, self.flat.nodes[name].kind, "refused", says)
        if any(row.how == "refused" for row in self.rows):
            return
        output = self._output(into_end)
        cut = circles.cut(self.nodes, (edge for edge in edges if self.end not in edge), self.start)
        if cut.around:
            self._row(cut.around[0], "circle", "refused",
                      f"{', '.join(map(repr, cut.around))} wait for each other within a step, with neither neuron nor "
                      f"delay between them; put a Delay of dt into the circle")
            return
        for source, target in sorted(cut.late):
            exact = target in cut.delays
            self._row(f"{source} -> {target}", "edge", "exact" if exact else "convention",
                      f"a step late, and {target!r} a step shorter" if exact else "a step late, as it closes a circle")
        for name in cut.delays:
            node = self.nodes[name]
            assert isinstance(node, Delay)
            self.nodes[name] = Delay(node.steps - 1)
        joined = [Edge(source, target, (source, target) in cut.late) for (source, target), count in edges.items()
                  if target in self.nodes for _ in range(count)]
        joined += [Edge(source, target, True) for source, target in self.late]
        self.graph = Graph(self._ordered(), tuple(joined), output, self._encoding(), self._provenance(version))

    def _output(self, sources: list[str]) -> str:
        """The node that is read out: the one that leads into the Output, or their sum."""
        if len(sources) == 1:
            self._row(self.end, "Output", "exact", f"reads {sources[0]!r}")
            return sources[0]
        self.nodes[self.end] = Scale(np.ones(self.nodes[sources[0]].shape_out))
        self._row(self.end, "Output", "exact", f"reads the sum of {', '.join(map(repr, sorted(sources)))}")
        return self.end

    def _ordered(self) -> dict[str, Node]:
        """The nodes, as ordered in the graph that was exported where the file says that."""
        names = [name for name in (self.header or {}).get("nodes", []) if name in self.nodes]
        return {name: self.nodes[name] for name in (*names, *(set(self.nodes) - set(names)))}

    def _encoding(self) -> Encoding:
        if self.header:
            return self.header["encoding"]
        size = math.prod(self.nodes[self.start].shape_out)
        return Encoding(self.samples.input, size, self.samples.steps, self.dt, self.samples.dataset)

    def _provenance(self, version: str) -> dict[str, Any]:
        if self.header:
            return self.header.get("provenance", {})
        return {"nir": {"file": Path(self.origin).name, "version": version, "dt": self.dt,
                        "convention": self.convention.record()}}


def _shapes(node: Node) -> str:
    into, out = ("x".join(map(str, shape)) or "1" for shape in (node.shape_in, node.shape_out))
    return into if into == out else f"{into} to {out}"
