"""What does a sweep cost beside its points? 1,000 points that sleep a second, on 10 and on 100 Dask workers.

Workers are of one thread each and in this very process, timed once they are up; every result is written to a file. With
no cost at all n workers take 1,000 / n seconds. Beside it Dask alone, which writes nothing: what it takes is in the
sweep's seconds too. Dask's profilers and monitors, which every worker has, are off: 100 of each in one process would
be measured, and no cluster is like that.

python analyses/benchmark_sweep.py        (four minutes)
"""

import logging
import os
import tempfile
import time
import warnings
from typing import Any

from tabulate import tabulate

from dmpnet.results import options, provenance, script
from dmpnet.sweeps.sweep import sweep

OFF = {"worker.profile.enabled": False, "admin.tick.interval": "1s", "admin.system-monitor.interval": "10s",
       "worker.memory.monitor-interval": "10s", "scheduler.work-stealing": False,
       "scheduler.active-memory-manager.start": False}
"""Of Dask, below distributed."""


def slept(number: int, seconds: float) -> int:
    """Sleeps; gives its number."""
    time.sleep(seconds)
    return number


def timed(workers: int, points: int, seconds: float) -> dict[str, Any]:
    """Seconds that Dask alone and the sweep take, and how many more than the points."""
    import dask
    from distributed import Client, LocalCluster

    numbers = list(range(points))
    with (dask.config.set({f"distributed.{key}": value for key, value in OFF.items()}),
          LocalCluster(n_workers=workers, threads_per_worker=1, processes=False, dashboard_address=None,
                       silence_logs=logging.CRITICAL) as cluster,
          Client(cluster, set_as_default=False) as client, tempfile.TemporaryDirectory() as out):
        client.wait_for_workers(workers)
        began = time.perf_counter()
        client.gather(client.map(slept, numbers, [seconds] * points, pure=False))
        alone, began, used = time.perf_counter() - began, time.perf_counter(), time.process_time()
        found = sweep(slept, [{"number": number} for number in numbers], client, out=out, common={"seconds": seconds})
        took, used = time.perf_counter() - began, time.process_time() - used
    least = -(-points // workers) * seconds
    return {"workers": workers, "points": points, "in order": found == numbers, "least s": least,
            "Dask alone s": alone, "took s": took, "overhead %": 100 * (took / least - 1),
            "of which Dask's %": 100 * (alone / least - 1), "CPU s": used, "load": os.getloadavg()[0]}


def main() -> None:
    parser = script.parser(__doc__)
    options.common(parser, "analyses/results/benchmark_sweep.json", draws=False)
    parser.add_argument("--workers", type=options.count(1), nargs="+", default=[10, 100], metavar="N")
    parser.add_argument("--points", type=options.count(1), default=1000)
    parser.add_argument("--seconds", type=float, default=1.0, help="that a point sleeps (default: 1)")
    options.quick(parser, "40 points of a tenth of a second, 2 and 10 workers", workers=[2, 10], points=40, seconds=0.1)
    arguments = script.parsed(parser, "benchmark_sweep")
    warnings.filterwarnings("ignore", ".*several workers share a process")
    rows = [timed(workers, arguments.points, arguments.seconds) for workers in arguments.workers]
    print(tabulate(rows, headers="keys", floatfmt=".2f"))
    provenance.write(arguments.out, {"rows": rows} | provenance.record("benchmark_sweep", script.given(arguments)))


if __name__ == "__main__":
    script.told(main)
