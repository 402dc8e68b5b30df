"""Does a registry have an image? By the head of its manifest, as a node would ask (the OCI distribution specification).

As anybody, or at Google's registries as who is signed in on this machine. A node has an identity of its own:
whether a manifest is there may be learned from here, never whether a node may have it.
"""

from __future__ import annotations

import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException

from controller.doctor.google import token
from jobs.json_text import from_json
from jobs.library_errors import in_our_words

_SECONDS = 5.0
"""Time-out for an answer, which ``submit`` waits for."""
_SCOPE = "https://www.googleapis.com/auth/cloud-platform.read-only"
MANIFESTS = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in (
        "oci.image.index.v1",
        "oci.image.manifest.v1",
        "docker.distribution.manifest.list.v2",
        "docker.distribution.manifest.v2",
    )
)
_HOST = re.compile(r"[A-Za-z0-9]([-.A-Za-z0-9]*[A-Za-z0-9])?(:[0-9]+)?")
"""And nothing that would make a URL mean another host than the one whose name decides about a token."""
_GOOGLE = re.compile(r"(?:.+\.)?(?:pkg\.dev|gcr\.io)")
_LOOPBACK = re.compile(r"(?:localhost|127\.\d+\.\d+\.\d+)(?::\d+)?")
_PARAMETER = re.compile(r'\b(\w+)="([^"]*)"')


class ClosedError(Exception):
    """The registry was not reached, or shows this machine nothing: whether the image is there is not known."""


@dataclass(frozen=True)
class Image:
    registry: str
    repository: str
    reference: str
    """A digest, or a tag."""

    @classmethod
    def of(cls, name: str) -> Image:
        """``ubuntu@sha256:...`` is Docker Hub's ``library/ubuntu``, as for every container runtime.

        Raises ``ClosedError`` for what is no host's name where one should be.
        """
        rest, _, digest = name.partition("@")
        host, slash, path = rest.partition("/")
        if not slash or not ("." in host or ":" in host or host == "localhost"):
            host, path = "docker.io", rest
        if not _HOST.fullmatch(host):
            raise ClosedError(f"{host} is no registry's name")
        if host in ("docker.io", "index.docker.io"):  # names that answer no registry's questions
            host, path = "registry-1.docker.io", path if "/" in path else f"library/{path}"
        path, _, tag = path.partition(":")
        return cls(host, path, digest or tag or "latest")

    @property
    def url(self) -> str:
        # Loopback is the one place where runtimes do without encryption, too.
        scheme = "http" if _LOOPBACK.fullmatch(self.registry) else "https"
        return f"{scheme}://{self.registry}/v2/{self.repository}/manifests/{self.reference}"


def is_there(name: str) -> bool:
    """Raises ``ClosedError`` where that cannot be known from here."""
    image = Image.of(name)
    bearer = _google_token() if _GOOGLE.fullmatch(image.registry) else ""
    try:
        status, headers = _ask(image.url, bearer)
        if status == 401 and not bearer:
            status, headers = _ask(image.url, _anonymous(headers))
    except (OSError, ValueError, HTTPException) as error:
        cause = getattr(error, "reason", error)
        reason = in_our_words(cause if isinstance(cause, Exception) else error)
        raise ClosedError(f"{image.registry}: {reason}") from error
    if status not in (200, 404):
        raise ClosedError(f"{image.registry} does not show it to this machine (HTTP {status})")
    return status == 200


def _google_token() -> str:
    """Empty where this machine is not signed in: an image may be there for everybody."""
    try:
        return token(_SCOPE)
    except OSError:
        return ""


def _ask(url: str, bearer: str) -> tuple[int, Message]:
    request = urllib.request.Request(url, method="HEAD", headers={"Accept": MANIFESTS})
    if bearer:
        request.add_unredirected_header("Authorization", f"Bearer {bearer}")
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.headers


def _anonymous(headers: Message) -> str:
    """The token that the registry's own sign-in gives to anybody: ``Bearer realm="https://...",service=...``.

    Raises ``OSError``, ``ValueError`` or ``HTTPException``.
    """
    challenge = dict(_PARAMETER.findall(headers.get("WWW-Authenticate", "")))
    realm = challenge.pop("realm", "")
    if not realm.startswith(("https://", "http://")):
        raise ValueError("it wants a sign-in that this machine has not")
    with urllib.request.urlopen(f"{realm}?{urllib.parse.urlencode(challenge)}", timeout=_SECONDS) as answer:
        given = from_json(answer.read())
    if not isinstance(given, dict):
        raise ValueError("its sign-in gives no token")
    return str(given.get("token") or given.get("access_token") or "")
