"""The rules of an Indexed Job: which index runs, is retried or fails, and when the Job ends. Pure.

Follows Kubernetes' ``batch/v1`` (pod failure policy, backoff limit per index): the first matching rule decides, and
after a failure, counted or ignored, the index waits 10 s, doubling to 10 min, before it runs again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

BACKOFF_SECONDS = 10.0
MAX_BACKOFF_SECONDS = 600.0

COMPLETE = "Complete"
FAILED = "Failed"


@dataclass(frozen=True)
class Condition:
    """How a Job ended, in the API's words."""

    type: str
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class JobPolicy:
    """The part of a Job's spec that decides about indexes."""

    completions: int
    parallelism: int
    retries_per_index: int
    rules: tuple[Mapping[str, Any], ...]
    deadline_seconds: float | None = None
    """Counted from the start or the release, retries included."""

    @classmethod
    def of(cls, job: Mapping[str, Any]) -> JobPolicy:
        spec = job["spec"]
        return cls(
            completions=spec["completions"],
            parallelism=spec["parallelism"],
            retries_per_index=spec["backoffLimitPerIndex"],
            rules=tuple(spec.get("podFailurePolicy", {}).get("rules", ())),
            deadline_seconds=spec.get("activeDeadlineSeconds"),
        )

    def action(self, exit_code: int) -> str:
        """The action for a container's exit code: ``Ignore``, ``Count``, ``FailIndex`` or ``FailJob``."""
        for rule in self.rules:
            on_exit = rule.get("onExitCodes")
            if on_exit and (exit_code in on_exit["values"]) == (on_exit["operator"] == "In"):
                return str(rule["action"])
        return "Count"


@dataclass
class IndexedJob:
    """One Job's indexes as they come and go. Time is an argument, in seconds of any steady clock."""

    policy: JobPolicy
    backoff_seconds: float = BACKOFF_SECONDS
    suspended: bool = False
    active: set[int] = field(default_factory=set)
    succeeded: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    failures: dict[int, int] = field(default_factory=dict)
    """Counted failures per index."""
    ignored: dict[int, int] = field(default_factory=dict)
    """Failures per index that a rule ignores: they end nothing, and lengthen the back-off."""
    retries: int = 0
    """How often an index was started again after a counted failure."""
    not_before: dict[int, float] = field(default_factory=dict)
    """When an index that waits in back-off may run again."""
    started_at: float | None = None
    _to_retry: set[int] = field(default_factory=set)
    condition: Condition | None = None

    def tick(self, now: float) -> None:
        """Account for time alone; may set ``condition``."""
        if self.suspended or self.condition:
            return
        if self.started_at is None:
            self.started_at = now
        limit = self.policy.deadline_seconds
        if limit is not None and now - self.started_at >= limit:
            self.condition = Condition(FAILED, "DeadlineExceeded", f"it ran for {limit:.0f} s, which is all it may")

    def startable(self, now: float) -> list[int]:
        """The indexes to start, lowest first, as many as parallelism leaves room for."""
        if self.condition or self.suspended:
            return []
        waiting = (
            index
            for index in range(self.policy.completions)
            if index not in self.active | self.succeeded | self.failed and self.not_before.get(index, now) <= now
        )
        room = self.policy.parallelism - len(self.active)
        return [index for _, index in zip(range(room), waiting, strict=False)]

    def started(self, index: int) -> None:
        self.active.add(index)
        self.retries += index in self._to_retry
        self._to_retry.discard(index)

    def exited(self, index: int, exit_code: int, now: float) -> None:
        """Account for a container's end; may set ``condition``."""
        self.active.discard(index)
        if exit_code == 0:
            self.succeeded.add(index)
        else:
            self._exited_badly(index, exit_code, now)
        self._finalize()

    def _exited_badly(self, index: int, exit_code: int, now: float) -> None:
        action = self.policy.action(exit_code)
        if action == "FailJob":
            message = f"index {index} exited with {exit_code}"
            self.condition = self.condition or Condition(FAILED, "PodFailurePolicy", message)
        counts = self.ignored if action == "Ignore" else self.failures
        counts[index] = counts.get(index, 0) + 1
        if action == "FailIndex" or self.failures.get(index, 0) > self.policy.retries_per_index:
            self.failed.add(index)
            return
        if action != "Ignore":
            self._to_retry.add(index)
        earlier = self.failures.get(index, 0) + self.ignored.get(index, 0) - 1
        self.not_before[index] = now + min(self.backoff_seconds * 2.0 ** min(earlier, 16), MAX_BACKOFF_SECONDS)

    def _finalize(self) -> None:
        if self.condition:
            return
        if len(self.succeeded) + len(self.failed) == self.policy.completions:
            if self.failed:
                self.condition = Condition(FAILED, "FailedIndexes", f"indexes {format_indexes(self.failed)}")
            else:
                self.condition = Condition(COMPLETE, "CompletionsReached")


def format_indexes(indexes: Iterable[int]) -> str:
    """``1,3-5,7``: as the API writes ``completedIndexes``, where three or more in a row are a range."""
    runs: list[list[int]] = []
    for index in sorted(indexes):
        if runs and index == runs[-1][-1] + 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(map(str, run)) for run in runs)


def parse_indexes(text: str) -> set[int]:
    """The inverse of ``format_indexes``; also of ``0-1``, which older servers write."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found
