"""How far back does a loss on the last step reach? Gradient at the first hidden layer against time (ED Fig. 4).

Reads shipped networks, of six tasks one with slow memory and one without, and the first samples of the validation part
of each; nothing is trained and no test set read. The loss is the cross-entropy of the readout of the last step alone.
The gradient is that of the surrogate, with respect to the spikes of the first layer, its norm over neurons, averaged
over samples.

python analyses/gradient_reach.py --data FOLDER        (two minutes)
"""

import argparse

import torch
from tabulate import tabulate

from dmpnet.disk import shipped
from dmpnet.results import options, provenance, script, validation
from dmpnet.trained import weights
from dmpnet.training.model import from_trained

TASKS = {"shd-regen": 256, "nmnist": 64, "smnist": 32, "psmnist": 32, "qtdb": 32, "braille": 64}
"""Samples; fewer of long sequences, of which PyTorch keeps every step."""
KINDS = ("dmp2", "fsnn")
BACK = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500)


def reach(name: str, samples: int, arguments: argparse.Namespace) -> list[float]:
    """(T,) mean norm of dL/ds[k] at the first hidden layer, L the loss of the last step's readout."""
    network = weights.load(shipped.path(name))
    model = from_trained(network, torch.float64)
    recordings = validation.part(network, options.training_set(arguments, network))
    s_in = torch.from_numpy(recordings.batch(slice(0, samples)))
    labels = torch.from_numpy(recordings.labels[:samples])
    spikes: list[torch.Tensor] = []
    model(s_in, spikes, m=[])  # step by step: PyTorch keeps what the gradient needs
    first, last = spikes[0], spikes[-1]
    logits = last[:, -1] @ model.W_o.T + model.b_o
    loss = torch.nn.functional.cross_entropy(logits, labels if labels.ndim == 1 else labels[:, -1], reduction="sum")
    gradient, = torch.autograd.grad(loss, first)
    return gradient.norm(dim=2).mean(0).tolist()


def main() -> None:
    parser = options.script(__doc__, "analyses/results/gradient_reach.json")
    options.quick(parser, "4 samples a task", few=4)
    arguments = script.parsed(parser, "gradient_reach")
    found = {f"{task}-{kind}": reach(f"{task}-{kind}", arguments.few if arguments.quick else samples, arguments)
             for task, samples in TASKS.items() for kind in KINDS}
    rows = [{"network": name} | {str(back): norms[-1 - back] / norms[-1] for back in BACK if back < len(norms)}
            for name, norms in found.items()]
    print(tabulate(rows, headers="keys", floatfmt=".2g"))
    print("\nnorm of the gradient at the spikes of the first hidden layer over that of the last step, "
          "by steps before it")
    provenance.write(arguments.out, provenance.record(
        "gradient_reach", script.given(arguments), gradients=found, samples=TASKS, dt={
            name: weights.load(shipped.path(name)).encoding.dt for name in found}))


if __name__ == "__main__":
    script.told(main)
