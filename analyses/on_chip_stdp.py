"""What do few bits, lines for exponentials and an array read by rows make of STDP, and how often are cells written?

Windows of pair-nearest in a chip's integers beside the one in real numbers. Then the same rule learns from real spikes:
input and spikes of the first layer of a shipped network on training recordings, one after the other, every weight
beginning halfway (binary: every other one). Writes are those that Brian2 counted; weights and writes are compared with
the integer reference, and with what the rule comes to in real numbers. Energy is that of dmpnet.hardware.learning.

python analyses/on_chip_stdp.py --data FOLDER        (some minutes)
"""

from typing import Any

import numpy as np
from tabulate import tabulate

from dmpnet import data, reference
from dmpnet.disk import shipped
from dmpnet.hardware import chip as chips
from dmpnet.hardware.learning import Learning, report, wear
from dmpnet.hardware.plastic_rules import constrain
from dmpnet.plasticity import IntegerRule, integer_reference, protocols, rule
from dmpnet.plasticity import reference as real
from dmpnet.results import options, provenance, script
from dmpnet.trained import weights

NETWORK, GAP = "shd-regen-dmp2", 100  # steps of silence between recordings
BITS = (8, 6, 4, 2)
WINDOWS = {"8 bits, shift": {}, "8 bits, linear": {"plasticity.decay": ["linear"]},
           "4 bits, shift": {"plasticity.w.bits": 4},
           "8 bits, by rows": {"plasticity.decay": ["linear"], "plasticity.reads": "rows"}}


def on(name: str, settings: dict[str, Any], dt: float = protocols.STEP) -> IntegerRule:
    """Rule `name` on the learning core with some numbers set otherwise."""
    return constrain(rule(name), chips.changed(chips.load("learning"), settings), dt)


def windows() -> dict[str, Any]:
    """Mean change and spread against the distance of two spikes."""
    float_window = protocols.window(rule("pair-nearest"))
    found: dict[str, Any] = {"real numbers": {"dt": float_window.delta.tolist(), "dw": float_window.dw.tolist()}}
    for name, settings in WINDOWS.items():
        seen = protocols.window_on_chip(on("pair-nearest", settings))
        found[name] = {"dt": seen.delta.tolist(), "dw": seen.dw.tolist(), "spread": np.asarray(seen.spread).tolist()}
    return found


def spikes(samples: int, folder: Any, seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    """(T, M) input and (T, N) spikes of the first layer, recordings drawn from the training set; seconds a step."""
    network = weights.load(shipped.path(NETWORK))
    s_in = data.load("shd-regen", "train", folder).drawn(samples, seed)
    fired = reference.run(network, s_in).spikes[0]

    def row(each: np.ndarray) -> np.ndarray:
        return np.pad(each > 0, ((0, 0), (0, GAP), (0, 0))).reshape(-1, each.shape[2])

    return row(s_in), row(fired), network.encoding.dt


def learned(made: IntegerRule, pre: np.ndarray, post: np.ndarray, target: np.ndarray) -> dict[str, Any]:
    """Wear, energy and what became of the weights; target : (N, M) weights in real numbers."""
    N, M = post.shape[1], pre.shape[1]
    codes = beginning(made, N, M)
    seen = protocols.run_on_chip(made, pre, post, made.values(codes).T.ravel())
    want = integer_reference.run(made, pre, post, codes, every=False)
    writes, after = seen.writes.reshape(M, N).T, seen.codes.reshape(M, N).T
    run = Learning(made, len(pre), int(pre.sum()), int(post.sum()), writes)
    chip = chips.load("learning")
    energy = {line["quantity"]: line["value"] for line in report(run, chip) if line["quantity"].startswith("pJ a step")}
    return {"mismatches": int((after != want.w[-1]).sum() + (writes != want.writes).sum()),
            "reached": sum(run.events.values()), "wear": wear(writes, len(pre) * made.dt), "energy": energy,
            "correlation": float(np.corrcoef(made.values(after).ravel(), target.ravel())[0, 1]),
            "error": float(np.sqrt(((made.values(after) - target) ** 2).mean()))}


def beginning(made: IntegerRule, N: int, M: int) -> np.ndarray:
    """Codes halfway; of two, every other one."""
    if made.highest - made.lowest > 1:
        return np.full((N, M), (made.lowest + made.highest + 1) // 2)
    return np.arange(N * M).reshape(N, M) % 2


def main() -> None:
    parser = options.script(__doc__, "analyses/results/on_chip_stdp.json")
    parser.add_argument("--samples", type=int, default=10, metavar="N", help="recordings to learn from (default: 10)")
    options.quick(parser, "one recording", samples=1)
    arguments = script.parsed(parser, "on_chip_stdp")
    pre, post, dt = spikes(arguments.samples, arguments.data, arguments.seed)
    p = rule("pair-nearest").numbers
    target = real.run("pair-nearest", pre, post, np.full((post.shape[1], pre.shape[1]), 0.5), dt, p)
    cases = {f"{bits} bits": on("pair-nearest", {"plasticity.w.bits": bits}, dt) for bits in BITS}
    cases |= {"1 bit": on("stochastic-binary", {}, dt),
              "8 bits, linear": on("pair-nearest", WINDOWS["8 bits, linear"], dt),
              "8 bits, by rows": on("pair-nearest", WINDOWS["8 bits, by rows"], dt)}
    runs = {}
    for name, made in cases.items():
        runs[name] = learned(made, pre, post, target)
        print(name, runs[name]["mismatches"], "mismatches", flush=True)
    print(tabulate([{"case": name, "mismatches": each["mismatches"], "writes a synapse": each["wear"]["mean"],
                     "most": each["wear"]["most"], "never %": 100 * each["wear"]["never written"],
                     "pJ a step": each["energy"]["pJ a step"], "writing": each["energy"]["pJ a step, writing weights"],
                     "correlation": each["correlation"], "error": each["error"]} for name, each in runs.items()],
                   headers="keys", floatfmt=".3g"))
    provenance.write(arguments.out, provenance.record("on_chip_stdp", script.given(arguments)) | {
        "network": NETWORK, "steps": len(pre), "dt": dt, "input spikes": int(pre.sum()), "spikes": int(post.sum()),
        "neurons": post.shape[1], "inputs": pre.shape[1], "windows": windows(), "runs": runs})


if __name__ == "__main__":
    script.told(main)
