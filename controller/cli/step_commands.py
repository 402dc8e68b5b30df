"""``submit`` and ``render``: a command for each kind of step that declares one, with the options its inputs need."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from controller.cli.completing import complete_corpus, complete_file, complete_recipe, steps_of
from controller.cli.grammar import CommandGroup, MisplacedWordError, OneOf
from controller.cli.options import Command, output_option, overrides_option, place_options
from controller.cli.options import refuse_empty_values as checked
from controller.cli.output import show
from controller.cli.place import profile_of
from controller.cli.terminal import echo

if TYPE_CHECKING:
    from controller.kinds.declaration import Submission

ALL = "all"

CORPUS_HELP = """A CORD-19 release (a directory, tar.gz or zip), or your own .jsonl or .txt files; on disk or gs://.
`sample` is the built-in corpus of made-up papers; only recipe tiny reads it by default. Without this option a later
step reads the newest inputs in the bucket that fit its recipe."""

VOCAB_HELP = "A WordPiece vocab.txt, or a model's tokenizer.json. Without it the recipe must learn one."

AGAINST_HELP = """What the evaluation compares with: a step that makes a model, a recipe for its newest model, or
the directory or archive of a published BERT or sentence-transformers model, on disk or gs://. [default: the initial
checkpoint of RECIPE]"""

DATA_HELP = """Also judge on this labelled set: JSON lines of questions with passages, or of pairs of texts with their
similarity. May be repeated."""


def _models() -> Sequence[str]:
    from controller.kinds.registry import MODELS

    return MODELS


MATERIAL = {
    "corpus": click.option("--corpus", shell_complete=complete_corpus, help=CORPUS_HELP),
    "vocab": click.option("--vocab", shell_complete=complete_file, help=VOCAB_HELP),
    "shards": click.option(
        "--shards",
        type=click.IntRange(1, 100_000),
        help="Number of files that documents and examples are split into. Part of the step's name. [default: 2]",
    ),
    "against": click.option(
        "--against", metavar="MODEL", shell_complete=steps_of(_models, files=True, recipes=True), help=AGAINST_HELP
    ),
    "qrels": click.option(
        "--qrels",
        metavar="FILE",
        shell_complete=complete_file,
        help="Also judge by these relevance judgements, in TREC's format.",
    ),
    "topics": click.option(
        "--topics",
        metavar="FILE",
        shell_complete=complete_file,
        help="The topics that belong to --qrels, in TREC-COVID's XML.",
    ),
    "data": click.option("--data", metavar="FILE", multiple=True, shell_complete=complete_file, help=DATA_HELP),
}
"""The options that say what steps are made of, by their names in the declarations of kinds."""

RUN_OPTIONS = (
    overrides_option,
    click.option(
        "--parallelism",
        type=click.IntRange(1),
        help="Shards to run at the same time. [default: the profile's; for local, its cores]",
    ),
    click.option("--label", metavar="TEXT", help="Text shown beside the steps' names. Changes no name."),
    click.option("--fresh", is_flag=True, help="Run complete steps again, under another name."),
    click.option("--salt", metavar="TEXT", help="Continue the --fresh run that printed this salt."),
)

GATE_OPTION = click.option(
    "--gate",
    "gates",
    multiple=True,
    metavar="MEASURE>=VALUE",
    help="Exit with 1 if MEASURE is below VALUE, for example tuned.mrr>=0.3. May be repeated.",
)

SUBMIT_OPTIONS = (
    click.option("--wait", is_flag=True, help="On a cluster: wait until the Jobs end. Ctrl-C stops waiting."),
    click.option("--timeout", type=click.FloatRange(min=0), help="With --wait: exit with 4 after this many seconds."),
    click.option("--notify", metavar="URL", help="POST to this webhook when a step completes or fails."),
    click.option("--dry-run", is_flag=True, help="Show the steps and how even their shards will be, and run nothing."),
    output_option,
)
"""Options of ``submit`` that ``render`` lacks."""


class RootGroup(CommandGroup):
    """All of ``covid-ctl``. The name of a step or of a recipe, put first, is answered with where it belongs."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.commands and not args[0].startswith("-"):
            if args[0] in step_commands():
                raise MisplacedWordError(args[0], "it is a step", f"covid-ctl submit {shlex.join(args)}", ctx)
            _refuse_recipe(args[0], "covid-ctl submit", ctx)
        return super().resolve_command(ctx, args)


