"""Small deliberate faults: would the tests see them?

    python tests/mutants.py [--touched] [WORD ...]

Every fault is made in a copy of the tree. Tests of the touched module run first and stop at the first failure; only a
fault that they let pass is put before the whole default suite (not with --touched). WORDs choose faults by name.
Where a simulator is compared with a reference, one fault in both is what a comparison cannot see: some are of that
kind. Exit status 1 if any fault survives.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("dmpnet", "tests")  # the rest is only read
SUITE = ["-n", "2", "--ignore", "test_mutants.py"]  # which knows the code as it is
LONGEST = 600  # seconds of a fault's tests: one that hangs is seen
TESTS = {
    "arithmetic/fixed": "test_hardware_membrane.py test_constrain.py",
    "arithmetic/lfsr": "test_hardware_lfsr.py test_plasticity.py test_plasticity_on_chip.py",
    "arithmetic/numpy_integers": "test_hardware_membrane.py",
    "arithmetic/words": "test_hardware_membrane.py test_constrain.py", "brian/axons": "test_axons.py",
    "brian/batches": "test_simulation.py", "brian/graph_population": "test_graphs_brian.py -k numpy",
    "brian/graph_wiring": "test_graphs_brian.py -k numpy", "brian/graphs": "test_graphs_brian.py -k numpy",
    "brian/kernels": "test_graphs_brian.py -k unrolled",
    "brian/integer_steps": "test_hardware_membrane.py test_constrain.py", "brian/populations": "test_network.py",
    "brian/simulation": "test_simulation.py", "brian/standalone": "test_standalone.py -k key",
    "brian/trained_program": "test_standalone.py -k key",
    "data/mnist": "test_data_mnist.py", "data/recordings": "test_data.py", "disk/files": "test_files.py",
    "equations/memory": "test_memory.py", "equations/modes": "test_modes.py",
    "equations/neurons": "test_neurons.py test_reference.py",
    "hardware/actions": "test_actions.py", "hardware/constrain": "test_constrain.py",
    "hardware/banks": "test_fit.py",
    "hardware/cycles": "test_cycles.py", "hardware/energy": "test_hardware_energy.py",
    "hardware/in_memory": "test_hardware_in_memory.py", "hardware/leaks": "test_hardware_leaks.py",
    "hardware/rounding": "test_rounding.py", "hardware/workload": "test_cycles.py test_actions.py",
    "learning/draws": "test_learning.py", "learning/online": "test_learning.py",
    "plasticity/integer_reference": "test_plasticity_on_chip.py", "plasticity/reference": "test_plasticity.py",
    "plasticity/rules/pair": "test_plasticity.py", "reference/axons": "test_axons.py",
    "reference/integers": "test_hardware_membrane.py", "reference/loop": "test_margin.py",
    "reference/real": "test_reference.py", "results/evaluation": "test_evaluation.py",
    "trained/activity": "test_reference.py", "trained/network": "test_weights.py",
    "trained/weights": "test_weights.py",
    "training/layer": "test_training.py", "training/membrane": "test_training.py",
    "training/quantised": "test_quantised.py", "training/ringing": "test_modes.py",
    "training/trainer": "test_training.py"}
"""Tests of each module, those that are quick and near first."""


@dataclass(frozen=True)
class Mutant:
    """A fault.

    breaks : what, in words;  edits : (file below dmpnet/ without .py, text, text instead), the text there once
    tests : arguments of pytest in place of those of the first file in TESTS
    """

    breaks: str
    edits: tuple[tuple[str, str, str], ...]
    tests: str = ""

    @property
    def arguments(self) -> list[str]:
        """Of pytest."""
        return (self.tests or TESTS[self.edits[0][0]]).split()


def both(breaks: str, *edits: tuple[str, str, str], tests: str = "") -> Mutant:
    """One fault in what is tested and in what it is compared with."""
    return Mutant(f"{breaks}, in both", edits, tests)


def one(breaks: str, file: str, text: str, instead: str, tests: str = "") -> Mutant:
    return Mutant(breaks, ((file, text, instead),), tests)


MUTANTS = (
    # integers
    both("saturation wraps", ("arithmetic/words", '"saturate": "clip({0}, {1}, {2})"',
                              '"saturate": "(({0}) - {3}*floored((({0}) - ({1}))/{3}))"'),
         ("arithmetic/numpy_integers", "return np.minimum(np.maximum(value, word.low), word.high)",
          "return (value - word.low) % (1 << word.bits) + word.low")),
    both("the lowest value of a word is -high", ("arithmetic/words", '"saturate": "clip({0}, {1}, {2})"',
                                                '"saturate": "clip({0}, -{2}, {2})"'),
         ("arithmetic/numpy_integers", "return np.minimum(np.maximum(value, word.low), word.high)",
          "return np.minimum(np.maximum(value, -word.high), word.high)")),
    both("membranes saturate in the other order", ("brian/integer_steps", 'before = fixed.saturates == "before"',
                                                   'before = fixed.saturates == "after"'),
         ("reference/integers", 'if self.numbers.saturates == "before":', 'if self.numbers.saturates == "after":'),
         ("reference/integers", 'if self.numbers.saturates == "after" else reset',
          'if self.numbers.saturates == "before" else reset')),
    both("currents are held in the other place",
         ("brian/integer_steps", 'if fixed.currents == "each" else []', 'if fixed.currents == "sum" else []'),
         ("reference/integers", 'if self.numbers.currents == "each" else current',
          'if self.numbers.currents == "sum" else current'), tests="test_hardware_currents.py"),
    both("to nearest rounds halves up",
         ("arithmetic/words", '"nearest": "rint({0})"', '"nearest": "floored({0} + 0.5)"'),
         ("arithmetic/numpy_integers", "((left > half) | ((left == half) & (down & 1 == 1)))", "(left >= half)")),
    both("toward zero rounds down", ("arithmetic/words", '"zero": "trunc({0})"', '"zero": "floored({0})"'),
         ("arithmetic/numpy_integers", "return down + ((total < 0) & (left > 0))", "return down")),
    both("an integer membrane on its threshold does not fire",
         ("brian/integer_steps", 's = int(v >= theta_u)', 's = int(v > theta_u)'),
         ("reference/integers", "self.s = (v >= self.theta_u)", "self.s = (v > self.theta_u)")),
    both("accumulators of currents have no end",
         ("brian/integer_steps", "fixed.I.held('I_f + I_r' if recurrent else 'I_f')",
          "'I_f + I_r' if recurrent else 'I_f'"),
         ("reference/integers", 'self._hold("I", total), self.numbers.shift_f', "total, self.numbers.shift_f")),
    both("the register has other taps", ("arithmetic/lfsr", "TAPS = 0xB400", "TAPS = 0xD008")),  # as long a cycle
    both("an event more is let in", ("brian/queues", "np.cumsum(s, axis=1) <= self.most",
                                             "np.cumsum(s, axis=1) <= self.most + 1"),
         ("reference/integers", "np.cumsum(s_in != 0, axis=1) <= most", "np.cumsum(s_in != 0, axis=1) <= most + 1"),
         tests="test_queue.py"),
    one("layers draw the same noise", "hardware/constrain", "lfsr.seeded(options.seed, log.layer)",
        "lfsr.seeded(options.seed)", "test_hardware_lfsr.py"),
    one("a leap of the register is a bit short", "arithmetic/lfsr", "for _ in range(8):", "for _ in range(7):"),
    one("columns make up for an error the wrong way", "hardware/rounding", "j + 1 :] -= np.outer",
        "j + 1 :] += np.outer"),
    one("sums beyond what is exact are let through", "hardware/exactness", "if most > 2**EXACT:",
        "if most > 2**(EXACT + 8):", tests="test_constrain.py -k exact"),
    one("gradients of clipped weights are dropped", "training/quantised", "outside & (dy * part < 0)", "outside",
        tests="test_quantised.py -k gradients"),
    # neurons
    both("a membrane on its threshold does not fire", ("equations/neurons", 'THRESHOLD = "u >= theta_u"',
                                                       'THRESHOLD = "u > theta_u"'),
         ("reference/real", "fired = self.u >= level", "fired = self.u > level")),
    both("a soft reset is hard", ("equations/neurons", '"soft": "u = u - theta_u"', '"soft": "u = 0"'),
         ("reference/real", '0 if self.neuron.reset == "hard" else self.u - theta_u', "0")),
    both("modes turn the other way", ("equations/modes", "- d_{j}*z_im_{j} + B_re", "+ d_{j}*z_im_{j} + B_re"),
         ("reference/modes", "- self.d[j] * im + self.B_re", "+ self.d[j] * im + self.B_re")),
    both("a soft reset takes a threshold from every mode", ("equations/modes", "z_re_{j} - theta_u/{n}",
                                                            "z_re_{j} - theta_u"),
         ("reference/modes", "re - theta_u / self.n", "re - theta_u")),
    one("values come a step early", "brian/shared", 'in ("spikes", "s") else gather', '== "spikes" else gather',
        tests="test_modes.py -k rings_as"),
    one("a mode that is reset hard goes on in the adjoint", "training/ringing",
        "if emits == RESET and hard:\n        for", "if False:\n        for"),
    both("the memory is looked at a step late", ("brian/real_steps", "int(k % d_s == 0)*{new} + int(k % d_s != 0)*I_m",
                                                 "int(k % d_s == 1 % d_s)*{new} + int(k % d_s != 1 % d_s)*I_m"),
         ("reference/real", "if k % self.d_s == 0:", "if k % self.d_s == 1 % self.d_s:"),
         tests="test_reference.py"),
    both("delays are a step short", ("reference/axons", "np.minimum(delay, steps).astype(np.int64)  #",
                                     "np.maximum(np.minimum(delay, steps).astype(np.int64) - 1, 0)  #"),
         ("brian/axons", "np.resize(np.minimum(delay, self.steps), len(self.y))",
          "np.resize(np.maximum(np.minimum(delay, self.steps) - 1, 0), len(self.y))"), tests="test_axons.py"),
    one("a ring has no room for its longest delay", "brian/axons", "return 1 << int(", "return 1 << -1 + int("),
    one("a class is smoothed by the last readout alone", "trained/activity", "kappa * ybar[:, k - 1]",
        "kappa * readout[:, k - 1]"),
    one("the memory is held by an Euler step", "equations/memory", "abar = expm(a)", "abar = np.eye(len(a)) + a"),
    one("the margin is that of the last step", "reference/loop", "margin = min(margin, layer.step(k, signal))",
        "margin = layer.step(k, signal)", tests="test_margin.py"),
    one("the margin is that of the last chunk", "results/evaluation", "margin = min(margin, want.margin)",
        "margin = want.margin", tests="test_margin.py"),
    one("joined batches change places", "brian/batches", "logits=np.concatenate([part.logits for part in parts])",
        "logits=np.concatenate([part.logits for part in parts[::-1]])"),
    one("a late edge past its source brings this step", "brian/graph_wiring",
        "edge.late and place[origin] < place[name]",
        "False"),
    one("a copy for a late edge is taken after the step", "brian/graphs", "lines.insert(lines[0] == COUNT, f\"before",
        "lines.append(f\"before"),
    one("refractory neurons rest a step less", "brian/graph_population", "int(wait > 0)", "int(wait > 1)"),
    one("a late reset acts at once", "brian/graph_population", '["u = v"] if node.late else', "[] if False else"),
    one("the current of the step before is that of this one", "brian/graph_population",
        '["i_before = i_syn"] if "g_before" in used else []', '["i_before = x"] if "g_before" in used else []'),
    one("kernels are padded alike on all sides", "brian/kernels", "[:, None] + low - np.arange",
        "[:, None] + 1 - np.arange"),
    one("a bias goes round the channels", "brian/kernels", "y += self.bias.get_value().reshape(1,",
        "y += self.bias.get_value()[::-1].reshape(1,"),
    # files, keys, digests
    one("a program key ignores W_r", "brian/trained_program", '"W_r": layer.W_r is not None', '"W_r": False'),
    one("of a kept program only its code is checked", "brian/standalone",
        'for name, value in manifest["digests"].items())', 'for name, value in manifest["digests"].items() '
        'if name == PROGRAM)', tests="test_standalone.py -k damaged"),
    one("files are not on the disk when they get their name", "disk/files", "os.fsync(written.fileno())", "pass"),
    one("a checksum is that of the header", "trained/weights",
        "    for key, array in arrays.items():\n        total.update(",
        "    for key, array in {}.items():\n        total.update(", tests="test_checksums.py"),
    one("a checksum of data leaves out what is told", "data/recordings",
        'for array in (self.values, self.labels.astype("<i8")):', "for array in (self.values,):",
        tests="test_checksums.py"),
    one("parameters of Bbar count as trained", "trained/network",
        "frozen += layer.slow.Abar.size + layer.slow.Bbar.size",
        "frozen += layer.slow.Abar.size"),
    # data
    one("pixels come in the inverse order", "data/mnist", "np.take(values, order, axis=1)",
        "np.take(values, np.argsort(order), axis=1)"),
    one("the same samples are held out whatever the seed", "data/recordings",
        "splits[by](recordings, fraction, np.random.RandomState(seed))",
        "splits[by](recordings, fraction, np.random.RandomState(0))"),
    # training and learning
    one("every epoch has the order of the first", "training/trainer", "RandomState((self.recipe.seed, p.epoch))",
        "RandomState((self.recipe.seed, 0))", tests="test_training_order.py"),
    one("every batch draws what the first drew", "training/trainer", "(recipe.seed, p.epoch, p.batch, number)",
        "(recipe.seed, p.epoch, 0, number)", tests="test_training_order.py"),
    one("a resumed run begins its epoch anew", "training/trainer", "dict(self.standing.__dict__)",
        "dict(self.standing.__dict__, batch=0)", tests="test_training.py -k resumes"),
    one("what fires keeps its gradient through a hard reset", "training/membrane",
        "(zero if hard and row[n] >= limit[n] else kept_slope[n])", "kept_slope[n]",
        tests="test_training.py -k gradient"),
    one("a lowered threshold is as high as ever in the gradient of beta", "training/membrane",
        "earlier[n] = theta_u - (acting[s, k - 1, n] if k else zero)", "earlier[n] = theta_u",
        tests="test_training_actions.py"),
    one("a gain leaves the gradient of W_f as it is", "training/membrane",
        "into[n] = after[n] * (one + acting[s, k, n])", "into[n] = after[n]", tests="test_training_actions.py"),
    one("a bias of the gain is not learned", "training/layer", "db_m = dI_m.sum(0, dtype=u.dtype)",
        "db_m = 0 * dI_m.sum(0, dtype=u.dtype)", tests="test_training_actions.py"),
    one("every neuron learns the beta of the first", "training/membrane", "kept_slope = c.copy()",
        "kept_slope = np.full(N, c[0])", tests="test_betas.py -k trainer"),
    one("an average is of one epoch more than is said", "training/trainer",
        "return epoch > self.recipe.epochs - self.recipe.average",
        "return epoch >= self.recipe.epochs - self.recipe.average", tests="test_training.py -k mean_of_the_last"),
    one("every pass has the order of the first", "learning/online", "RandomState((self.seed, self.seen // n))",
        "RandomState((self.seed, 0))", tests="test_training_order.py"),
    one("streams of draws overlap", "learning/draws", "+ _mixed(np.uint64(seed))",
        "+ np.uint64(seed) * np.uint64(GOLDEN)", tests="test_draws.py"),
    # plasticity
    one("in one step post comes before pre", "plasticity/reference",
        'w[:, pre[k]] = np.clip(w - on_pre(w, k), p["w_min"], p["w_max"])[:, pre[k]]\n'
        '        w[post[k]] = np.clip(w + on_post(w, k), p["w_min"], p["w_max"])[post[k]]',
        'w[post[k]] = np.clip(w + on_post(w, k), p["w_min"], p["w_max"])[post[k]]\n'
        '        w[:, pre[k]] = np.clip(w - on_pre(w, k), p["w_min"], p["w_max"])[:, pre[k]]',
        tests="test_plasticity.py -k reference_steps"),
    both("potentiation has no end", ("plasticity/rules/pair", '"w = clip(w + A_plus*w_max*x_pre, w_min, w_max)"',
                                     '"w = w + A_plus*w_max*x_pre"'),
         ("plasticity/reference", 'np.clip(w + on_post(w, k), p["w_min"], p["w_max"])[post[k]]',
          "(w + on_post(w, k))[post[k]]")),
    one("a weight on a chip goes below its word", "plasticity/integer_reference",
        "np.minimum(np.maximum(before + sign * step, rule.lowest), rule.highest)",
        "np.minimum(before + sign * step, rule.highest)"),
    # costs
    one("x is known before it is rectified", "hardware/cycles", "work.events + 1 if counter", "work.events if counter"),
    one("x is known an event late", "hardware/cycles", "np.maximum(visited - fewest, 0)", "visited"),
    one("a layer hears its own spikes in their step", "hardware/workload", "before[..., 1:] = self.sent[..., :-1]",
        "before[:] = self.sent"),
    one("a product costs as its bits, not their square", "hardware/energy", "MULTIPLY8_PJ * (B / 8) ** 2",
        "MULTIPLY8_PJ * (B / 8)"),
    one("a write costs nothing", "hardware/energy", "+ ours.write_per_read * rows_pj(counts.written, ours)",
        ""),
    one("columns beside cost nothing", "hardware/energy", "rows.lines + ours.half_selected * rows.beside",
        "rows.lines"),
    one("a pass over the neurons adds once", "hardware/actions", "2 * updates + (sent if", "updates + (sent if"),
    one("bits of the last byte are not counted", "hardware/banks", "return -(-bits // 8)", "return bits // 8"),
    one("what leaks past 0 is not cleared", "hardware/leaks", "return np.maximum(V - L, 0)", "return V - L"),
)


def changed(tree: Path, mutant: Mutant) -> dict[Path, str]:
    """Text of the files with the fault; ValueError where a text is not there exactly once."""
    found: dict[Path, str] = {}
    for name, text, instead in mutant.edits:
        file = Path("dmpnet", f"{name}.py")
        content = found.get(file) or (tree / file).read_text()
        if content.count(text) != 1 or text == instead:
            raise ValueError(f"{mutant.breaks}: {text!r} is {content.count(text)} times in {file}, but a fault needs "
                             f"it once; write it anew in tests/mutants.py")
        found[file] = content.replace(text, instead)
    return found


def copied(tree: Path, mutant: Mutant, folder: Path) -> None:
    """`tree` with the fault in `folder`; compiled kernels go along, with the times by which they are known."""
    texts = changed(tree, mutant)
    for place in tree.iterdir():
        if place.name in COPIED:
            shutil.copytree(place, folder / place.name)
        elif not place.name.startswith("."):
            (folder / place.name).symlink_to(place)
    for file, text in texts.items():
        (folder / file).write_text(text)


def failing(folder: Path, arguments: list[str]) -> str:
    """The first test that fails in the tree `folder`, '' if all pass; RuntimeError if none can be run."""
    environment = os.environ | {"PYTHONPATH": str(folder), "DMPNET_DATA": os.environ.get(
        "DMPNET_DATA", str(ROOT.parent / "shared" / "data"))}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=no", "--show-capture=no", "-p",
               "no:cacheprovider", *arguments]
    try:
        done = subprocess.run(command, cwd=folder / "tests", env=environment, capture_output=True, text=True,
                              timeout=LONGEST)
    except subprocess.TimeoutExpired:
        return f"no end after {LONGEST} s"
    if done.returncode == 0:
        return ""
    told = [line.partition(" ")[2] for line in done.stdout.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    if done.returncode != 1 or not told:
        last = (done.stdout + done.stderr).splitlines()[-8:]
        raise RuntimeError(f"pytest {' '.join(arguments)} ends with {done.returncode}: {' | '.join(last)}")
    return told[0].split(" - ")[0]


def seen_by(mutant: Mutant, tree: Path = ROOT, suite: bool = False) -> str:
    """The first test that fails with the fault, of the touched module or, with `suite`, of all; '' for none."""
    with tempfile.TemporaryDirectory(prefix="dmpnet-mutant-") as name:
        folder = Path(name)
        copied(tree, mutant, folder)
        return failing(folder, mutant.arguments) or (failing(folder, SUITE) if suite else "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("words", nargs="*", help="of faults to make (default: all)")
    parser.add_argument("--touched", action="store_true", help="tests of the touched module only")
    asked = parser.parse_args()
    chosen = [mutant for mutant in MUTANTS if not asked.words or any(word in mutant.breaks for word in asked.words)]
    survive = 0
    for number, mutant in enumerate(chosen, 1):
        began = time.perf_counter()
        seen = seen_by(mutant, suite=not asked.touched)
        survive += not seen
        print(f"{number:3}  {time.perf_counter() - began:5.0f} s  {mutant.edits[0][0]}: {mutant.breaks}\n"
              f"                {seen or 'SURVIVES'}", flush=True)
    print(f"\n{len(chosen) - survive} of {len(chosen)} faults seen")
    return 1 if survive else 0


if __name__ == "__main__":
    sys.exit(main())
