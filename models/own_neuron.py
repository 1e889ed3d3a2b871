"""How different may the neurons of a network be from those it was trained with?

A network that reads digits gets other neurons in layer 1, as equations that Brian2 integrates: its own, with no spike
moved; quadratic ones, whose leak vanishes toward the threshold; ones whose threshold rises at each spike and comes back
within 50 ms. Left: a membrane, and thresholds (dotted). Right: what is read, by how busy layer 1 is (dotted: chance).
"""

from brian2 import StateMonitor, ms, prefs

import dmpnet
from dmpnet.drawing import CLASSES, scripts
from dmpnet.equations.membrane import EXPONENTIAL, Membrane

NETWORK, WATCHED = "smnist-dmp1", 178  # 1-200-200-10, theta_u 1, hard reset; neuron of layer 1
TAU = "tau = -dt/log(beta) : second"  # so that u falls by beta in a step, in which I is held
QUADRATIC = f"du/dt = (g*I/(1 - beta) - u*(1 - q*clip(u/theta_u, 0, 1)))/tau : 1\n{TAU}"
ADAPTIVE = f"du/dt = (g*I/(1 - beta) - u)/tau : 1\nda/dt = -a/tau_a : 1\n{TAU}"
Q, RISE, TAU_A = (0.5, 1.0), (0.03, 0.1, 0.3), 50 * ms


def membranes(quick):  # what moves u in layer 1, by name; None: as it was trained
    quadratic = {f"quadratic, {q:g}": Membrane(QUADRATIC, "rk4", namespace={"q": q}) for q in Q[-1 if quick else 0:]}
    return {"trained": None, "as equations": EXPONENTIAL} | quadratic | {
        f"adaptive, {rise:g}": Membrane(ADAPTIVE, threshold="u >= theta_u + a", reset="u = 0; a += rise",
                                        namespace={"rise": rise, "tau_a": TAU_A}) for rise in RISE[-1 if quick else 0:]}


def simulate(quick):
    trained, digits = dmpnet.load(NETWORK), dmpnet.data.load("smnist", "subset", steps=280 if quick else 784)
    digits = digits.take(digits.balanced(2 if quick else 20, seed=0))  # quick: the upper rows
    rows, seen = [], {}
    for name, own in membranes(quick).items():
        net = dmpnet.convert(trained, digits.batch(slice(None)), coupling="shared", membrane=[own, None])
        traces = StateMonitor(net["fast_1"], ["u", "a"][:1 + ("adaptive" in name)], record=[WATCHED], clock=net.clock)
        net.add(traces)
        net.run(namespace={})
        found = net.activity()
        seen[name] = {"traces": traces, "spikes": found.spikes}
        rows.append({"neurons of layer 1": name, "right %": 100 * float((found.predictions == digits.labels).mean()),
                     "layer 1 %": 100 * found.spikes[0].mean(), "layer 2 %": 100 * found.spikes[1].mean(),
                     "spikes moved %": 100 * moved(found.spikes, seen["trained"]["spikes"])})
    return rows, seen


def moved(spikes, trained):  # places (digit, step, neuron) that differ, over those with a spike
    return sum((a != b).sum() for a, b in zip(spikes, trained, strict=True)) / sum(b.sum() for b in trained)


def draw(figure, rows, seen):
    u, active, right = figure.subplots(1, 3, width_ratios=(1.4, 1, 1))
    colours, now = dict(zip(("as equations", "quadratic, 1", "adaptive, 0.3"), CLASSES, strict=False)), slice(200, 260)
    for name, colour in colours.items():
        traces = seen[name]["traces"]
        u.plot(traces.t[now] / ms, traces.u[0, now], color=colour, label=name)
    u.plot(traces.t[now] / ms, 1 + traces.a[0, now], ":", color=colour)
    for ax, key in ((active, "layer 1 %"), (right, "right %")):
        ax.barh([row["neurons of layer 1"] for row in rows], [row[key] for row in rows],
                color=[colours.get(row["neurons of layer 1"], "#BBBBBB") for row in rows])
        ax.invert_yaxis()
    right.axvline(10, color="k", lw=0.8, ls=":")
    u.set(xlabel="time (ms)", ylabel="membrane u (1)", title=f"neuron {WATCHED}, first digit")
    active.set(xlabel="layer 1 that spikes (%)")
    right.set(xlabel="digits read right (%)", yticks=[], xlim=(0, 100))


if __name__ == "__main__":
    prefs.codegen.target = "numpy"  # starts at once
    scripts.show(__doc__, simulate, draw)
