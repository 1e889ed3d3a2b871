"""How far back does a loss on the last step reach? Gradient at the first hidden layer against time (ED Fig. 4).

Reads shipped networks; the loss is the cross-entropy of the readout of the last step alone. The gradient is that of
the surrogate, with respect to the spikes of the first layer, its norm over neurons, averaged over samples.

python analyses/gradient_reach.py --data FOLDER        (seconds)
"""


import torch
from tabulate import tabulate

from dmpnet import data
from dmpnet.disk import shipped
from dmpnet.results import options, provenance, script
from dmpnet.trained import weights
from dmpnet.training.model import from_trained

NETWORKS = ("shd-regen-dmp2", "shd-regen-fsnn")
SAMPLES = 256


def reach(name: str, recordings: data.Recordings) -> list[float]:
    """(T,) mean norm of dL/ds[k] at the first hidden layer, L the loss of the last step's readout."""
    network = weights.load(shipped.path(name))
    model = from_trained(network, torch.float64)
    s_in = torch.from_numpy(recordings.batch(slice(0, SAMPLES)))
    spikes: list[torch.Tensor] = []
    model(s_in, spikes, m=[])  # step by step: PyTorch keeps what the gradient needs
    first, last = spikes[0], spikes[-1]
    logits = last[:, -1] @ model.W_o.T + model.b_o
    loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(recordings.labels[:SAMPLES]), reduction="sum")
    gradient, = torch.autograd.grad(loss, first)
    return gradient.norm(dim=2).mean(0).tolist()


def main() -> None:
    parser = options.script(__doc__, "analyses/results/gradient_reach.json")
    options.quick(parser, "32 samples of the validation part", few=32)
    arguments = script.parsed(parser, "gradient_reach")
    recordings = options.shown(arguments, weights.load(shipped.path(NETWORKS[0])))
    found = {name: reach(name, recordings) for name in NETWORKS}
    steps = len(found[NETWORKS[0]])
    relative = {name: [norm / norms[-1] for norm in norms] for name, norms in found.items()}
    rows = [{"steps before the end": back} | {name: norms[steps - 1 - back] for name, norms in relative.items()}
            for back in (0, 1, 2, 5, 10, 20, 40, 80)]
    print(tabulate(rows, headers="keys", floatfmt=".2g"))
    print("\nnorm of the gradient at the spikes of the first hidden layer, relative to the last step")
    provenance.write(arguments.out, provenance.record("gradient_reach", script.given(arguments), gradients=found))


if __name__ == "__main__":
    script.told(main)
