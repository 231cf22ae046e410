"""The command line: flags in, printed results out. No modelling here; torch is imported only when a model is needed."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import itertools
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import corpora
import tasks
from core.data import InputError, ProcessLost
from core.events import listening
from core.settings import CorpusSettings, RunSettings, SearchSettings, Settings
from corpora.read.formats import ENDINGS
from corpora.shared.corpus import Corpus, CorpusUnavailable
from tasks.shared.flags import corpora_parser, parser

MODELS = Path("models")
context = contextlib.ExitStack()


def flags(text: str) -> str:
    return re.sub(r"`([a-z]\w*)`", lambda m: "--" + m[1].replace("_", "-"), text)


def bar(description: str, total: int | None, unit: str):
    from tqdm import tqdm
    return tqdm(total=total, desc=description, unit=unit, unit_scale=unit == "B", delay=2, leave=False,
                dynamic_ncols=True, file=sys.stderr)


def chosen(args: argparse.Namespace, kind: type) -> dict[str, Any]:
    """Those of these settings that were given as flags."""
    return {f.name: getattr(args, f.name) for f in dataclasses.fields(kind) if hasattr(args, f.name)}


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0, 2 for anything the user can mend, 130 after Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # Chinese must come out whatever the locale says
            stream.reconfigure(encoding="utf-8", errors="replace")
    first = os.environ.get("RANK", "0") == "0"  # of the processes that torchrun starts, one speaks for all
    try:
        with contextlib.nullcontext() if first else silence(), context, listening(note, bar):
            given = sys.argv[1:] if arguments is None else arguments
            if given[:1] == ["corpora"]:
                return about_corpora(corpora_parser().parse_args(given[1:]))
            return run(parser().parse_args(given))
    except InputError as error:
        if first or isinstance(error, ProcessLost):
            print("run.py: " + flags(" ".join(str(error).split("\n"))), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        if first:
            print("run.py: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has gone
        sys.stderr.close()
        return 0
    except OSError as error:  # a full disk, a folder without permission
        place, why = error.filename or "output", error.strerror or error
        print(f"run.py: {place}: {why}; free some space or choose another place", file=sys.stderr)
        return 2


@contextlib.contextmanager
def silence() -> Iterator[None]:
    with (open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere),
          contextlib.redirect_stderr(nowhere)):
        yield


def run(args: argparse.Namespace) -> int:
    given, search = chosen(args, Settings), chosen(args, SearchSettings)
    use_mirror(args.mirror)
    args.running, args.reading = (kind(**chosen(args, kind)) for kind in (RunSettings, CorpusSettings))
    jobs = [flag for flag in ("list", "compare", "input", "explain", "acrostic")
            if getattr(args, flag) not in (None, False)]
    if len(jobs) > 1:
        raise InputError(f"--{jobs[0]} and --{jobs[1]}: one thing at a time")
    if args.explain is not None and (free := [f for f in search if f not in ("max_output", "no_repeat")]):
        raise InputError(f"--{free[0].replace('_', '-')}: --explain walks the greedy path; leave it out")
    if args.list:
        print("\n".join(listing()))
        return 0
    if args.compare:
        return compare(args, given, search)
    if not args.task:
        raise InputError("say what to do: --task " + "|".join(t.name for t in tasks.all_tasks())
                         + ", --compare or --list (python run.py --help explains)")
    task = tasks.find(args.task)
    task.settings({}, given)  # refuses impossible values before anything slow begins
    task.search_settings(search)
    if args.reverse and not task.reversible:
        raise InputError(f"--reverse: a {task.name} corpus has one direction only; for --task translate")
    poem_only = [flag for flag in ("lines", "acrostic", "line_length") if getattr(args, flag) is not None]
    if poem_only and task.name != "poem":
        raise InputError(f"--{poem_only[0].replace('_', '-')}: only for --task poem")
    if args.input or args.explain is not None or args.acrostic is not None:
        if args.retrain:
            raise InputError("--retrain: trains, and does not answer; leave it out, or train first")
        return answer(args, task, given, search)
    if poem_only:
        raise InputError(f"--{poem_only[0].replace('_', '-')}: needs --input or --acrostic")
    train_and_show(args, task, given, search)
    return 0


# corpora


def about_corpora(args: argparse.Namespace) -> int:
    """The lines of list, show and check."""
    use_mirror(args.mirror)
    if args.what not in ("list", "show", "check"):
        raise InputError(f"corpora {args.what}: unknown; known are list, show and check")
    if args.what == "list":
        if args.names:
            raise InputError(f"corpora list {' '.join(args.names)}: takes no name; corpora show NAME describes one")
        print("\n".join(listing()))
        return 0
    if not args.names:
        raise InputError(f"corpora {args.what}: needs a name or a file")
    possible = [args.task] if args.task else corpora.tasks_of(args.names) or [t.name for t in tasks.all_tasks()]
    if len(possible) != 1:
        raise InputError(f"corpora {args.what} {' '.join(args.names)}: for which task? Add --task {'|'.join(possible)}")
    task = tasks.find(possible[0])
    reading = CorpusSettings(**chosen(args, CorpusSettings))
    corpus = corpora.find(args.names, task.format, reading)
    try:
        dataset = prepare(dataclasses.replace(corpus, notes=()), task, args.script, args.reverse, Settings(), reading,
                          args.rejects)  # its notes are part of what follows
    except InputError:
        for text in corpus.notes:
            note(text)
        raise
    from corpora.prepare.description import advice, description
    if args.what == "show":
        for line in description(corpus, dataset):
            print(flags(line), flush=True)
        return 0
    print(f"{corpus.name}: can be used for --task {task.name}")
    print(flags("\n".join(f"- {line}" for line in advice(dataset, corpus.notes))) or "nothing needs to be changed")
    return 0


def listing() -> Iterator[str]:
    """Tasks and corpora with type, size, licence and origin."""
    for task in tasks.all_tasks():
        yield f"{task.sizes}  --task {task.name}: {task.title}; default corpus {task.default_corpus}"
        for c in sorted(corpora.of_task(task.format), key=lambda c: (c.name != task.default_corpus, c.name)):
            yield f"      --corpus {c.name:<15} {c.title}"
            yield from (f"      {'':<24} {text}" for text in (f"{c.size}; {c.licence}", c.origin))
    yield f"own text: --corpus with a file ({' '.join(ENDINGS)}), two aligned ones,"
    yield "          a folder, a .zip, or hf:NAME for a data set of the Hugging Face hub"


# training and evaluation


def train_and_show(args: argparse.Namespace, task: tasks.Task, given: dict[str, Any], search: dict[str, Any]):
    """Load the task's model, or train it; evaluate it; print the scores and examples. Returns model and report, where
    this is the first process of its group."""
    from core import checkpoint, resume
    from core.distributed import join
    group, directory = join(), args.model_dir or MODELS / task.name

    def is_trained() -> bool:
        if checkpoint.is_model(directory) and not args.retrain and not resume.unfinished(directory):
            return True
        checkpoint.check(directory)  # before anything slow begins
        return False

    if not group.first(is_trained):
        model, dataset = train(args, task, given, directory, group)
    elif group.rank == 0:
        model = load(directory, args, task, given)
        about = model.about["corpus"]
        reading, names = CorpusSettings(**about.get("reading", {})), about.get("given", about["name"])
        if names == ["-"] and not args.corpus:
            raise InputError(f"{directory}: was trained on standard input; send it again with --corpus -")
        dataset = prepare(corpora.find(names, task.format, reading), task, about["script"],
                          about["reverse"], model.settings, reading, args.rejects)
        note(f"{directory}: trained on {about['name']} before; --retrain trains anew")
        if dataset.checksum != about["checksum"]:
            note(f"the corpus {about['name']} has changed since this model was trained")
    if group.rank:
        return None
    report = evaluate(model, dataset, task.search_settings(search))
    checkpoint.write_json(directory / "metrics.json", report.to_json())
    print(f"{task.name} ({task.sizes}) on {dataset.name}: {len(dataset.test):,} test examples")
    print("\n".join(report.lines()))
    print("\nexamples from the test split:")
    for source, said, reference in report.examples:
        print(f"  {source}\n    → {said}\n    = {reference}")
    print(f"\nmodel: {directory}")
    return model, report


def choose_corpus(args: argparse.Namespace, task: tasks.Task, given: dict[str, Any]):
    """The corpus asked for; or the task's default, or the starter where that cannot be had."""
    corpus = corpora.find(args.corpus or task.default_corpus, task.format, args.reading)
    settings = task.settings(corpus.suggested, given)
    try:
        return corpus, prepare(corpus, task, args.script, args.reverse, settings, args.reading, args.rejects), settings
    except CorpusUnavailable as error:
        if args.corpus:
            raise InputError(f"--corpus {' '.join(args.corpus)}: {error}") from None
        note(f"the default corpus {corpus.name} is not to be had: {error}")
        note("going on with the starter corpus, a few hundred examples: enough to try things, too few for good results")
        corpus = corpora.find("starter", task.format)
        settings = task.settings(corpus.suggested, given)
        return corpus, prepare(corpus, task, None, args.reverse, settings, args.reading, args.rejects), settings


