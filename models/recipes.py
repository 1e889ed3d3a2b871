"""How each row of the table is trained: `dmpnet table1 --retrain ROW --seed K` does it again."""

from dmpnet.training.recipe import Recipe, published

# bfloat16 gradients and cosine schedule with our starting weights throughout (std 0, training/model.py); what else
# differs from the published recipe was chosen on validation parts, never on test
PIXELS = {"std": 0.0, "schedule": "cosine", "gradients": "bfloat16", "lr": 5e-3, "epochs": 20, "rate_weight": 0.2}
SPOKEN = {"std": 0.0, "schedule": "cosine", "gradients": "bfloat16", "lr": 5e-3, "epochs": 60, "shift_channels": 4,
          "shift_steps": 4}


def _pixels(dataset: str, fsnn_epochs: int, small: int, balanced: int) -> dict[str, Recipe]:
    return {f"{dataset}-fsnn": published(dataset, "fsnn", **PIXELS | {"epochs": fsnn_epochs}),
            f"{dataset}-rsnn": published(dataset, "rsnn", **PIXELS),
            f"{dataset}-dmp1": published(dataset, **PIXELS, d=small),
            f"{dataset}-dmp2": published(dataset, **PIXELS, d=balanced),
            f"{dataset}-peak": published(dataset, **PIXELS, d=200)}


RECIPES: dict[str, Recipe] = {
    **_pixels("smnist", 20, 20, 60),
    **_pixels("psmnist", 20, 40, 100),
    "shd-regen-fsnn": published("shd-regen", "fsnn", **SPOKEN),
    "shd-regen-rsnn": published("shd-regen", "rsnn", **SPOKEN),
    "shd-regen-dsnn": published("shd-regen", "dsnn", **SPOKEN, delay_max=30),
    "shd-regen-dmp1": published("shd-regen", **SPOKEN, d=5),
    "shd-regen-dmp2": published("shd-regen", **SPOKEN),
    "shd-regen-peak": published("shd-regen", **SPOKEN, d=30),
    "shd-regen-delays": published("shd-regen", **SPOKEN, d=5, delay_max=30),
    "shd-regen-dmp2-sparse": published("shd-regen", **SPOKEN | {"epochs": 80}, rate_weight=10.0, rate_ramp=50),
}
