"""Uploads a directory to the Hugging Face Hub, or to whatever ``HF_ENDPOINT`` names: one commit, or none.

Large files go first and are kept by their content. So a call that was interrupted goes on where it was, and a directory
that is there already makes no commit.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError
from huggingface_hub.utils import logging as hub_logging
from huggingface_hub.utils.tqdm import disable_progress_bars

from jobs.errors import ConfigurationError, CovidCtlError, PreflightError
from jobs.publish.bundle_manifest import BundleManifest

DELAYS = (1.0, 4.0, 15.0, 60.0)
"""Seconds between attempts at an upload that the network or the Hub ended."""


class HubError(CovidCtlError):
    """The Hub refused, or did not answer however often it was asked."""


@dataclass(frozen=True)
class Uploaded:
    url: str
    commit: str
    changed: bool
    """Whether there was anything to commit."""
    private: bool


def upload(
    directory: Path,
    repository: str,
    *,
    public: bool,
    message: str,
    note: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
    endpoint: str | None = None,
) -> Uploaded:
    """Make ``repository`` (``ORG/NAME``), private unless ``public``, hold exactly the files of ``directory``.

    A repository that exists keeps who may see it, unless ``public``. Files of others in it stay; those of an earlier
    bundle that this one lacks go. ``endpoint`` is ``HF_ENDPOINT`` by default.

    Raises ``PreflightError`` without a token, ``HubError``, ``ConfigurationError``.
    """
    if not get_token():
        raise PreflightError(
            "Hugging Face", "no token is known", "hf auth login, or set HF_TOKEN to a token that may write"
        )
    hub_logging.set_verbosity(logging.ERROR)
    disable_progress_bars()
    for delay in (*DELAYS, None):
        try:
            return _upload(HfApi(endpoint), directory, repository, public, message)
        except HFValidationError as error:
            raise ConfigurationError(f"--repo {repository}", str(error), "name it as ORG/NAME") from error
        except (HfHubHTTPError, httpx.HTTPError, RuntimeError, OSError) as error:
            found = _explained(repository, error)
            if delay is None or not _may_pass(error):
                raise found from error
            note(f"{found.reason}; again in {delay:.0f} s")
            sleep(delay)
    raise AssertionError("the last attempt returns or raises")


def _upload(api: HfApi, directory: Path, repository: str, public: bool, message: str) -> Uploaded:
    api.create_repo(repository, private=not public, exist_ok=True)
    before = api.repo_info(repository)
    if public and before.private:
        api.update_repo_settings(repository, private=False)
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    names = [path.relative_to(directory).as_posix() for path in paths]
    stale = _stale(api, repository, before, set(names))
    adding = [CommitOperationAdd(name, str(path)) for name, path in zip(names, paths, strict=True)]
    commit = api.create_commit(
        repository, [*adding, *map(CommitOperationDelete, stale)], commit_message=message, revision="main"
    )
    return Uploaded(
        f"{api.endpoint}/{repository}", commit.oid, commit.oid != before.sha, bool(before.private) and not public
    )


def _stale(api: HfApi, repository: str, info: Any, names: set[str]) -> list[str]:
    """The files that an earlier bundle listed, and this one does not have."""
    there = {sibling.rfilename for sibling in info.siblings or ()}
    if BundleManifest.SUMS not in there:
        return []
    with tempfile.TemporaryDirectory(prefix="covid-ctl-") as cache:
        path = api.hf_hub_download(repository, BundleManifest.SUMS, revision=info.sha, cache_dir=cache)
        earlier = Path(path).read_text("utf-8")
    listed = {line.partition("  ")[2] for line in earlier.splitlines()}
    return sorted((listed & there) - names)


def _explained(repository: str, error: Exception) -> CovidCtlError:
    """Never with headers or a whole request: those hold the token."""
    cause = error.__cause__ if isinstance(error, RuntimeError) and error.__cause__ else error
    status = _status(cause)
    if status in (401, 403) or isinstance(cause, RepositoryNotFoundError):
        return HubError(
            repository,
            f"the token may not write there (HTTP {status})",
            "hf auth login with a token that may write to it, or set HF_TOKEN",
        )
    if status:
        said = getattr(cause, "server_message", None) or ""
        return HubError(repository, f"the Hub answered HTTP {status}{f': {said}' if said else ''}", "publish again")
    return HubError(repository, f"the Hub did not answer ({type(cause).__name__})", "publish again: it goes on")


def _status(error: BaseException) -> int:
    return int(getattr(getattr(error, "response", None), "status_code", 0) or 0)


def _may_pass(error: Exception) -> bool:
    """Whether another attempt may find the Hub otherwise; a refusal it would repeat."""
    cause = error.__cause__ if isinstance(error, RuntimeError) and error.__cause__ else error
    status = _status(cause)
    return not status or status == 429 or status >= 500
