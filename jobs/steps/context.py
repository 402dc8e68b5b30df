"""What a step is given when it runs, whichever kind it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jobs.artifact import Artifact
from jobs.errors import Interrupted
from jobs.progress import Heartbeat
from jobs.store import Store


@dataclass(frozen=True)
class StepContext:
    """One shard of one step."""

    artifact: Artifact
    shard: int
    scratch: Path
    """An empty directory of this process's own; gone afterwards."""
    stopping: Callable[[], bool]
    """Whether SIGTERM has arrived."""
    corpus: str = ""
    """Where the corpus lies (``ingest`` only); its identity is in the spec."""
    checkpoint: str = ""
    """Where the published checkpoint lies (``checkpoint`` only); its identity is in the spec."""
    against: str = ""
    """Where the published model lies that is compared with (``evaluate`` only); its identity is in the spec."""
    dollars_per_hour: float | None = None
    """Price of an hour of this container, where a limit is in dollars."""
    runtime: Mapping[str, str] = field(default_factory=dict)
    """What changes no output byte, by the recipe's field: see ``jobs.recipe.naming.RUNTIME``."""

    @property
    def store(self) -> Store:
        return self.artifact.store

    def heartbeat(self, unit: str) -> Heartbeat:
        return Heartbeat(self.store, self.artifact.name, self.shard, unit=unit)

    def check_stop(self) -> None:
        """Raises ``Interrupted`` once SIGTERM has arrived; a step that has something to save does so then."""
        if self.stopping():
            raise Interrupted(self.artifact.name, "SIGTERM arrived", "submit it again to continue")