class StepGroup(CommandGroup):
    """Its commands follow from the declared kinds, which are loaded when it is asked for one: ``covid-ctl --help``
    answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return step_commands()

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        _refuse_recipe(args[0], ctx.command_path, ctx)
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        return _command(str(self.name), name) if name in step_commands() else None


class StepCommand(OneOf):
    """The name of a ``submit`` command."""

    def __init__(self) -> None:
        super().__init__(step_commands)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        _refuse_recipe(value, "covid-ctl estimate", ctx)
        return super().convert(value, param, ctx)


def step_commands() -> list[str]:
    """The names of the commands of ``submit``."""
    from controller.kinds.registry import TARGETS

    return [*map(str, TARGETS), ALL]


def _refuse_recipe(word: str, command: str, ctx: click.Context | None) -> None:
    if word in step_commands():
        return
    from jobs.recipe import recipe_names

    if word in recipe_names():
        raise MisplacedWordError(word, "it is a recipe, not one of its steps", f"{command} all {word}", ctx)


def _command(verb: str, name: str) -> click.Command:
    def run(named: str | None = None, **options: Any) -> None:
        if by_option:
            options["recipe"] = _one_recipe(named, options["recipe"])
        if verb == "submit":
            _submit(name, **options)
        else:
            _render(name, **options)

    submission, options = _declared(name)
    by_option = submission.recipe_is_option
    recipe: list[Command] = [click.argument("recipe", shell_complete=complete_recipe)]
    if by_option:
        words = "The recipe that sets up the examples, as the argument RECIPE does. [default: tiny]"
        recipe = [
            click.argument("named", required=False, metavar="[RECIPE]", shell_complete=complete_recipe),
            click.option("--recipe", shell_complete=complete_recipe, help=words),
        ]
    gate = [GATE_OPTION] if verb == "submit" and _has_measures(name) else []
    decorators = [*recipe, *options, *gate, *RUN_OPTIONS, *(SUBMIT_OPTIONS if verb == "submit" else ()), place_options]
    for decorate in reversed(decorators):
        decorate(run)
    words, short = submission.help, submission.short_help
    if verb == "render":
        words = short = f"Print the Jobs of `submit {name}`."
    return checked(click.command(name, help=words, short_help=short)(run))


def _one_recipe(argument: str | None, option: str | None) -> str:
    if argument and option and argument != option:
        raise click.UsageError(f"the recipe is {argument} or --recipe {option}: give one of them")
    return argument or option or "tiny"


def _declared(name: str) -> tuple[Submission, list[Command]]:
    """A command's description, and the options that the inputs of its steps need."""
    from controller.kinds.declaration import Submission
    from controller.kinds.registry import KINDS, TARGETS, chosen_inputs, material_options
    from jobs.spec import Kind

    if name == ALL:
        words = "Run every step, from the corpus to RECIPE's Hugging Face model, its embedder, evaluation and index."
        wanted = dict.fromkeys(option for target in TARGETS for option in material_options(target))
        short = "Run every step, from the corpus to the search index."
        return Submission(words, short), [MATERIAL[name] for name in wanted]
    kind = Kind(name)
    submission = KINDS[kind].submission
    assert submission, "only what declares one has a command"
    choosing = [
        click.option(
            f"--{need.chosen_by}",
            metavar="NAME",
            shell_complete=steps_of(partial(tuple, (need.kind, *need.also))),
            help=need.choosing,
        )
        for need in chosen_inputs(kind)[::-1]
    ]
    if extension := KINDS[kind].extension:
        finished = steps_of(partial(tuple, (kind,)))
        choosing.append(
            click.option(f"--{extension.option}", metavar="NAME", shell_complete=finished, help=extension.choosing)
        )
        choosing.append(
            click.option("--to", type=click.IntRange(1), help=f"Sets {extension.goal}, with --{extension.option}.")
        )
    if choosing:
        choosing.append(click.option("--with-inputs", is_flag=True, help="Make missing inputs first."))
    return submission, [*choosing, *(MATERIAL[name] for name in material_options(kind))]


