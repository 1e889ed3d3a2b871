"""What the whole suite agrees on: which skips are expected (any other fails the run), and how Hypothesis draws."""

import gc
import os
import tempfile
from pathlib import Path

import hypothesis

# what a machine may lack, by the first words of a skip's reason
LACKING_ANYWHERE = ("needs official data:", "needs brian2genn:", "needs GENN_PATH:", "needs CUDA:", "needs sanafe:",
                    "needs python3.11:", "needs python3.12:", "needs python3.13:", "needs python3.14:",
                    "needs mount:", "needs Linux:",
                    "needs snntorch:", "needs spikingjelly:", "needs norse:", "needs sinabs:", "needs chromium:")
LACKING_OUTSIDE_CI = ("needs torch:", "needs numba:", "needs nir:", "needs sphinx:", "needs neo:",
                      "needs a C++ compiler:", "needs git:", "needs distributed:")

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # two workers' threads would wait for each other, five times as long
SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
os.environ["DMPNET_LEDGER"] = os.path.join(tempfile.mkdtemp(prefix="dmpnet-ledger-"), "ledger.csv")  # children too
MODELS = Path(__file__).resolve().parents[1] / "models"
if MODELS.is_dir():  # where the package is installed it has one seed of each network; the clone has all
    os.environ["DMPNET_MODELS"] = str(MODELS)
IN_CI = os.environ.get("CI") == "true"

hypothesis.settings.register_profile("default", deadline=None, max_examples=50)
hypothesis.settings.register_profile("ci", deadline=None, max_examples=50, derandomize=True, database=None)
hypothesis.settings.load_profile("ci" if IN_CI else "default")

_unexpected: list[str] = []
_finished = 0


def expected(reason: str) -> bool:
    """Whether a skip for `reason` may happen on this machine."""
    allowed = LACKING_ANYWHERE if IN_CI else LACKING_ANYWHERE + LACKING_OUTSIDE_CI
    if not (IN_CI and SHARED_DATA.is_dir()):
        allowed += ("needs data:",)
    return reason.startswith(allowed)


def _note(report):
    if not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if not expected(reason):
        _unexpected.append(f"{report.nodeid}: {reason}")


def pytest_runtest_logreport(report):
    _note(report)


def pytest_collectreport(report):
    _note(report)


def pytest_collection_finish():
    """What imports left is never garbage; Brian2 would look through all of it at every run."""
    _freeze()


def pytest_runtest_logfinish():
    """Nor is what its caches hold, and they grow with every test."""
    global _finished
    _finished += 1
    if _finished % 20 == 0:
        _freeze()


def _freeze():
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def pytest_sessionfinish(session):
    if _unexpected and session.exitstatus == 0:
        session.exitstatus = 1


def pytest_terminal_summary(terminalreporter):
    for line in _unexpected:
        terminalreporter.write_line(f"UNEXPECTED SKIP, which fails the run: {line}", red=True)
