"""Train a shipped network again: python models/train.py NAME --data FOLDER --out FOLDER (resumes when called again)."""

import argparse
import time
from pathlib import Path

from recipes import RECIPES

from dmpnet import data
from dmpnet.training.trainer import Trainer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=sorted(RECIPES))
    parser.add_argument("--data", type=Path, help="folder with the official files")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint, curve and weights")
    arguments = parser.parse_args()
    recipe = RECIPES[arguments.name]
    began = time.time()

    def report(p, batches):
        if p.batch == batches or p.batch % 100 == 0:
            print(f"{time.time() - began:6.0f} s  epoch {p.epoch + 1:3d}, batch {p.batch:4d}: "
                  f"loss {p.loss / p.seen:.4f}, best validation {100 * max(p.best, 0):.2f} %", flush=True)

    trainer = Trainer(recipe, data.load(recipe.dataset, "train", arguments.data), arguments.out, report)
    trainer.resume()
    progress = trainer.run()
    print(f"best epoch {progress.best_epoch}: {100 * progress.best:.2f} % on validation")


if __name__ == "__main__":
    main()
