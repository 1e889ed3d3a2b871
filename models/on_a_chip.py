"""Does a trained network fit a digital chip, and what does it compute there?

The network is put into integers (8-bit weights, 16-bit states), their formats chosen on a few digits, and held against
two chips: the core of the authors' hardware, which has too little of four things, and one of twice the neurons. Table:
limits, and what the larger layer needs. Left: the same; right of 100 % it does not fit. Right: a membrane of layer 1
in real numbers and in integers, both in Brian2, where the integer network takes the chip's steps bit for bit.
"""

from brian2 import StateMonitor, prefs

import dmpnet
from dmpnet.drawing import HIGHLIGHT, MUTED, SECOND, scripts
from dmpnet.hardware import chip, constrain, fit

NETWORK, WATCHED = "smnist-dmp1", 12  # 1-200-200-10, slow memories of d = 20; neuron of layer 1
CHIPS = ("dmp", "dmp-256")  # models/chips/*.toml: every number with its source
CALIBRATION = slice(990, 1000)  # of the 1,000 digits that ship


def simulate(quick):
    trained, digits = dmpnet.load(NETWORK), dmpnet.data.load("smnist", "subset", steps=392 if quick else 784)
    calibration = digits.batch(CALIBRATION)[:2, 192:] if quick else digits.batch(CALIBRATION)
    made = constrain.constrain(trained, chip.load(CHIPS[-1]), calibration, rotate=not quick).network
    rows = limits({name: fit.fit(made, chip.load(name)) for name in CHIPS})
    seen = {"unit_u": made.layers[0].fixed.unit_u[WATCHED], "digits": 2 if quick else 30}
    for name, one in (("real", trained), ("integers", made)):
        net = dmpnet.convert(one, digits.batch(slice(seen["digits"])), coupling="shared")
        u = StateMonitor(net["fast_1"], "u", record=[WATCHED])
        net.add(u)
        net.run(namespace={})
        found = net.activity()
        seen[name] = {"u": u.u[0], "spikes": found.spikes, "rate": [float(s.mean()) for s in found.spikes],
                      "right": 100 * float((found.predictions == digits.labels[:seen["digits"]]).mean())}
    return rows, seen


def limits(reports):
    """A row a limit that is a number: what the larger layer needs, what each chip has."""
    rows = {}
    for name, report in reports.items():
        for need in report.needs:
            if isinstance(need.available, int) and need.used:
                row = rows.setdefault(need.rule, {"limit": need.rule, "needs": 0})
                row["needs"] = max(row["needs"], int(need.used))
                row[name] = need.available
    return [row | {"too much for": ", ".join(name for name in reports if row["needs"] > row[name]) or "none"}
            for row in rows.values()]


def draw(figure, rows, seen):
    need, u = figure.subplots(1, 2, width_ratios=(1, 1.3))
    for name, colour, mark in zip(CHIPS, (SECOND, HIGHLIGHT), "os", strict=True):
        parts = [100 * row["needs"] / row[name] for row in rows]
        need.plot(parts, range(len(rows)), mark, color=colour, ms=7 if mark == "o" else 4, label=name)
    need.set_xscale("log")
    need.axvline(100, color="k", lw=0.6)
    need.xaxis.set_major_formatter("{x:g}")
    need.set(xlabel="needed, of what is there (%)", yticks=range(len(rows)), yticklabels=[row["limit"] for row in rows])
    need.legend(loc="lower right")
    for name, unit, colour, width in (("real", 1, MUTED, 2.5), ("integers", seen["unit_u"], HIGHLIGHT, 0.8)):
        told = f"{name}: {seen[name]['right']:.0f} % of {seen['digits']} digits read right"
        u.plot(range(150, 350), unit * seen[name]["u"][150:350], color=colour, lw=width, label=told)
    u.set(xlabel="time (ms)", ylabel="membrane u (1)")
    figure.legend(*u.get_legend_handles_labels(), loc="outside lower center", ncols=2)


if __name__ == "__main__":
    prefs.codegen.target = "numpy"  # starts at once
    scripts.show(__doc__, simulate, draw)
