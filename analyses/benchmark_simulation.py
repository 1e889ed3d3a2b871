"""How fast does Brian2 run the trained S-MNIST network? Against PyTorch, and against one sample at a time.

All run in turn on the same digits: C++ standalone with samples side by side (compiled before the clock starts; the
compile time is printed), the same network in PyTorch (float32, this package's trainer, inference only), Brian2 C++
standalone with one sample per run, and Brian2's numpy target. Ratios, samples per second and peak memory are printed.

python analyses/benchmark_simulation.py --data FOLDER --samples 10000
"""

import resource
import time

from tabulate import tabulate

from dmpnet.brian.simulation import simulate
from dmpnet.results import options, provenance, script, validation
from dmpnet.training.verdict import predictions


def seconds(work) -> tuple[float, object]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def peak_megabytes() -> float:
    """Largest resident memory of this process or of one of its children so far."""
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024


def main() -> None:
    parser = options.script(__doc__, "analyses/results/benchmark_simulation.json")
    parser.add_argument("--weights", default="smnist-dmp2")
    parser.add_argument("--split", default="test")
    options.samples(parser, default=10_000)
    parser.add_argument("--one-by-one", type=int, default=10, help="samples for the one-at-a-time run")
    parser.add_argument("--processes", type=int, default=2)
    options.quick(parser, "10 samples of the validation part", samples=10, one_by_one=1, split=validation.VALIDATION)
    arguments = script.parsed(parser, "benchmark_simulation")
    network = options.network(arguments.weights)
    digits = options.recordings(arguments, network, arguments.split)
    s_in = digits.batch(slice(None))

    def brian(samples, backend="cpp_standalone", processes=arguments.processes, batch=None):
        return simulate(network, samples, backend=backend, record=(), processes=processes, batch=batch)

    compile_many, _ = seconds(lambda: brian(s_in))  # fills the cache, and warms it where it was full
    many, got = seconds(lambda: brian(s_in))
    memory = peak_megabytes()
    single = s_in[: arguments.one_by_one]
    brian(single[:1], processes=1, batch=1)
    one, _ = seconds(lambda: [brian(sample[None], processes=1, batch=1) for sample in single])
    runtime, _ = seconds(lambda: brian(s_in[:500], "numpy", 1))
    plain, _ = seconds(lambda: [simulate(network, one[None], coupling="synapses", record=()) for one in single[:2]])
    torch_seconds, theirs = seconds(lambda: predictions(network, digits))
    n = len(s_in)
    runs = [("PyTorch float32, this trainer", torch_seconds, n), (f"Brian2 C++ standalone, {arguments.processes} "
            f"processes", many, n), ("Brian2 numpy", runtime, min(n, 500)),
            ("Brian2 C++ standalone, one at a time", one, len(single)),
            ("Brian2 numpy with Synapses, one at a time", plain, len(single[:2]))]
    rows = [{"": name, "samples": count, "s": total, "samples/s": count / total,
             "time, PyTorch = 1": (total / count) / (torch_seconds / n)} for name, total, count in runs]
    print(tabulate(rows, headers="keys", floatfmt=".2f", intfmt=","))
    ratio, plain_ratio = (one / len(single)) / (many / n), (plain / len(single[:2])) / (many / n)
    differ = int((theirs != got.predictions).sum())
    print(f"\nside by side against one at a time: {ratio:.1f} x the same compiled way, {plain_ratio:.0f} x the plain "
          f"way; first call, compiling: {compile_many:.1f} s; peak memory of one process: {memory:,.0f} MB; "
          f"classes that differ from PyTorch float32: {differ} of {n:,}")
    provenance.write(arguments.out, provenance.record(
        "benchmark_simulation", script.given(arguments), rows=rows, one_at_a_time_ratio=ratio,
        plain_one_at_a_time_ratio=plain_ratio, peak_megabytes=memory, first_call_seconds=compile_many,
        weights=network.provenance))


if __name__ == "__main__":
    script.told(main)
