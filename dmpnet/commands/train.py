"""Train a network; killed and called again, it goes on where it was."""

import argparse
from dataclasses import replace
from pathlib import Path

from dmpnet import data, provenance
from dmpnet.commands import options
from dmpnet.errors import DmpnetError

NUMBERS = {"d": int, "d_s": int, "beta": float, "delay_max": int, "delay_sigma": float, "kappa": float,
           "dropout": float, "std": float, "lr": float, "clip": float, "weight_decay": float, "batch": int,
           "epochs": int, "rate_weight": float, "rate_target": float, "rate_ramp": int, "rank_weight": float,
           "shift_channels": int, "shift_steps": int, "stretch": float, "drop_events": float, "validation": float}
WORDS = {"schedule": "constant, step or cosine learning rate", "gradients": "float32 or bfloat16 products in the "
         "backward pass", "acts": "what the slow memory acts on: current, threshold or gain",
         "feed": "parallel or cascade, with --blocks", "by": "hold out by class or by speaker"}


def add(parsers) -> None:
    p = parsers.add_parser(
        "train", help="train a network with surrogate gradients (extra: train)", description=__doc__,
        epilog="Settings that are not given come from the authors' published code. Every option is stored with the "
               "weights. The folder --out gets checkpoint.pt, curve.csv and weights.npz (best epoch on validation).")
    p.add_argument("dataset", metavar="DATA", help="smnist, psmnist, shd, shd-regen, nmnist, qtdb, braille ...")
    p.add_argument("--kind", default="dmp", help="dmp, fsnn, rsnn or dsnn (default: dmp)")
    p.add_argument("--hidden", type=int, nargs="+", metavar="N", help="neurons of each layer (default: as published)")
    for name, kind in NUMBERS.items():
        p.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar=kind.__name__.upper())
    p.add_argument("--theta", type=float, nargs="+", metavar="STEPS", help="window of the slow memory (one a layer)")
    p.add_argument("--blocks", type=_block, nargs="+", metavar="D:THETA", help="hierarchy of memories, e.g. 5:20 5:80")
    p.add_argument("--learn-beta", action="store_true", default=None, help="learn each layer's decay")
    p.add_argument("--delay-input", action="store_true", default=None, help="delays on the input channels too")
    for name, told in WORDS.items():
        p.add_argument(f"--{name}", help=told)
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
    from dmpnet.training.recipe import published
    from dmpnet.training.trainer import Trainer

    given = {name: getattr(arguments, name) for name in (*NUMBERS, *WORDS, "learn_beta", "delay_input")}
    if arguments.theta:
        given["theta"] = arguments.theta[0] if len(arguments.theta) == 1 else tuple(arguments.theta)
    if arguments.blocks:
        given["blocks"] = tuple(arguments.blocks)
    recipe = published(arguments.dataset, arguments.kind, seed=arguments.seed,
                       **{name: value for name, value in given.items() if value is not None})
    if arguments.hidden:
        recipe = replace(recipe, sizes=(recipe.sizes[0], *arguments.hidden, recipe.sizes[-1]))
    folder = Path(arguments.out)
    if folder.exists() and not folder.is_dir():
        raise DmpnetError(f"--out {folder}: a file, but training needs a folder; give another name")
    recordings = data.load(arguments.dataset, "train", arguments.data, arguments.download)
    with options.bar(recipe.epochs, "epoch", "training") as bar:
        def report(p, batches):
            bar.update(round(p.epoch + p.batch / batches, 2) - bar.n)
            bar.set_postfix_str(f"loss {p.loss / p.seen:.4f}, best validation {100 * max(p.best, 0):.2f} %")

        trainer = Trainer(recipe, recordings, folder, report)
        if trainer.resume():
            print(f"going on at epoch {trainer.progress.epoch + 1}, batch {trainer.progress.batch + 1}")
        progress = trainer.run()
    provenance.write(folder / "training.json", trainer.origin)
    print(f"best epoch {progress.best_epoch} of {progress.epoch}: {100 * progress.best:.2f} % on "
          f"{len(trainer.held_out)} validation samples; weights in {folder / 'weights.npz'}")
