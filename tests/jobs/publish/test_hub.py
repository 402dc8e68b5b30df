"""Uploads by the real client to a Hub of our own: one commit or none, whatever ends in between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from jobs.errors import PreflightError
from jobs.publish.bundle_manifest import BundleManifest
from jobs.publish.hub import DELAYS, HubError, Uploaded, upload
from tests.hub_server import CUT, LARGE, Hub

# The client's own use of its HTTP library.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

TOKEN = "hf_0123456789"
NAME = "org/tiny"
LARGE_FILE = b"w" * LARGE


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    running = Hub(TOKEN)
    yield running
    running.close()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "bundle"
    fill(made, {"config.json": b"{}", "model.safetensors": LARGE_FILE, "embedder/model.safetensors": LARGE_FILE + b"e"})
    return made


def fill(directory: Path, files: dict[str, bytes]) -> None:
    files = {**files, BundleManifest.SUMS: "".join(f"{'0' * 64}  {path}\n" for path in sorted(files)).encode()}
    for path, data in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(data)


def send(hub: Hub, directory: Path, *, public: bool = False, slept: list[float] | None = None) -> Uploaded:
    waits = [] if slept is None else slept
    return upload(directory, NAME, public=public, message="export-1: Tiny", sleep=waits.append, endpoint=hub.url)


def messages(hub: Hub) -> list[str]:
    return [commit.message for commit in hub.repositories[NAME].commits]


def test_it_is_private_and_one_commit_that_names_the_artifact(hub: Hub, directory: Path) -> None:
    done = send(hub, directory)
    assert (done.private, done.changed) == (True, True)
    assert hub.repositories[NAME].private
    assert messages(hub) == ["initial commit", "export-1: Tiny"]
    committed = hub.repositories[NAME].head.files
    assert committed["embedder/model.safetensors"] == LARGE_FILE + b"e"
    assert committed["config.json"] == b"{}"


def test_again_changes_nothing(hub: Hub, directory: Path) -> None:
    first = send(hub, directory)
    sent = len([request for request in hub.requests if "/storage/" in request])
    again = send(hub, directory)
    assert (again.changed, again.commit) == (False, first.commit)
    assert len(messages(hub)) == 2
    assert len([request for request in hub.requests if "/storage/" in request]) == sent


def test_public_opens_a_repository_and_nothing_closes_one(hub: Hub, directory: Path) -> None:
    send(hub, directory)
    assert not send(hub, directory, public=True).private
    assert not hub.repositories[NAME].private
    assert not send(hub, directory).private


def test_what_an_earlier_bundle_had_goes_and_what_others_added_stays(hub: Hub, directory: Path) -> None:
    send(hub, directory)
    repository = hub.repositories[NAME]
    hub.commit(repository, "by hand", {**repository.head.files, "notes.md": b"mine"})
    (directory / "embedder/model.safetensors").unlink()
    fill(directory, {"config.json": b"{ }", "model.safetensors": LARGE_FILE})
    assert send(hub, directory).changed
    assert set(repository.head.files) == {
        ".gitattributes",
        "notes.md",
        "config.json",
        "model.safetensors",
        BundleManifest.SUMS,
    }


@pytest.mark.parametrize(
    "request_of", ["repos/create", "GET /api/models", "preupload", "lfs/objects/batch", "/commit/"]
)
@pytest.mark.parametrize("status", [CUT, 503])
def test_an_upload_that_was_ended_goes_on(hub: Hub, directory: Path, request_of: str, status: int) -> None:
    hub.failures = [(request_of, status)]
    slept: list[float] = []
    assert send(hub, directory, slept=slept).changed
    assert hub.failures == []
    assert slept in ([], [DELAYS[0]])  # the client repeats some by itself
    assert len(messages(hub)) == 2
    stored = [request for request in hub.requests if "/storage/" in request]
    assert len(stored) == len(set(stored)) == 2


def test_a_hub_that_stays_away_is_named_with_what_to_do(hub: Hub, directory: Path) -> None:
    hub.failures = [("/commit/", 503)] * (len(DELAYS) + 1)
    slept: list[float] = []
    with pytest.raises(HubError, match="the Hub answered HTTP 503") as raised:
        send(hub, directory, slept=slept)
    assert slept == list(DELAYS)
    assert raised.value.remedy == "publish again"
    assert messages(hub) == ["initial commit"]


def test_a_token_that_may_not_write_is_refused_at_once_and_never_shown(
    hub: Hub, directory: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    slept: list[float] = []
    with pytest.raises(HubError, match="the token may not write there") as raised:
        send(hub, directory, slept=slept)
    assert slept == []
    assert "hf_wrong" not in f"{raised.value}{raised.value.__cause__}{caplog.text}"


def test_without_a_token_nothing_is_asked(hub: Hub, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(PreflightError, match="no token is known"):
        send(hub, directory)
    assert hub.requests == []
