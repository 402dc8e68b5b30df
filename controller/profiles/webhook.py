"""Which addresses a webhook may have. Pure.

The address comes from a person's command, by way of the ledger, and never from a Job. A tracker has an identity and a
place in the network of its own: it calls only hosts that its profile lists.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import Field

LONGEST = 2000
_PORTS = {"https": 443, "http": 80}

WebhookHost = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?(:\d{1,5})?$")]
"""A host of ``notify_hosts``, as ``hooks.example.org`` for its usual port or ``hooks.example.org:8443``."""


def why_not_called(url: str, hosts: Collection[str] | None = None) -> str:
    """Why a webhook is refused; empty: it is not. ``hosts`` are the only ones allowed; None: any."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"no address ({error})"
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        return f"no address: it has blanks, letters that are not ASCII, or more than {LONGEST:,} characters"
    if not parts.hostname or parts.scheme not in _PORTS:
        return "no address of the form https://HOST/PATH"
    if parts.username is not None or parts.password is not None:
        return "it holds a user name or password, which would be kept in the bucket"
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        return "it is not encrypted: https, or http to this machine itself"
    wanted = f"{parts.hostname}:{port or _PORTS[parts.scheme]}"
    if hosts is not None and wanted not in {_with_port(host, parts) for host in hosts}:
        return f"{parts.netloc} is not among notify_hosts of the profile"
    return ""


def host_of(url: str) -> str:
    """What may be shown of a webhook: its path may be a secret. Empty for what is no address."""
    try:
        parts = urlsplit(url)
        return parts.netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _with_port(host: str, parts: SplitResult) -> str:
    return host if ":" in host else f"{host}:{_PORTS[parts.scheme]}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
