"""How much faster is the trainer than a plain per-step PyTorch loop? One S-MNIST DMP II batch, forward and backward.

The peer is written as users of step-wise spiking libraries write it: one Python loop over steps, a few tensor
operations a layer and step, gradients by autograd. Both run in turn in this process and on the same batch.

python analyses/benchmark_training.py
"""

import math
import time

import numpy as np
import torch
from tabulate import tabulate

from dmpnet.equations import memory
from dmpnet.results import options, provenance, script
from dmpnet.training.allocation import keep_freed_memory
from dmpnet.training.architecture import Architecture
from dmpnet.training.model import SpikingNetwork
from dmpnet.training.trainer import ROWS
from dmpnet.training.workers import workers

ALPHA = 4.0


class Spike(torch.autograd.Function):
    """Step with sigmoid surrogate."""

    @staticmethod
    def forward(ctx, v):
        ctx.save_for_backward(v)
        return (v >= 0).to(v.dtype)

    @staticmethod
    def backward(ctx, grad):
        (v,) = ctx.saved_tensors
        sig = torch.sigmoid(ALPHA * v)
        return grad * ALPHA * sig * (1 - sig)


def plain(model: SpikingNetwork, s_in: torch.Tensor) -> torch.Tensor:
    """Logits of the same network and weights, step by step."""
    a = model.architecture
    abar, bbar = (torch.tensor(x, dtype=torch.float32) for x in memory.discrete(a.d, a.theta))
    batch = len(s_in)
    u = [torch.zeros(batch, n) for n in a.sizes[1:-1]]
    m = [torch.zeros(batch, a.d) for _ in u]
    y = torch.zeros(batch, a.sizes[-1])
    for k in range(s_in.shape[1]):
        s = s_in[:, k]
        for number, p in enumerate(model.layers):
            x = torch.relu(s @ p["w_x"] + p["b_x"])
            m[number] = m[number] @ abar.T + x[:, None] * bbar
            current = s @ p["W_f"].T + p["b_f"] + m[number] @ p["W_m"].T + p["b_m"]
            membrane = a.neuron.beta * u[number] + a.neuron.g * current
            s = Spike.apply(membrane - a.neuron.theta_u)
            u[number] = membrane * (1 - s.detach())
        y = y + s @ model.W_o.T + model.b_o
    return y / s_in.shape[1]


def timed(step, repeats: int) -> list[float]:
    step()
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - began)
    return seconds


def main() -> None:
    parser = script.parser(__doc__)
    parser.add_argument("--batch", type=options.count(1), default=128)
    parser.add_argument("--repeats", type=options.count(1), default=3)
    options.common(parser, "analyses/results/benchmark_training.json")
    options.quick(parser, "batches of 16, once", batch=16, repeats=1)
    arguments = script.parsed(parser, "benchmark_training")
    keep_freed_memory()  # as the trainer does; the peer gets it too
    torch.manual_seed(arguments.seed)
    shape = Architecture("dmp", (1, 200, 200, 10), 60, 300.0)
    s_in = torch.rand(arguments.batch, 784, 1) * (torch.rand(arguments.batch, 784, 1) < 0.2)
    labels = torch.randint(0, 10, (arguments.batch,))
    models = {"float32": SpikingNetwork(shape), "bfloat16 gradients": SpikingNetwork(shape, products=torch.bfloat16)}
    models["bfloat16 gradients"].load_state_dict(models["float32"].state_dict())

    def descend(model, logits):
        model.zero_grad()
        torch.nn.functional.cross_entropy(logits(model), labels).backward()

    def by_pieces(model, pool):
        """As the trainer does it: a thread takes a piece of the batch forward and backward."""
        parameters = list(model.parameters())
        pieces = np.array_split(np.arange(arguments.batch), 2 * math.ceil(arguments.batch * 784 / (2 * ROWS)))

        def gradients(piece):
            loss = torch.nn.functional.cross_entropy(model(s_in[piece])[0], labels[piece])
            return torch.autograd.grad(loss, parameters)

        found = list(pool.map(gradients, pieces))
        for number, parameter in enumerate(parameters):
            parameter.grad = sum(len(piece) / arguments.batch * grads[number]
                                 for piece, grads in zip(pieces, found, strict=True))

    first = models["float32"]
    with torch.no_grad():
        logits, rates = first(s_in)
        same = (plain(first, s_in).argmax(1) == logits.argmax(1)).float().mean()
    peer = sorted(timed(lambda: descend(first, lambda net: plain(net, s_in)), arguments.repeats))
    rows = [{"trainer": "plain per-step loop", "s a batch": peer[len(peer) // 2], "ratio": 1.0}]
    for name, model in models.items():
        with workers() as pool:
            ours = sorted(timed(lambda net=model, pool=pool: by_pieces(net, pool), 3 * arguments.repeats))
        rows.append({"trainer": f"dmpnet, {name}", "s a batch": ours[len(ours) // 2],
                     "ratio": peer[len(peer) // 2] / ours[len(ours) // 2]})
    for row in rows:
        row["s an epoch (54,000)"] = row["s a batch"] * 54_000 / arguments.batch
    print(tabulate(rows, headers="keys", floatfmt=".2f"))
    active = ", ".join(f"{100 * float(rate.mean()):.1f} %" for rate in rates)
    print(f"\nsame class: {100 * float(same):.1f} % of the batch; active {active}; {torch.get_num_threads()} threads")
    provenance.write(arguments.out, provenance.record("benchmark_training", script.given(arguments), rows=rows))


if __name__ == "__main__":
    script.told(main)
