"""Is a file the one the catalogue names?"""

import warnings
from pathlib import Path

from dmpnet.data.catalogue import DATASETS
from dmpnet.disk.files import digest
from dmpnet.errors import DataWarning


def verified(name: str, split: str, path: Path, n: int) -> bool | None:
    """True by its checksum, False (and a warning) if it is another file, None where no checksum tells.

    n : samples of `split` found in it
    """
    official = next((file for file in DATASETS[name].files[split] if file.name == path.name), None)
    expected = DATASETS[name].samples[split]
    known = digest(path, "md5") == official.md5 if official and official.md5 else None
    if known is False or n != expected:
        warnings.warn(f"{path}: sound, but not the {name} {split} file of {expected} recordings (it holds {n}); "
                      f"results on it are not results on {name}", DataWarning, stacklevel=2)
        return False
    return known
