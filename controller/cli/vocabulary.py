"""``vocab``: words that a published vocabulary cuts into pieces, looked at or appended."""

from __future__ import annotations

import json
import shlex
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from controller.cli.completing import complete_corpus, complete_file, complete_recipe, steps_of
from controller.cli.grammar import CommandGroup
from controller.cli.options import Command, output_option, overrides_option, place_options
from controller.cli.place import profile_of
from controller.cli.terminal import echo, escaped

if TYPE_CHECKING:
    from controller.planning.plan import Step
    from controller.planning.request import Request

Report = Mapping[str, Any]
"""As a vocabulary step writes it."""


@click.group("vocab", cls=CommandGroup, short_help="Extend a published vocabulary by a corpus's words.")
@place_options
def vocab(**_: str | None) -> None:
    """Extend a published vocabulary by the words of a corpus.

    `report` shows which words would be added and what they would change, `extend` makes the vocabulary.
    """


def _corpora() -> Sequence[str]:
    from controller.kinds.registry import KINDS

    return [kind for kind, declared in KINDS.items() if declared.shard_setting]


def _options(command: Command) -> Command:
    for option in (
        click.option("--show", type=click.IntRange(0), default=20, show_default=True, help="Added words to print."),
        overrides_option,
        click.option("--shards", type=click.IntRange(1, 100_000), help="As for submit. [default: 2]"),
        click.option(
            "--documents",
            metavar="NAME",
            shell_complete=steps_of(_corpora),
            help="Read the documents of this ingest step.",
        ),
        click.option("--corpus", shell_complete=complete_corpus, help="Read this corpus, as for submit."),
        click.option(
            "--min-documents",
            type=click.IntRange(1),
            help="Add only words that occur in at least this many training documents. [default: 20]",
        ),
        click.option("--add", type=click.IntRange(1), default=1000, show_default=True, help="Words to add."),
        click.option("--vocab", "base", required=True, shell_complete=complete_file, help="The published vocab.txt."),
        click.argument("recipe", shell_complete=complete_recipe),
    ):
        command = option(command)
    return command


@vocab.command("report", short_help="Show what would be added, and run nothing.")
@_options
@place_options
@output_option
def report(recipe: str, *, show: int, output: str, **options: Any) -> None:
    """Show the words that `vocab extend` would add to RECIPE's vocabulary, and pieces per word before and after.

    Reads the cleaned training documents, which `submit preprocess` or `vocab extend` has made. Writes nothing.
    """
    from controller.planning.existing import read_extension
    from jobs.artifact import incomplete
    from jobs.errors import PreflightError

    request = _request("report", recipe, options)
    step = request.steps_to_submit()[-1]
    found: Report | None = read_extension(request.store, step.name)
    if found is None:
        if missing := incomplete(request.store, step.after):
            remedy = _command("extend", recipe, options)
            raise PreflightError(f"recipe {recipe}", f"it needs {missing[0]}, which is not complete", remedy)
        found = _computed(request, step)
    _print(found, output, show)


@vocab.command("extend", short_help="Make a vocabulary with the corpus's words.")
@click.option("--out", metavar="FILE", shell_complete=complete_file, help="Also copy the vocabulary to FILE.")
@click.option("--wait", is_flag=True, help="On a cluster: wait until the Jobs end.")
@_options
@place_options
@output_option
def extend(recipe: str, *, show: int, output: str, out: str | None, wait: bool, **options: Any) -> None:
    """Append words of the corpus to RECIPE's published vocabulary, whose entries keep their ids.

    Runs the steps that lead to the vocabulary. Training with the settings that it prints continues from there: a new
    entry begins as the mean of the pieces it replaces.
    """
    from controller.cli.submitting import run_here, send
    from controller.planning.existing import read_extension
    from jobs.artifact import Artifact
    from jobs.layout import VOCABULARY

    request = _request("extend", recipe, options)
    progress = sys.stdout if output == "text" else sys.stderr
    if request.profile.is_local:
        manifests = run_here(request, progress)
    else:
        manifests = list(send(request, progress, wait=wait or out is not None, timeout=None).manifests)
    if not manifests:
        return
    artifact = Artifact(request.store, manifests[-1].spec)
    found = read_extension(request.store, artifact.name)
    assert found, "this step extends"
    _print(found, output, show)
    if out:
        Path(out).write_bytes(artifact.read(artifact.require().output(VOCABULARY)))
    if output == "text":
        echo(artifact.location)
        settings = [_option("set", f"{name}={value}") for name, value in request.command.overrides.items()]
        place = _given(options, "corpus", "shards", "profile", "bucket", "context", "namespace")
        words = [_option("vocab", options["base"]), *settings, *place]
        echo(f"  next: covid-ctl submit pretrain {shlex.quote(recipe)} --with-inputs {' '.join(words)}")


