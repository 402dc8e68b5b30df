"""Whether images are named by digest, and whether their registries have them."""

import socket
from collections.abc import Iterator

import pytest

from controller.doctor.check import CheckState
from controller.doctor.images import images
from controller.doctor.registry import ClosedError, Image, is_there
from controller.profiles.profile import Images, Profile
from tests.controller.registry import Registry, registry_of_tests

DIGEST = "sha256:" + "0" * 64
OTHER = "sha256:" + "1" * 64


@pytest.fixture
def registry() -> Iterator[Registry]:
    with registry_of_tests() as running:
        yield running


def profile(worker: str, trainer: str | None = None, **fields: bool) -> Profile:
    named = Images(worker=worker, trainer=trainer or worker, exporter=trainer or worker, **fields)
    return Profile(name="gke", bucket="gs://b", images=named)


@pytest.mark.parametrize("wants_token", [False, True], ids=["open", "with tokens for anybody"])
def test_each_image_is_asked_for_once(registry: Registry, wants_token: bool) -> None:
    registry.wants_token = wants_token
    worker, trainer = registry.push("covid/worker", DIGEST), registry.push("covid/trainer", OTHER)
    assert images(profile(worker, trainer)).state is CheckState.OK
    assert len(registry.asked) == 2 * (1 + wants_token)


@pytest.mark.parametrize("wants_token", [False, True])
def test_a_digest_that_the_registry_has_not_fails(registry: Registry, wants_token: bool) -> None:
    registry.wants_token = wants_token
    worker = registry.push("covid/worker", DIGEST)
    check = images(profile(worker, f"{registry.host}/covid/worker@{OTHER}"))
    assert check.state is CheckState.FAILED
    assert check.reason.startswith(f"trainer, exporter {registry.host}/covid/worker@{OTHER}: ")
    assert "docker push" in check.remedy


def test_what_a_registry_does_not_show_is_not_known(registry: Registry) -> None:
    registry.wants_token, registry.gives_tokens = True, False
    check = images(profile(f"{registry.host}/covid/worker@{DIGEST}"))
    assert (check.state, check.remedy.startswith("docker manifest inspect ")) == (CheckState.SKIPPED, True)
    assert "it wants a sign-in that this machine has not" in check.reason


def test_a_registry_that_does_not_answer_is_not_known() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        check = images(profile(f"127.0.0.1:{unused.getsockname()[1]}/worker@{DIGEST}"))
    assert check.state is CheckState.SKIPPED
    assert "refused" in check.reason


def test_what_answers_without_being_a_registry_is_not_known(no_http: str) -> None:
    check = images(profile(f"{no_http}/worker@{DIGEST}"))
    assert (check.state, no_http in check.reason) == (CheckState.SKIPPED, True)


@pytest.mark.parametrize("name", ["registry.invalid:abc/worker", "127.0.0.1:1/my worker"])
def test_a_name_that_no_registry_can_be_asked_for_is_not_known(name: str) -> None:
    with pytest.raises(ClosedError):
        is_there(f"{name}@{DIGEST}")


@pytest.mark.parametrize("host", ["{}#.gcr.io", "{}?.pkg.dev", "{}\\.gcr.io", "me:{}#.pkg.dev"])
def test_a_host_that_only_ends_like_googles_gets_no_token_and_is_not_asked(
    registry: Registry, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []
    monkeypatch.setattr("controller.doctor.registry.token", lambda scope: given.append(scope) or "secret")
    with pytest.raises(ClosedError, match="is no registry's name"):
        is_there(f"{host.format(registry.host)}/covid/worker@{DIGEST}")
    assert (given, registry.asked) == ([], [])


def test_a_sign_in_that_gives_no_token_is_not_known(registry: Registry) -> None:
    registry.wants_token, registry.token_answer = True, b"[]"
    check = images(profile(registry.push("covid/worker", DIGEST)))
    assert (check.state, "its sign-in gives no token" in check.reason) == (CheckState.SKIPPED, True)


def test_of_a_tag_that_the_profile_allows_no_registry_is_asked(registry: Registry) -> None:
    check = images(profile(f"{registry.host}/worker:1", tags_allowed=True))
    assert (check.state, "by tag, as the profile allows" in check.reason) == (CheckState.OK, True)
    assert registry.asked == []


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("ubuntu", "https://registry-1.docker.io/v2/library/ubuntu/manifests/latest"),
        (f"docker.io/python@{DIGEST}", f"https://registry-1.docker.io/v2/library/python/manifests/{DIGEST}"),
        ("docker.io/me/worker:1", "https://registry-1.docker.io/v2/me/worker/manifests/1"),
        ("me/worker:1", "https://registry-1.docker.io/v2/me/worker/manifests/1"),
        (f"ghcr.io/me/a/b:1@{DIGEST}", f"https://ghcr.io/v2/me/a/b/manifests/{DIGEST}"),
        (f"us-docker.pkg.dev/p/r/w@{DIGEST}", f"https://us-docker.pkg.dev/v2/p/r/w/manifests/{DIGEST}"),
        ("localhost:5000/w:2", "http://localhost:5000/v2/w/manifests/2"),
        ("127.0.0.1.example.org/w", "https://127.0.0.1.example.org/v2/w/manifests/latest"),
    ],
)
def test_names_are_read_as_container_runtimes_read_them(name: str, url: str) -> None:
    assert Image.of(name).url == url