def use_mirror(place: str | None) -> None:
    """For this run; the processes it starts inherit it."""
    from corpora.fetch.sources import use_mirror
    context.enter_context(use_mirror(place))


def prepare(corpus: Corpus, task: tasks.Task, script: str | None, reverse: bool, settings: Settings,
            reading: CorpusSettings, rejects: Path | None):
    from corpora.prepare.splits import prepare as split
    if script not in (None, "simplified", "traditional", "as-written"):
        raise InputError(f"--script {script}: known are simplified and traditional")
    for text in corpus.notes:
        note(text)
    dataset = split(corpus, task.format, script, reverse, reading, rejects).limited(settings.limit)
    if rejects:
        note(f"{rejects}: {'what was rejected, with line and reason' if dataset.rejected else 'nothing was rejected'}")
    left_out = "".join(f"; rejected {n:,}: {reason}" for reason, n in dataset.rejected.items())
    note(f"{corpus.name}: {len(dataset.train):,} train, {len(dataset.dev):,} dev, {len(dataset.test):,} test{left_out}")
    return dataset


def train(args: argparse.Namespace, task: tasks.Task, given: dict[str, Any], directory: Path, group):
    """Choose the corpus, learn the vocabularies, train. Returns the model and the dataset."""
    from core.training import INTERRUPTED, TERMINATED, UNFINISHED
    from tasks.shared import pretrained, text_model
    from tasks.shared.progress import Progress

    def start():
        corpus, dataset, settings = choose_corpus(args, task, given)
        return corpus, dataset, *untrained(args, task, settings, corpus, dataset)

    corpus, dataset, model, encoded = group.in_turn(start)
    if len(set(group.gather(dataset.identity()))) > 1:
        raise InputError(f"--corpus {corpus.name}: is not the same on all machines; copy one to all of them")
    if len(set(group.gather(model.about.get("vectors", {}).get("checksum")))) > 1:
        raise InputError(f"--vectors {model.settings.vectors}: differs between machines; copy one to all of them")
    for line in [*pretrained.coverage(model, encoded.dev), *encoded.cut(task, model.settings)]:
        note(line)
    for warning in text_model.warnings(model, dataset.dev):
        note("warning: " + warning)
    if suggested := [f"--{name.replace('_', '-')} {getattr(model.settings, name)}" for name in corpus.suggested
                     if name not in given]:
        note(f"settings suggested by {corpus.name}: {' '.join(suggested)}")
    size = sum(p.numel() for p in model.network.parameters())
    note(f"training {size:,} parameters; Ctrl-C stops and keeps the best")
    if group.size > 1:
        note(f"{group.size} processes; each sends and receives {group.bytes_per_update(size) / 1e6:.1f} MB an update")
    with Progress("" if group.rank else args.running.log_dir) as progress:
        history = text_model.fit(model, encoded.train, encoded.dev, directory, progress.on_update, progress.on_epoch,
                                 args.running, note, group, anew=args.retrain)
    plural = "s" * (len(history.epochs) != 1)
    note(f"trained {len(history.epochs)} epoch{plural} in {history.seconds:.0f} s ({history.stopped}); "
         f"saved in {directory}" + ("; the same command goes on with it" if history.stopped in UNFINISHED else ""))
    if history.stopped == TERMINATED:
        sys.exit(143)
    if history.stopped == INTERRUPTED and group.size > 1:  # torchrun gives no time for an evaluation
        raise KeyboardInterrupt
    return model, dataset