def _request(verb: str, recipe: str, options: Mapping[str, Any]) -> Request:
    """What ``submit preprocess`` would ask for, up to the vocabulary."""
    from controller.kinds.registry import KINDS, vocabulary_kind
    from controller.planning.request import Request, assignments
    from controller.planning.sources import whole_file
    from jobs.artifact import Artifact
    from jobs.recipe import load_recipe
    from jobs.store import Store
    from jobs.vocabulary import parse_vocabulary

    if options["corpus"] and options["documents"]:
        raise click.UsageError("give --corpus or --documents, not both")
    profile = profile_of(options)
    given = assignments(options["overrides"])
    if load_recipe(recipe, given).vocabulary.learn:
        size = len(parse_vocabulary(whole_file(options["base"], "give a vocab.txt with --vocab"), options["base"]))
        given |= {"vocabulary.learn": "null", "vocabulary.size": str(size)}
    given["vocabulary.extend"] = _extension(options)
    shards = options["shards"]
    if options["documents"]:
        spec = Artifact.open(Store(profile.bucket), options["documents"]).spec
        shards = spec.settings.get(KINDS[spec.kind].shard_setting)
    kind = vocabulary_kind()
    return Request.of(
        str(KINDS[kind].command),
        profile,
        until=kind,
        **{
            **options,
            "vocab": options["base"],
            "recipe": recipe,
            "overrides": [f"{name}={value}" for name, value in given.items()],
            "shards": shards,
            "salt": "",
            "fresh": False,
            "with_inputs": verb == "report",
        },
    )


def _extension(options: Mapping[str, Any]) -> str:
    fields = {"add": options["add"], "min_documents": options["min_documents"]}
    return json.dumps({name: value for name, value in fields.items() if value is not None})


def _command(verb: str, recipe: str, options: Mapping[str, Any]) -> str:
    """The command with the same options."""
    words = [f"covid-ctl vocab {verb} {shlex.quote(recipe)}", _option("vocab", options["base"])]
    words += [_option("set", text) for text in options["overrides"]]
    names = ("add", "min_documents", "corpus", "documents", "shards", "profile", "bucket", "context", "namespace")
    return " ".join(words + _given(options, *names))


def _given(options: Mapping[str, Any], *names: str) -> list[str]:
    return [_option(name.replace("_", "-"), options[name]) for name in names if options.get(name) is not None]


def _option(name: str, value: object) -> str:
    return f"--{name} {shlex.quote(str(value))}"


def _computed(request: Request, step: Step) -> Report:
    """What the step would write, computed here from the documents.

    Raises ``PreflightError`` where this environment lacks what the step imports.
    """
    from importlib.util import find_spec

    from jobs.errors import PreflightError

    if missing := [name for name in ("numpy", "tokenizers", "isal") if find_spec(name) is None]:
        reason = f"reading documents here needs {', '.join(missing)}, which this environment lacks"
        raise PreflightError("vocab report", reason, "covid-ctl vocab extend computes it in a step, and shows it")
    from jobs.artifact import Artifact
    from jobs.steps.context import StepContext
    from jobs.steps.vocabulary import TrainingSentences, extended
    from jobs.vocabulary import parse_vocabulary

    with tempfile.TemporaryDirectory(prefix="covid-ctl-") as scratch:
        context = StepContext(Artifact(request.store, step.spec), 0, Path(scratch), lambda: False)
        assert request.choice.vocabulary, "the option is required"
        base = parse_vocabulary(request.choice.vocabulary.data, step.name)
        return extended(context, base, TrainingSentences(context)).to_json()


def _print(found: Report, output: str, show: int) -> None:
    if output == "json":
        echo(json.dumps(found, indent=1, ensure_ascii=False))
        return
    before, after = found["before"], found["after"]
    echo(
        f"{found['base_entries']:,} entries and {len(found['added']):,} words, of {found['candidates']:,} that qualify "
        f"in {found['documents']:,} training documents of {before['words']:,} words"
    )
    echo(f"words that are one entry  {before['whole_share']:.1%} -> {after['whole_share']:.1%}")
    echo(f"pieces per word           {before['pieces_per_word']:.3f} -> {after['pieces_per_word']:.3f}")
    echo(f"words that are [UNK]      {before['unknown']:,} -> {after['unknown']:,}")
    for new in found["added"][:show]:
        pieces = escaped(" ".join(new["pieces"]))
        echo(f"  {escaped(new['word'])}  {new['count']:,} times in {new['documents']:,} documents, was {pieces}")
