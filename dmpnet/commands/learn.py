"""Learning without backpropagation; killed and called again, it goes on where it was.

  dmpnet learn digits --download --out digits       400 neurons learn handwritten digits by STDP, without labels
  dmpnet learn digits --split subset --neurons 100  the same at once, on half of the test digits that ship, tested on
                                                    the other half: to try it out
  dmpnet learn digits --frozen digits/learned.npz --data FOLDER --out digits-test
                                                    what they answer to the test digits, nothing changing any more
  dmpnet learn digits --chip learning --set plasticity.w.bits=4 --data FOLDER --out digits-4bit
                                                    the same with weights and traces in a chip's integers
  dmpnet learn readout shd-regen --data FOLDER --out readout
                                                    a DMP network whose hidden pathway is drawn learns on line by the
                                                    delta rule; --no-memory is the same without slow memory, --split
                                                    subset needs no files, as above
"""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dmpnet import data
from dmpnet.brian.backends import BACKENDS, check_backend
from dmpnet.data.folders import SUBSET
from dmpnet.disk.files import digest_of_settings
from dmpnet.errors import DmpnetError
from dmpnet.results import ledger, options, outputs, provenance, reading, script
from dmpnet.results.evaluation import evaluate


def add(parsers) -> None:
    p = parsers.add_parser("learn", description=__doc__)
    actions = p.add_subparsers(title="what learns", metavar="WHAT", required=True)
    digits = actions.add_parser(
        "digits", help="the network of Diehl & Cook 2015 on MNIST",
        epilog="The folder --out gets checkpoint.npz, curve.csv, learned.npz, answers.json.")
    digits.add_argument("--neurons", type=options.count(1), default=400, metavar="N",
                        help="that compete (default: 400)")
    digits.add_argument("--rule", default="diehl-cook-code", metavar="RULE",
                        help="plasticity rule, as dmpnet stdp lists them (default: diehl-cook-code)")
    options.plastic_chip(digits)
    digits.add_argument("--passes", type=options.count(1), default=1, help="through the training digits (default: 1)")
    options.samples(digits, "training digits")
    digits.add_argument("--test", type=options.count(0), default=10_000, metavar="N",
                        help="test digits at the end (default: all; 0: none)")
    digits.add_argument("--frozen", type=Path, metavar="FILE", help="a learned.npz; learns no more, is only tested")
    digits.add_argument("--backend", default="cpp_standalone", metavar="NAME",
                        help=f"Brian2 back end: {', '.join(BACKENDS)} (default: cpp_standalone)")
    _data(digits)
    options.to_ledger(digits)
    options.common(digits, "learned")
    digits.set_defaults(execute=outputs.during(learn_digits, _digits_out))
    _add_readout(actions)


def _add_readout(actions: Any) -> None:
    p = actions.add_parser(
        "readout", help="the readout of a DMP network learns on line, its hidden pathway does not",
        epilog="The folder --out gets traces.npz, checkpoint.npz, curve.csv, weights.npz (for dmpnet run, simulate, "
               "constrain ...), answers.json.")
    p.add_argument("dataset", metavar="DATA", help="shd-regen, smnist ...")
    p.add_argument("--network", metavar="FILE", help="hidden pathway and first readout, a weights file or a shipped "
                                                     "network (default: a hidden pathway is drawn, nothing is learned)")
    p.add_argument("--neurons", type=options.count(1), default=1000, metavar="N",
                   help="of a drawn hidden pathway (default: 1000)")
    p.add_argument("--no-memory", action="store_true", help="draw it without slow memory")
    p.add_argument("--eta", type=float, default=ETA, help=f"learning rate (default: {ETA})")
    p.add_argument("--passes", type=options.count(1), default=5, help="through the training part (default: 5)")
    options.samples(p, "training samples")
    p.add_argument("--validation", type=float, default=0.0, metavar="FRACTION",
                   help="of the training samples held out and told instead of the test samples (default: 0)")
    p.add_argument("--by", help="hold them out by class, or whole speakers by speaker (default)")
    p.add_argument("--test", type=options.count(1), metavar="N", help="test samples at the end (default: all)")
    p.add_argument("--backend", default="numpy", metavar="NAME",
                   help=f"Brian2 back end: {', '.join(BACKENDS)} (default: numpy, which compiles nothing)")
    _data(p)
    options.to_ledger(p)
    options.common(p, "learned-readout")
    p.set_defaults(execute=outputs.during(learn_readout, _readout_out))


def _data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--split", choices=(SUBSET,), help="learn from half of the test samples that ship, be tested "
                                                           "on the others: to try it out, a look all the same")
    options.data(parser)


def _digits_out(arguments: argparse.Namespace) -> outputs.Outputs:
    if arguments.frozen:
        return outputs.in_folder("learn digits", arguments.out, arguments, "answers.json", ("learned.npz",))
    return outputs.in_folder("learn digits", arguments.out, arguments, "learning.json", ("answers.json",),
                             ("checkpoint.npz", "curve.csv", "learned.npz"))


def _readout_out(arguments: argparse.Namespace) -> outputs.Outputs:
    return outputs.in_folder("learn readout", arguments.out, arguments, "answers.json",
                             growing=("checkpoint.npz", "traces.npz", "curve.csv", "weights.npz"))


ETA = 0.002


