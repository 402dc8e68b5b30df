"""glibc's tunables: what training on CPUs asks of malloc, and how that joins what a user asks for."""

from __future__ import annotations

from collections.abc import Mapping

TUNABLES = "GLIBC_TUNABLES"
"""Environment variable: ``name=value`` pairs between colons."""
HUGE_PAGES = {TUNABLES: "glibc.malloc.hugetlb=1"}
"""Has malloc ask for huge pages: an update on CPUs reads and writes gigabytes. glibc before 2.35 ignores it."""


def with_tunables(weaker: Mapping[str, str], stronger: Mapping[str, str]) -> dict[str, str]:
    """Both environments. Of a variable in both, ``stronger``'s value counts; of tunables, that of each name."""
    joined = {**weaker, **stronger}
    if TUNABLES in joined:
        pairs = [pair for one in (weaker, stronger) for pair in one.get(TUNABLES, "").split(":") if pair]
        joined[TUNABLES] = ":".join({pair.partition("=")[0]: pair for pair in pairs}.values())
    return joined
