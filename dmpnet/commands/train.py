"""Training of a network with surrogate gradients; killed and called again, it goes on where it was."""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from dmpnet import data
from dmpnet.equations.decay import BY_NAME
from dmpnet.results import options, outputs
from dmpnet.system.progress import told

if TYPE_CHECKING:  # which needs PyTorch
    from dmpnet.training.recipe import Recipe

OTHERS = "".join(f", {name} (by c)" for name, decay in BY_NAME.items() if decay.field == "c")
OPTIONS: dict[str, dict[str, tuple[type, str]]] = {
    "network": {
        "d": (int, "numbers in a layer's slow memory (default: the data set's)"),
        "d_s": (int, "dilation: steps between two looks at the memory (default: 1)"),
        "acts": (str, "what the memory acts on: current, threshold or gain (default: current)"),
        "feed": (str, "with --blocks: parallel or cascade (default: parallel)"),
        "beta": (float, "fraction of the membrane kept each step, below 1; input counts 1 - beta (default: 0.5)"),
        "decay": (str, "exponential (by beta), linear (by lam, with --floor), shift (by a power of two)"
                       f"{OTHERS} (default: exponential)"),
        "lam": (float, "what linear decay takes from the membrane each step, up to the threshold 1 (default: 1 - beta, "
                       "what beta takes at threshold)"),
        "floor": (float, "where membranes stop below 0; a dmp with linear decay needs one, e.g. -1 (default: none)"),
        "shift": (int, "bits of shift decay (default: 1)"),
        "c": (float, "constant of any other decay (default: the decay's own, see dmpnet.equations.decays)"),
        "delay_max": (int, "learned axonal delays of up to so many steps (default: 0, dsnn 30)"),
        "modes": (int, "modes of each neuron, in place of its leaky membrane (fsnn; default: 0)"),
        "emits": (str, "what such neurons emit: reset (spikes, and are reset), spikes or values (default: reset)"),
        "reset": (str, "after a spike: hard or soft (default: hard)"),
        "kappa": (float, "a class at every step, smoothed with kappa below 1 (data with a label a step; default: none, "
                         "qtdb 0.9)"),
        "std": (float, "width of the weights at the start; 0 scales them by layer (default: 0.02, shd 0.01)"),
    },
    "optimisation": {
        "epochs": (int, "passes through the training part (default: 50, shd 100)"),
        "average": (int, "keep the mean of the weights of so many last epochs (default: 0, keep the best epoch)"),
        "coarse": (int, "so many steps are one at first, which is as much cheaper (default: 1)"),
        "coarse_epochs": (int, "epochs that it lasts (default: 0)"),
        "batch": (int, "samples a step (default: 128)"),
        "optimiser": (str, "adam, or muon for the matrices (default: adam)"),
        "lr": (float, "peak learning rate (default: 0.001, psmnist and shd 0.005)"),
        "schedule": (str, "constant, step or cosine (default: constant, shd step)"),
        "weight_decay": (float, "of AdamW (default: 0, shd 0.1)"),
        "clip": (float, "largest norm of the gradient (default: 0, any)"),
        "delay_sigma": (float, "steps over which delays learn at first (default: 3)"),
        "gradients": (str, "float32 or bfloat16 (faster) products in the backward pass (default: float32)"),
        "validation": (float, "fraction of the training set held out to choose the epoch (default: 0.1)"),
        "by": (str, "hold out by class, or whole speakers by speaker (default: class)"),
    },
    "regularisation and augmentation": {
        "dropout": (float, "fraction of a hidden layer's spikes dropped (default: 0, shd 0.2)"),
        "rate_weight": (float, "weight of the activity regulariser (default: 0)"),
        "rate_target": (float, "mean activity it leaves alone (default: 0.02)"),
        "rate_ramp": (int, "epochs over which it grows (default: 0)"),
        "rank_weight": (float, "weight of the regulariser on the rank of the memory (default: 0)"),
        "shift_channels": (int, "samples moved by up to so many channels (default: 0)"),
        "shift_steps": (int, "and steps (default: 0)"),
        "shift_pixels": (int, "images moved by up to so many pixels (nmnist; default: 0)"),
        "stretch": (float, "played up to this fraction faster or slower (default: 0)"),
        "drop_events": (float, "up to this fraction of input values dropped (default: 0)"),
    },
}