def learn_digits(arguments: argparse.Namespace) -> None:
    """Learn (or load), name the neurons, test."""
    check_backend(arguments.backend)
    from dmpnet.learning import learned as files
    from dmpnet.learning.competition import Competition

    folder = Path(arguments.out)
    learned = files.load(arguments.frozen) if arguments.frozen else None
    settings = learned.settings if learned else Competition(
        N=arguments.neurons, rule=arguments.rule, seed=arguments.seed, chip=arguments.chip or "",
        changed=tuple(options.settings(arguments.set).items()), decay=arguments.decay or "")
    needs = settings.report  # what the chip cannot hold is told before data are read
    train, test = _parts(arguments, "smnist")
    if needs is not None:
        print(needs.table())
    learned = learned or _learned(arguments, settings, train, folder)
    if test:
        _tested(arguments, learned, train, test, folder)


def _parts(arguments: argparse.Namespace, name: str) -> tuple[data.Recordings, data.Recordings | None]:
    """--samples to learn from and --test samples, None of 0; both halves of what ships with --split subset."""
    if arguments.split == SUBSET:
        train, test = reading.apart(arguments, data.load(name, SUBSET))
    else:
        if arguments.test != 0:  # missing data is told before the work
            reading.check(arguments, name, "test")
        train = reading.load(arguments, name, "train")
        test = reading.load(arguments, name, "test") if arguments.test != 0 else train
    return (options.part(train, arguments.samples, arguments.seed),
            options.part(test, arguments.test, arguments.seed) if arguments.test != 0 else None)


def _learned(arguments: argparse.Namespace, settings: Any, train: data.Recordings, folder: Path) -> Any:
    from dmpnet.learning.learner import Learner

    learner = Learner(settings, train.values[:, :, 0], train.labels, folder, arguments.passes, progress=True,
                      backend=arguments.backend)
    if learner.resume():
        print(f"going on at image {learner.seen + 1}")
    learner.run()
    learned = learner.finished()
    provenance.write(folder / "learning.json", learned.provenance | {"data": train.source})
    print(f"learned from {learner.seen} images, {learner.state.shown} presentations; weights in "
          f"{folder / 'learned.npz'}")
    if learner.state.writes is not None:
        print(f"each weight was written {learner.state.writes.mean():.0f} times on average, the most written one "
              f"{learner.state.writes.max()} times")
    return learned


def _tested(arguments: argparse.Namespace, learned: Any, train: data.Recordings, test: data.Recordings,
            folder: Path) -> None:
    """Name the neurons by training digits, test the frozen network, write both."""
    from dmpnet.learning import exam
    from dmpnet.learning import learned as files

    naming = train.take(slice(-exam.NAMING, None))
    marks = exam.examined(learned, naming, test, arguments.backend, "testing, nothing changes")
    files.save(marks.learned, folder / "learned.npz")
    ledger.see(ledger.Look("digits by STDP", learned.settings.seed, digest_of_settings(asdict(learned.settings)),
                           files.checksum(marks.learned)[:16], *ledger.here_and_now(), test.name, len(test),
                           round(marks.accuracy, 4)), arguments.ledger)
    provenance.write(folder / "answers.json", provenance.record(
        "learn digits", script.given(arguments), settings=asdict(learned.settings), learned=learned.provenance,
        data=test.source, test_samples=len(test), accuracy=marks.accuracy, neurons_named_by=len(naming),
        neurons_of_class=marks.neurons_of_class, accuracy_by_class=marks.by_class, spikes_an_image=marks.spikes))
    if arguments.frozen:
        provenance.seal(folder / "answers.json", [folder / "learned.npz"])
    print(f"{marks.accuracy:.2f} % of {len(test)} test digits, in Brian2 on {arguments.backend}; neurons named by "
          f"{len(naming)} training digits; {folder / 'answers.json'}")


def learn_readout(arguments: argparse.Namespace) -> int:
    """Draw or load the hidden pathway, learn on line, evaluate."""
    check_backend(arguments.backend)
    folder = Path(arguments.out)
    if arguments.by and not arguments.validation:
        raise DmpnetError(f"--by {arguments.by}: nothing is held out; add --validation 0.1, or leave --by out")
    if arguments.validation:
        train = options.part(reading.load(arguments, arguments.dataset, "train"), arguments.samples, arguments.seed)
        chosen, held = data.validation_split(train, arguments.validation, arguments.seed,
                                             arguments.by or "speaker")
        train, test = train.take(chosen), train.take(held)
    else:
        train, found = _parts(arguments, arguments.dataset)
        assert found is not None  # --test is 1 at least
        test = found
    from dmpnet.learning import hidden
    from dmpnet.learning.online import OnLine

    network = options.network(arguments.network) if arguments.network else hidden.drawn(
        train, arguments.neurons, context=0.0 if arguments.no_memory else 1.0, seed=arguments.seed)
    learner = OnLine(network, train, folder, arguments.eta, arguments.passes, arguments.seed, progress=True,
                     backend=arguments.backend)
    if learner.resume():
        print(f"going on at sample {learner.seen + 1}")
    learned = learner.run()
    result = evaluate(learned, test, arguments.backend, "test", to=arguments.ledger)
    part = "validation" if arguments.validation else "test"
    provenance.write(folder / "answers.json", provenance.record(
        "learn readout", script.given(arguments), kind=learned.kind, samples=len(test), part=part,
        accuracy=result.accuracy, mismatched=result.mismatched, compared=result.compared, rates=result.rates,
        data=test.source))
    print(f"{learned.kind}: {result.accuracy:.2f} % of {len(test)} {part} samples in Brian2 on {arguments.backend}, "
          f"{sum(result.mismatched)} of {sum(result.compared)} spike places differ from the reference; weights in "
          f"{folder / 'weights.npz'}")
    return options.verdict(result.mismatched, result.compared)