def untrained(args: argparse.Namespace, task: tasks.Task, settings: Settings, corpus: Corpus, dataset):
    """The model, with vocabularies learned on the training split, and the splits as ids."""
    from corpora.fetch.download import cache_folder
    from tasks.shared import encoding, text_model
    encoded = encoding.encode(task, settings, dataset.train, dataset.dev, cache_folder() / "encoded",
                              dataset.identity())
    return text_model.create(task, settings, dataset.train, {
        "name": corpus.name, "given": list(corpus.names),
        "script": args.script if args.script in corpus.scripts else corpus.scripts[0],
        "reverse": args.reverse, "reading": dataclasses.asdict(args.reading),
        "checksum": dataset.checksum, "licence": corpus.licence, "origin": corpus.origin,
        "examples": {part: len(getattr(dataset, part)) for part in ("train", "dev", "test")},
        "left out": dict(dataset.rejected)}, (encoded.source, encoded.target),
        cache_folder() / "vectors"), encoded


def evaluate(model, dataset, search: SearchSettings):
    note(f"evaluating on {len(dataset.test):,} test examples, beside baselines")
    return model.task.evaluate(model, dataset.train, dataset.dev, dataset.test, search)


def compare(args: argparse.Namespace, given: dict[str, Any], search: dict[str, Any]) -> int:
    """All default models, trained where they are missing, side by side."""
    if args.corpus or args.model_dir or args.task:
        raise InputError("--compare: takes all tasks with their default corpora and folders; "
                         "leave out --task, --corpus and --model-dir")
    from tasks.shared.compare import comparison
    pairs = list(filter(None, [train_and_show(args, task, given, search) for task in tasks.all_tasks()]))
    if not pairs:  # another process has them
        return 0
    print()
    print("\n".join(comparison([m for m, _ in pairs], [r for _, r in pairs])))
    return 0


