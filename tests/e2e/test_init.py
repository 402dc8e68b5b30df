"""``init`` asks on a terminal, and checks what it is told; without one, options say everything."""

import os
import pty
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.e2e.command import COVID_CTL, Done, answer, environment

IMAGE = f"worker@sha256:{'ab' * 32}"
OPTIONS = {
    "--name": "second",
    "--context": "",
    "--namespace": "papers",
    "--project": "my-project",
    "--tpu": "v6e-8",
    "--zone": "us-east5-b",
    "--bucket": "gs://papers/runs",
    "--worker-image": IMAGE,
    "--trainer-image": IMAGE,
    "--exporter-image": IMAGE,
    "--controller-image": IMAGE,
    "--queue": "papers",
}
ANSWERS = (
    "",  # name
    "",  # context
    "",  # namespace
    "123456789012",
    "my-project",
    "v3-32",
    "''",
    "us-central1",
    "us-central1-a",
    "s3://papers",
    "gs://papers",
    "worker:latest",
    *[IMAGE] * 3,
    "",  # controller image
)
COMPLAINTS = ("its ID is wanted", "v3-32", "is a region; a zone of it is us-central1-a", "s3:// are not", "no digest")


def words(options: dict[str, str]) -> list[str]:
    return [word for pair in options.items() for word in pair]


def on_a_terminal(*arguments: str, answers: tuple[str, ...], cwd: Path) -> Done:
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "w") as keyboard:
        running = subprocess.Popen(
            [str(COVID_CTL), *arguments],
            env=environment(None) | {"KUBECONFIG": str(cwd / "absent")},
            cwd=cwd,
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(theirs)
        keyboard.write("\n".join(answers) + "\n")
        keyboard.flush()
        out, err = running.communicate(timeout=300)
    return Done(running.returncode, out, err)


def profile(folder: Path, name: str) -> dict[str, object]:
    found: dict[str, object] = tomllib.loads((folder / "covid-ctl.toml").read_text())["profiles"][name]
    return found


def test_a_wrong_answer_is_asked_for_again(tmp_path: Path) -> None:
    done = on_a_terminal("init", answers=ANSWERS, cwd=tmp_path)
    assert done.code == 0, done
    said = done.out + done.err
    assert all(said.count(f"Error: {one!r}") == 1 for one in ("123456789012", "v3-32", "us-central1", "s3://papers"))
    assert all(complaint in said for complaint in COMPLAINTS)
    made = profile(tmp_path, "gke")
    assert (made["project"], made["zone"], made["bucket"]) == ("my-project", "us-central1-a", "gs://papers")
    assert "tpu" not in made["trainer"]  # type: ignore[operator]


def test_options_say_everything_without_a_terminal(tmp_path: Path) -> None:
    done = answer("init", *words(OPTIONS), cwd=tmp_path)
    assert done.code == 0, done.err
    made = profile(tmp_path, "second")
    assert (made["project"], made["zone"], made["queue"]) == ("my-project", "us-east5-b", "papers")
    again = answer("init", *words(OPTIONS), cwd=tmp_path)
    assert (again.code, "has a profile of this name" in again.err) == (2, True)


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"--bucket": None}, "--bucket: init needs it"),
        ({"--zone": "us-east5"}, "is a region; a zone of it is us-east5-a"),
        ({"--project": "My Project"}, "a project's ID"),
        ({"--context": "no-such"}, "the kubeconfig has no such context; did you mean such?"),
    ],
)
def test_a_wrong_option_writes_nothing(changed: dict[str, str | None], complaint: str, tmp_path: Path) -> None:
    config = tmp_path / "kubeconfig"
    config.write_text(
        "{contexts: [{name: such, context: {cluster: a, user: b}}], current-context: such,"
        " clusters: [{name: a, cluster: {server: 'https://a'}}], users: [{name: b, user: {}}]}"
    )
    given = {name: value for name, value in (OPTIONS | changed).items() if value is not None}
    done = answer("init", *words(given), cwd=tmp_path, variables={"KUBECONFIG": str(config)})
    assert (done.code, complaint in done.err) == (2, True), done.err
    assert not (tmp_path / "covid-ctl.toml").exists()
