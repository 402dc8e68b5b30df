"""Commands to use before a step: where it can run, whether it will, how long it takes, and the recipes."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from controller.cli.completing import complete_corpus, complete_file, complete_recipe
from controller.cli.grammar import CommandGroup
from controller.cli.initializing import init
from controller.cli.options import output_option, overrides_option, place_options
from controller.cli.output import show
from controller.cli.place import profile_of
from controller.cli.step_commands import StepCommand
from controller.cli.terminal import echo


@click.command("doctor", short_help="Check that everything a recipe's steps need is in place.")
@click.argument("recipe", default="tiny", shell_complete=complete_recipe)
@click.option("--vocab", shell_complete=complete_file, help="WordPiece vocab.txt that the recipe will be trained with.")
@overrides_option
@place_options
@output_option
def doctor(recipe: str, vocab: str | None, overrides: tuple[str, ...], output: str, **place: str | None) -> None:
    """Check that everything RECIPE's steps need is in place. Exits with 3 if something is missing.

    Leaves nothing behind: it tests the bucket with two objects, which it deletes.
    """
    from controller.cli.tables import check_json, checks_table
    from controller.doctor.check import CheckState
    from controller.doctor.examination import all_checks, cluster_or_error
    from controller.planning.request import assignments
    from jobs.errors import PreflightError
    from jobs.recipe import load_recipe

    chosen = load_recipe(recipe, assignments(overrides))
    profile = profile_of(place)
    checks = list(all_checks(profile, chosen, cluster_or_error(profile), vocabulary=vocab))
    show(output, lambda: checks_table(checks), [check_json(check) for check in checks])
    if any(check.state is CheckState.FAILED for check in checks):
        sys.exit(PreflightError.cli_exit_code)


@click.command("estimate", short_help="Estimate time and cost before submitting.")
@click.argument("what", metavar="STEP", type=StepCommand())
@click.argument("recipe", default="tiny", shell_complete=complete_recipe)
@click.option(
    "--corpus",
    shell_complete=complete_corpus,
    help="The corpus, as for submit. [default: the built-in sample, only for recipe tiny]",
)
@click.option(
    "--shards",
    type=click.IntRange(1, 100_000),
    default=2,
    show_default=True,
    help="Number of files that documents and examples are split into.",
)
@overrides_option
@place_options
@output_option
def estimate_command(what: str, recipe: str, output: str, **options: Any) -> None:
    """Estimate how long steps will take and what they will cost, before submitting them.

    STEP is a command of `submit`, such as pretrain, or all. Counts the computation of RECIPE and the text of the
    corpus; runs and writes nothing. If the profile's nodes have no list price, or a different one, set dollars_per_hour
    in the profile.
    """
    from controller.cli.tables import estimate_table, width_of_output
    from controller.costs.estimate import estimate, kinds_of, needs_text
    from controller.planning.corpus_size import text_of
    from controller.planning.provenance import corpus_text
    from controller.planning.request import assignments
    from controller.planning.sources import default_corpus
    from jobs.errors import PreflightError
    from jobs.recipe import load_recipe

    chosen = load_recipe(recipe, assignments(options["overrides"]))
    kinds = kinds_of(what, chosen)
    corpus = text = None
    if needs_text(kinds, chosen):
        corpus = options["corpus"] or default_corpus(chosen)
        if corpus is None:
            remedy = f"covid-ctl estimate {what} {recipe} --corpus PATH"
            raise PreflightError(f"recipe {chosen.name}", "no corpus is named to count the text of", remedy)
        text = text_of(corpus)
    found = estimate(kinds, chosen, profile_of(options), text=text, shards=options["shards"])
    show(output, lambda: estimate_table(found, width=width_of_output()), found.to_json())
    if output == "text":
        for note in (*([f"corpus: {corpus_text(corpus)}"] if corpus else []), *found.notes):
            echo(note)


class RecipesGroup(CommandGroup):
    """``recipes NAME`` is ``recipes show NAME``."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        return super().resolve_command(ctx, args if args[0] in self.commands else ["show", *args])


@click.group("recipes", cls=RecipesGroup, invoke_without_command=True, short_help="List the recipes, or show one.")
@output_option
@click.pass_context
def recipes(context: click.Context, output: str) -> None:
    """List the recipes, or show one."""
    if context.invoked_subcommand:
        return
    from controller.cli.tables import recipes_table
    from jobs.recipe import load_recipe, recipe_names

    found = [load_recipe(name) for name in recipe_names()]
    show(output, lambda: recipes_table(found), [recipe.model_dump(mode="json") for recipe in found])


@recipes.command("show", short_help="Print one recipe with every setting, as YAML.")
@click.argument("recipe", shell_complete=complete_recipe)
@click.option(
    "--explain", is_flag=True, help="Say what each setting means, its default, and which steps' names it is part of."
)
@overrides_option
@output_option
def recipes_show(recipe: str, explain: bool, overrides: tuple[str, ...], output: str) -> None:
    """Print one recipe with every setting, as YAML that you can edit and use."""
    import yaml

    from controller.planning.request import assignments
    from jobs.recipe import load_recipe

    found = load_recipe(recipe, assignments(overrides))
    if explain:
        from controller.cli.recipe_text import explained_json, explained_yaml
        from controller.cli.tables import width_of_output

        if output == "json":
            echo(json.dumps(explained_json(found), indent=1))
        else:
            echo(explained_yaml(found, width_of_output()), nl=False)
        return
    data = found.model_dump(mode="json", exclude_none=True)
    if output == "json":
        echo(json.dumps(data, indent=1, ensure_ascii=False))
    else:
        echo(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), nl=False)


PREPARING = (init, doctor, estimate_command, recipes)