def _has_measures(name: str) -> bool:
    from controller.kinds.registry import KINDS
    from jobs.spec import Kind

    return name != ALL and KINDS[Kind(name)].has_measures


def _submit(
    kind: str,
    *,
    output: str,
    dry_run: bool,
    wait: bool,
    timeout: float | None,
    notify: str | None,
    gates: tuple[str, ...] = (),
    **options: Any,
) -> None:
    from jobs.evaluation.gate import Gate, check_gates

    asked = [Gate.parse(gate) for gate in gates]
    if dry_run:
        _dry_run(kind, output, **options)
        return
    from controller.cli.submitting import run_here, send
    from controller.cli.tables import manifest_json
    from controller.ledger.label import labels_of
    from controller.planning.request import Request
    from jobs.artifact import Artifact

    request = Request.of(kind, profile_of(options), **options)
    if timeout is not None and (request.profile.is_local or not wait):
        raise click.UsageError("--timeout needs --wait, and a profile other than local")
    if asked and not (request.profile.is_local or wait):
        raise click.UsageError("--gate needs --wait; or later: covid-ctl report evaluate --gate")
    if notify:
        _check_webhook(notify, None if request.profile.is_local else request.profile.notify_hosts)
    progress = sys.stdout if output == "text" else sys.stderr
    if request.profile.is_local:
        manifests = run_here(request, progress, notify=notify or "")
        labels = labels_of(request.store, [manifest.name for manifest in manifests])
        data: Any = [manifest_json(manifest, labels.get(manifest.name, "")) for manifest in manifests]
    else:
        sent = send(request, progress, wait=wait, timeout=timeout, notify=notify or "")
        manifests, data = list(sent.manifests), sent.to_json()
    if output == "json":
        echo(json.dumps(data, indent=1))
    elif manifests:
        echo(Artifact(request.store, manifests[-1].spec).location)
    if asked:
        check_gates(asked, manifests[-1].facts["measures"], manifests[-1].name)


def _check_webhook(url: str, hosts: tuple[str, ...] | None) -> None:
    from controller.profiles.webhook import why_not_called
    from jobs.errors import ConfigurationError

    if refusal := why_not_called(url, hosts):
        remedy = "list its host as notify_hosts, here and in the tracker's profile" if hosts is not None else ""
        raise ConfigurationError("--notify", refusal, remedy or "give the address of a webhook as https://HOST/PATH")


def _dry_run(kind: str, output: str, **options: Any) -> None:
    from controller.cli.tables import dry_run_table
    from controller.cli.words import spread_text
    from controller.planning.dry_run import dry_run
    from controller.planning.request import Request

    planned = dry_run(Request.of(kind, profile_of(options), **options))
    show(output, lambda: dry_run_table(planned), planned.to_json())
    if output == "text":
        for line in (*planned.notes, spread_text(planned.spread) if planned.spread else planned.note):
            echo(line, nl=bool(line))


def _render(kind: str, **options: Any) -> None:
    import yaml

    from controller.planning.manifest import render
    from controller.planning.request import Request
    from jobs.artifact import incomplete

    request = Request.of(kind, profile_of(options), verb="render", **options)
    jobs = [
        render(step, request.profile, suspend=bool(incomplete(request.store, step.after)))
        for step in request.labelled(request.steps_to_render())
    ]
    notes = [*request.notes]
    if request.profile.is_local:
        notes.append("Profile local: what runs here as processes. A cluster can use neither its images nor a bucket in")
        notes.append("a local directory, and each Job needs the ones before it to be complete.")
    for note in notes:
        echo(f"# {note}")
    echo(yaml.safe_dump_all(jobs, sort_keys=False), nl=False)
