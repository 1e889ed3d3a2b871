"""Spiking Speech Commands: 35 spoken words as spikes of 700 cochlea channels, from the official .h5, coded as SHD is.

Written against the layout, which is SHD's (dmpnet.data.heidelberg); not tried on the official files, which are not at
hand. Speakers are read where the file names them.
"""

from pathlib import Path
from typing import Any

from dmpnet.data import heidelberg
from dmpnet.data.catalogue import Dataset, OfficialFile
from dmpnet.data.cells import check_kept, check_steps
from dmpnet.data.recordings import Recordings
from dmpnet.data.verification import verified
from dmpnet.disk.files import digest

DATASETS = {
    "ssc": Dataset(
        title="Spiking Speech Commands (read from its layout, not tried on it)", kind="spikes", classes=35, T=100,
        channels=140, dt=0.010, licence="CC BY 4.0",
        attribution="Spiking Speech Commands: B. Cramer, Y. Stradmann, J. Schemmel, F. Zenke 2020, after Speech "
                    "Commands: P. Warden 2018",
        source="the official .h5 files, https://zenkelab.org/datasets/", mirror="",
        files={split: (OfficialFile(f"ssc_{split}.h5.gz", ""),) for split in ("train", "valid", "test")},
        samples={"train": 75466, "valid": 9981, "test": 20382},
        folders=("ssc", "SSC", "hsd", "HSD"),
    ),
}


def recordings(name: str, split: str, files: list[Path], steps: int | None = None) -> Recordings:
    """The spoken words of one file, (n, T, 140)."""
    dataset = DATASETS[name]
    T = check_steps(name, steps, dataset.T, dataset.dt)
    path, = files
    values, labels, speakers, events, dropped = heidelberg.read_official(path, T, dataset.classes, speakers=False)
    check_kept(path, values, events, dropped, dataset.T, dataset.dt)
    source: dict[str, Any] = {
        "files": {path.name: digest(path)}, "verified": verified(name, split, path, len(labels)),
        "coding": f"{heidelberg.CHANNELS} channels -> {dataset.channels} by maximum over {heidelberg.NEIGHBOURS} "
                  f"neighbours, binary, {T} steps of 10 ms",
        "events": events, "events_dropped": dropped,
        "licence": dataset.licence, "attribution": dataset.attribution}
    return Recordings(name, split, "spikes", values, 1.0, labels, speakers, dataset.classes, dataset.dt, None, source)