# answers


def load(directory: Path, args: argparse.Namespace, task: tasks.Task, given: dict[str, Any]):
    """The model of a folder. Raises InputError where the flags ask for another one than stands there."""
    from tasks.shared.text_model import TextModel
    model = TextModel.load(directory)
    if model.task.name != task.name:
        raise InputError(f"{directory}: holds a model for --task {model.task.name}, not {task.name}; "
                         "name another --model-dir")
    saved = {**dataclasses.asdict(model.settings), **model.about["corpus"]}
    saved |= saved.get("reading", {})
    asked = given | chosen(args, CorpusSettings)
    asked |= {name: value for name, value in (("name", " ".join(args.corpus or [])), ("script", args.script)) if value}
    asked |= {"reverse": True} if args.reverse else {}
    for name, value in asked.items():
        if saved.get(name) != value:
            flag = "--corpus" if name == "name" else "--" + name.replace("_", "-")
            raise InputError(f"{directory}: was trained with {flag} {saved.get(name) or 'none'}, not {value}; "
                             "name another --model-dir, or --retrain to replace it")
    return model


def answer(args: argparse.Namespace, task: tasks.Task, given: dict[str, Any], search: dict[str, Any]) -> int:
    """Answer every input; one that cannot be answered gives an empty line, its reason on stderr, and exit code 2."""
    from core.distributed import join
    from tasks.shared.answering import answers, inputs, is_stream
    directory = args.model_dir or MODELS / task.name
    group, options = join(), task.search_settings(search)
    model = group.in_turn(lambda: load(directory, args, task, given))
    if args.explain is not None:
        print("\n".join(task.explain(model, model.read_input(args.explain), options)))
        return 0
    if args.acrostic is not None:
        from tasks.poem import acrostic
        length = 5 if args.line_length is None else args.line_length
        print("\n".join(acrostic(model, args.acrostic.strip(), length, options)))
        return 0
    if args.lines is not None and not 1 <= args.lines <= 1000:
        raise InputError(f"--lines {args.lines}: must be from 1 to 1000")
    failed = False
    aligned = len(args.input) > 1 or is_stream(args.input[0])  # an empty line then keeps the others in their places
    blocks = inputs(args.input, ENDINGS)
    found = itertools.chain.from_iterable(answers(model, blocks, args.lines or 1, options, group))
    for number, said in enumerate(found, 1):
        if isinstance(said, InputError):
            failed = True
            print(f"run.py: input {number}: {said}" if aligned else f"run.py: {said}", file=sys.stderr)
            said = ""
        if said or aligned:
            print(said, flush=True)
    return 2 if failed else 0


def note(text: str) -> None:
    print(flags(text), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
