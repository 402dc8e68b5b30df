"""``publish``: an export with its embedder, evaluation and card, as a directory or on the Hugging Face Hub."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from controller.cli.completing import complete_recipe, steps_of
from controller.cli.options import output_option, overrides_option, place_options
from controller.cli.place import open_bucket, profile_of
from controller.cli.terminal import echo

if TYPE_CHECKING:
    from controller.profiles.profile import Profile
    from controller.status.publication import Publishable
    from jobs.evaluation.gate import Gate
    from jobs.publish.bundle_manifest import BundleManifest
    from jobs.publish.facts import Card
    from jobs.publish.hub import Uploaded
    from jobs.publish.whole_card import Publication
    from jobs.recipe import Recipe
    from jobs.store import Store

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


def _exports() -> Sequence[str]:
    from controller.kinds.registry import published_kind

    return [published_kind("model")]


@click.command("publish", short_help="Publish a recipe's model on the Hugging Face Hub.")
@click.argument("recipe", shell_complete=complete_recipe)
@click.option("--repo", metavar="ORG/NAME", help="Repository on the Hub; created as private if it does not exist.")
@click.option("--public", is_flag=True, help="Make the repository public.")
@click.option("--to", "target", type=click.Path(file_okay=False), help="Write the files to this directory instead.")
@click.option(
    "--export",
    "name",
    metavar="NAME",
    shell_complete=steps_of(_exports),
    help="The export to publish. [default: the newest that fits RECIPE]",
)
@click.option(
    "--gate",
    "gates",
    multiple=True,
    metavar="METRIC>=VALUE",
    help="Publish nothing if METRIC is below VALUE, for example held_out.accuracy>=0.5. May be repeated.",
)
@overrides_option
@place_options
@output_option
def publish(
    recipe: str,
    repo: str | None,
    public: bool,
    target: str | None,
    name: str | None,
    gates: tuple[str, ...],
    overrides: tuple[str, ...],
    output: str,
    **place: str | None,
) -> None:
    """Publish RECIPE's newest export, with its embedder, evaluation, card and checksums.

    Makes one commit, which names the artifact; publishing again changes nothing. The token is taken from HF_TOKEN or
    from `hf auth login`.
    """
    if (repo is None) == (target is None):
        raise click.UsageError("give either --repo ORG/NAME or --to DIRECTORY")
    if repo is not None and not _REPOSITORY.fullmatch(repo):
        raise click.UsageError(f"--repo {repo}: write it as ORG/NAME")
    if public and not repo:
        raise click.UsageError("--public needs --repo")
    from controller.planning.request import assignments
    from controller.status.publication import publishable
    from jobs.evaluation.gate import Gate
    from jobs.recipe import load_recipe

    upload = _uploader() if repo else None
    checks = [Gate.parse(text, "held_out.accuracy>=0.5") for text in gates]
    profile = profile_of(place)
    store, settings = open_bucket(profile), load_recipe(recipe, assignments(overrides))
    found = publishable(store, settings, name, strict=bool(overrides))
    if target is not None:
        card, manifest = _write(Path(target), store, profile, settings, found, "", checks)
        _say(output, found, {"directory": target, "files": len(manifest.files)}, f"{target}: {_counted(manifest)}")
        return
    assert repo
    assert upload

    with tempfile.TemporaryDirectory(prefix="covid-ctl-") as scratch:
        directory = Path(scratch) / "bundle"
        card, manifest = _write(directory, store, profile, settings, found, repo, checks)
        message = f"{found.export.name}: {card.title}"
        if output == "text":
            echo(f"{found.export.name}: {_counted(manifest)}")
        done = upload(directory, repo, public=public, message=message, note=lambda text: echo(text, err=True))
    said = f"commit {done.commit[:12]}" if done.changed else "nothing to change: it is there already"
    seen = "private" if done.private else "public"
    _say(
        output,
        found,
        {"url": done.url, "commit": done.commit, "changed": done.changed, "private": done.private},
        f"{done.url} ({seen}): {said}",
    )


def _uploader() -> Callable[..., Uploaded]:
    """Raises ``PreflightError`` where what speaks to the Hub is not installed."""
    from jobs.errors import PreflightError

    try:
        from jobs.publish.hub import upload
    except ImportError as error:
        remedy = "in a checkout of this project: pip install '.[publish]'; --to DIRECTORY needs none of it"
        raise PreflightError(str(error.name), "it is not installed, and publishing needs it", remedy) from error
    return upload


def _write(
    directory: Path,
    store: Store,
    profile: Profile,
    recipe: Recipe,
    found: Publishable,
    repository: str,
    checks: Sequence[Gate],
) -> tuple[Card, BundleManifest]:
    """Raises ``MissedGateError`` before anything is uploaded."""
    from jobs.evaluation.gate import check_gates
    from jobs.publish.bundle import write_bundle
    from jobs.publish.front_matter import results

    card, manifest = write_bundle(
        directory, store, found.export, _publication(store, profile, recipe, found, repository)
    )
    check_gates(checks, {result.key: result.value for result in results(card)}, found.export.name)
    return card, manifest


def _publication(store: Store, profile: Profile, recipe: Recipe, found: Publishable, repository: str) -> Publication:
    from controller.status.publication import known_of
    from jobs.publish.model_steps import ancestors
    from jobs.publish.whole_card import Circumstances, Publication

    names = [step.name for step in ancestors(store, found.export, found.tune, found.evaluate)]
    known = known_of(store, names, profile)
    initial = recipe.initial_checkpoint
    return Publication(
        circumstances={name: Circumstances(one.finished, one.image, one.price) for name, one in known.items()},
        tune=found.tune,
        evaluate=found.evaluate,
        authors=recipe.publication.authors,
        base_hub=initial.hub_name if initial else "",
        base_license=initial.license if initial else "",
        repository=repository,
    )


def _counted(manifest: BundleManifest) -> str:
    from controller.cli.words import size

    return f"{len(manifest.files):,} files, {size(sum(file.size for file in manifest.files))}"


def _say(output: str, found: Publishable, data: Mapping[str, Any], text: str) -> None:
    if output == "json":
        named = {"export": found.export, "embedder": found.tune, "evaluation": found.evaluate}
        steps = {role: step.name if step else None for role, step in named.items()}
        echo(json.dumps({**steps, **data}, indent=1))
    else:
        echo(text)


def verify_directory(directory: Path, output: str) -> bool:
    """Re-hash a published directory and print what was proved; whether all is as listed."""
    from jobs.publish.bundle_manifest import check_bundle

    found = check_bundle(directory)
    if output == "json":
        data = {"directory": str(directory), "title": found.title, "proved": found.proved, "problems": found.problems}
        echo(json.dumps(data, indent=1, ensure_ascii=False))
    else:
        echo(f"{directory}: {found.title}")
        for line in found.proved:
            echo(f"  proved: {line}")
        for line in found.problems:
            echo(f"  wrong: {line}")
        if found.problems:
            echo("  next: get the directory again, or publish it again")
    return not found.problems
