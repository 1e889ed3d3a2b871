"""The shipped networks: how each was trained. `python models/train.py NAME` does it again."""

from dmpnet.training.recipe import Recipe, published

PIXELS = {"std": 0.0, "schedule": "cosine", "gradients": "bfloat16", "lr": 5e-3}
SPOKEN = {"std": 0.0, "schedule": "cosine", "lr": 5e-3, "epochs": 60, "shift_channels": 4, "shift_steps": 4}
SPARSE = {"rate_weight": 10.0, "rate_target": 0.02, "rate_ramp": 50}

RECIPES: dict[str, Recipe] = {
    "smnist-dmp2": published("smnist", **PIXELS, epochs=15, rate_weight=0.2, rate_target=0.02),
    "smnist-fsnn": published("smnist", "fsnn", **PIXELS, epochs=6),
    "shd-regen-dmp2": published("shd-regen", **SPOKEN),
    "shd-regen-dmp2-sparse": published("shd-regen", **SPOKEN | {"epochs": 80}, **SPARSE),
    "shd-regen-fsnn": published("shd-regen", "fsnn", **SPOKEN),
}
