"""Results of points as files of a folder: written whole, with provenance, read back only if they are whole."""

import json
from pathlib import Path
from typing import Any

from dmpnet.disk import results
from dmpnet.disk.files import whole_file
from dmpnet.errors import DmpnetError
from dmpnet.results import provenance
from dmpnet.sweeps import plain
from dmpnet.sweeps.answers import Answer, checksum, text_of
from dmpnet.sweeps.names import shown

SHAPE = {"command": str, "run": str, "sha256": str}


class Kept:
    """The results of function `run` that lie in `folder`."""

    def __init__(self, folder: Path, run: str):
        self.folder, self.run = folder, run
        self.made = provenance.record("sweep", {})

    def path(self, name: str) -> Path:
        """Of the result of that name."""
        return self.folder / f"{name}.json"

    def failed(self, name: str) -> Path:
        """Of what was raised instead."""
        return self.folder / f"{name}.failed.txt"

    def read(self, name: str) -> Any:
        """The result; DmpnetError if the file is damaged."""
        path = self.path(name)
        entry = results.read(path, SHAPE, "it is made again")
        if "result" not in entry or checksum(text_of(entry["result"])) != entry["sha256"]:
            raise DmpnetError(f"{path}: its result is not the one that was written; it is made again")
        return plain.read(entry["result"])

    def write(self, name: str, point: Any, answer: Answer, died: int) -> Any:
        """Keep an answer; gives its result."""
        result = json.loads(answer["result"])
        entry = {"run": self.run, "point": shown(point), "result": result, "sha256": answer["sha256"],
                 "seconds": round(answer["seconds"], 6), "workers that died": died}
        made = {key: self.made[key] for key in ("command", "versions", "commit")}
        provenance.write(self.path(name), made | {"written": provenance.now()} | entry)
        self.failed(name).unlink(missing_ok=True)
        return plain.read(result)

    def fail(self, name: str, point: Any, answer: Answer) -> Path:
        """Keep what was raised, for who looks why."""
        with whole_file(self.failed(name)) as temporary:
            temporary.write_text(f"{self.run}: {shown(point)}\n{answer['worker']}\n\n{answer['traceback']}\n")
        return self.failed(name)