def add(parsers) -> None:
    p = parsers.add_parser(
        "train", description=__doc__,
        epilog="Settings that are not given come from the authors' published code; shd stands for shd-regen too. "
               "One that changes nothing beside the others is refused. Every option is stored with the weights. The "
               "folder --out gets checkpoint.pt, curve.csv and weights.npz (best epoch on validation, "
               "unless --average).")
    p.add_argument("dataset", metavar="DATA", help="smnist, psmnist, shd, shd-regen, nmnist, qtdb, braille ...")
    p.add_argument("--kind", default="dmp", help="dmp, fsnn, rsnn or dsnn (default: dmp)")
    p.add_argument("--hidden", type=int, nargs="+", metavar="N", help="neurons of each layer (default: as published)")
    groups = {}
    for title, settings in OPTIONS.items():
        groups[title] = p.add_argument_group(title)
        for name, (kind, what) in settings.items():
            flag = "--" + name.replace("_", "-")
            groups[title].add_argument(flag, type=kind, metavar=kind.__name__.upper(), help=what)
    network = groups["network"]
    network.add_argument("--theta", type=float, nargs="+", metavar="STEPS", help="window of the memory, "
                         "a step at least (one a layer; default: the data set's)")
    network.add_argument("--blocks", type=_block, nargs="+", metavar="D:THETA", help="a hierarchy, e.g. 5:20 5:80")
    network.add_argument("--learn-decay", action="store_true", default=None, help="learn each layer's beta, lam or c")
    network.add_argument("--each-decay", action="store_true", default=None, help="with it, a beta of each neuron")
    network.add_argument("--delay-input", action="store_true", default=None, help="delays of the input channels too")
    network.add_argument("--mode-dt", type=float, nargs=2, metavar="DT", help="where the time steps of modes start "
                         "(default: 0.01 0.5)")
    network.add_argument("--adaptive", action="store_true", default=None, help="neurons adapt (SE-adLIF), learned")
    options.data(p)
    options.common(p, "trained")
    p.set_defaults(execute=execute)


def _block(text: str) -> tuple[int, float]:
    d, _, theta = text.partition(":")
    try:
        return int(d), float(theta)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}, but a block is D:THETA, e.g. 5:20") from None


def execute(arguments: argparse.Namespace) -> None:
    told("loading PyTorch, usually 5 to 10 s")
    from dmpnet.training import effects, lengths
    from dmpnet.training.recipe import published

    given = {name: getattr(arguments, name) for settings in OPTIONS.values() for name in settings}
    given |= {name: getattr(arguments, name) for name in ("learn_decay", "each_decay", "delay_input", "adaptive")}
    if arguments.mode_dt:
        given["mode_dt"] = tuple(arguments.mode_dt)
    if arguments.theta:
        given["theta"] = arguments.theta[0] if len(arguments.theta) == 1 else tuple(arguments.theta)
    if arguments.blocks:
        given["blocks"] = tuple(arguments.blocks)
    given = {name: value for name, value in given.items() if value is not None}
    recipe = published(arguments.dataset, arguments.kind, seed=arguments.seed, **given)
    if arguments.hidden:
        recipe = replace(recipe, sizes=(recipe.sizes[0], *arguments.hidden, recipe.sizes[-1]))
    effects.check(recipe, given)
    lengths.check_unread(recipe)
    with outputs.in_folder("train", arguments.out, arguments, "training.json", growing=outputs.RUN) as out:
        train(arguments, recipe, out)


def train(arguments: argparse.Namespace, recipe: "Recipe", out: outputs.Outputs) -> None:
    """Train to the last epoch, and say how."""
    from dmpnet.training.trainer import Trainer

    recordings = data.load(arguments.dataset, "train", arguments.data, arguments.download)
    trainer = Trainer(recipe, recordings, arguments.out, progress=True)
    if trainer.resume():
        print(f"going on at epoch {trainer.standing.epoch + 1}, batch {trainer.standing.batch + 1}")
    standing = trainer.run()
    out.keep(trainer.origin)
    kept = (f"mean of the last {recipe.average} of {standing.epoch} epochs" if recipe.average
            else f"best epoch {standing.best_epoch} of {standing.epoch}")
    print(f"{kept}: {100 * standing.best:.2f} % on "
          f"{len(trainer.held_out)} validation samples; weights in {arguments.out / 'weights.npz'}")
