"""``init``: asks for what nobody can guess about a cluster, and writes a profile."""

from __future__ import annotations

import sys
from typing import Any

import click

from controller.cli.options import Command
from controller.cli.terminal import echo

_NOTHING = ("''", '""')
"""How one says nothing where Enter alone takes the default."""


class _Answer(click.ParamType):  # type: ignore[type-arg]  # no generic one before click 8.4
    """An answer that is checked when it is given: on a terminal, a wrong one is asked for again."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from controller.profiles.answers import why_wrong

        assert param
        assert param.name
        text = str(value).strip()
        text = "" if text in _NOTHING else text
        refusal = why_wrong(param.name, text) or (_why_not_here(param.name, text, ctx) if text and ctx else "")
        if refusal:
            self.fail(f"{text!r}: {refusal}" if text else refusal, param, ctx)
        return text


def _why_not_here(field: str, text: str, context: click.Context) -> str:
    """Why an answer does not fit what this machine has."""
    if field == "name":
        from pathlib import Path

        from controller.profiles.new_profile import profiles_in

        path = Path(context.params["config"])
        return f"{path} has a profile of this name" if text in profiles_in(path) else ""
    if field == "context":
        from controller.kube.connection import known_contexts
        from jobs.nearest import nearest

        known = known_contexts()
        return f"the kubeconfig has no such context{nearest(text, known)}" if known and text not in known else ""
    return ""


class _Asked(click.Option):
    """Asked for on a terminal. Without one, its default holds, and where it has none it has to be given."""

    def prompt_for_value(self, ctx: click.Context) -> Any:
        if sys.stdin.isatty():
            return super().prompt_for_value(ctx)
        default = self.get_default(ctx)
        if not isinstance(default, str):
            reason = "Give it: there is no terminal to ask on."
            raise click.MissingParameter(reason, ctx=ctx, param=self)
        return self.process_value(ctx, default)


def _asked(name: str, prompt: str, help: str, **settings: Any) -> Command:
    return click.option(
        name,
        cls=_Asked,
        type=_Answer(),
        prompt=prompt,
        help=help,
        show_default=bool(settings.get("default")),
        **settings,
    )


def _explain(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        from controller.cli.profile_text import explained_toml
        from controller.cli.tables import width_of_output

        echo(explained_toml(width_of_output()), nl=False)
        context.exit()


@click.command("init", short_help="Add a cluster to covid-ctl.toml.")
@click.option(
    "--explain",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_explain,
    help="Print every setting that a profile can have, with its meaning and default, and add nothing.",
)
@click.option(
    "--config",
    default="covid-ctl.toml",
    show_default=True,
    envvar="COVID_CTL_CONFIG",
    is_eager=True,
    help="File to add it to.",
)
@_asked("--name", "name of the profile", "Name of the profile, for --profile.", default="gke")
@_asked("--context", "kubeconfig context, empty for the current one", "Context in the kubeconfig.", default="")
@_asked("--namespace", "namespace of the Jobs", "Namespace of the Jobs.", default="covid-ctl")
@_asked("--project", "Google Cloud project, empty for none", "Google Cloud project, for doctor.", default="")
@_asked(
    "--tpu",
    "TPU slice (v3-8, v5litepod-8, v5p-8, v6e-8), '' for none",
    "TPU slice that training runs on: v3-8, v5litepod-8, v5p-8 or v6e-8; '' for none.",
    default="v3-8",
)
@_asked("--zone", "zone of the TPU, empty for none", "Zone of the TPU, for doctor and prices.", default="")
@_asked("--bucket", "bucket, as gs://BUCKET/PREFIX", "Where artifacts are kept: gs://BUCKET/PREFIX.")
@_asked("--worker-image", "worker image, by digest", "Image of the data steps, by digest.")
@_asked("--trainer-image", "trainer image, by digest", "Image of pretraining, by digest.")
@_asked("--exporter-image", "exporter image, by digest", "Image that reads and exports models.")
@_asked("--controller-image", "controller image, by digest, empty for none", "Image of the tracker.", default="")
@click.option("--queue", default="", help="Kueue LocalQueue that released Jobs are put into.")
def init(config: str, **answers: str) -> None:
    """Add a cluster to covid-ctl.toml. Asks for whatever no option gives, and checks each answer.

    Without a terminal it asks nothing: --bucket and three images must be given as options.
    """
    from pathlib import Path

    from controller.profiles.new_profile import Answers, write_profile

    write_profile(Path(config), Answers(**answers))
    echo(f"profile {answers['name']} is in {config}\n  next: covid-ctl doctor --profile {answers['name']}")
