"""Steps as they change: a table on a terminal, lines elsewhere."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from controller.bucket.cached_store import CachedStore
from controller.cli.console import console_of, safe_text
from controller.cli.filtering import traits_of
from controller.cli.fitting import fitted
from controller.cli.lines import News, status_line
from controller.cli.tables import ORANGE, status_table, step_json
from controller.cli.terminal import echo
from controller.ledger.events import Ledger
from controller.profiles.profile import Profile
from controller.status.derive import State
from controller.status.overview import Overview, look
from controller.status.spending import Spending, spending
from controller.status.step_filter import StepFilter
from controller.status.step_status import StepState
from jobs.errors import StoreUnreachableError
from jobs.store import Store

COST_SECONDS = 30.0
MARGIN = 3
"""Lines of the screen that are not the table's."""
ENDED_SECONDS = 60.0
"""How often steps that have ended are looked at though the ledger has nothing new about them."""


def follow(
    profile: Profile,
    store: CachedStore,
    name: str | None,
    wanted: StepFilter,
    *,
    every: float,
    output: str,
    recent: int | None,
) -> StepState:
    """Show the ``wanted`` steps that ``look`` finds for ever, or one step until it has ended; returns its last state.

    Raises ``ConfigurationError`` where the first look finds no step with the recipe or the label that is wanted.
    """
    console = console_of(sys.stdout)
    costs = Costs(profile, store)
    empty = "no step matches" if wanted else "no steps yet"
    if console.is_terminal and output != "json":
        with Live(console=console, auto_refresh=False) as live:

            def draw(found: Overview, now: float) -> None:
                known = costs.of(found.steps, now)
                live.update(_screen(found, known, now, console, wide=output == "wide", empty=empty), refresh=True)

            return _loop(profile, store, name, wanted, every, recent, draw)
    news = News()
    unreachable = ""
    if not Ledger(store).steps():
        echo("no steps yet", err=True)

    def tell(found: Overview, now: float) -> None:
        nonlocal unreachable
        if found.unreachable != unreachable:
            unreachable = found.unreachable
            echo(f"cluster not reachable: {unreachable}" if unreachable else "cluster reachable again", err=True)
        fresh = news.of(found.steps, now)
        known = costs.of(fresh, now)
        for step in fresh:
            spent = known.get(step.name)
            text = json.dumps(step_json(step, spent), ensure_ascii=False) if output == "json" else None
            echo(text or status_line(step, now, spent))

    return _loop(profile, store, name, wanted, every, recent, tell)


def _loop(
    profile: Profile,
    store: CachedStore,
    name: str | None,
    wanted: StepFilter,
    every: float,
    recent: int | None,
    tell: Callable[[Overview, float], None],
) -> StepState:
    seen = False
    ended: dict[str, StepState] = {}
    forget_at = 0.0
    while True:
        now = time.time()
        if now >= forget_at:
            ended, forget_at = {}, now + ENDED_SECONDS
        try:
            found = look(profile, store, name, now=now, recent=recent, ended=ended)
        except StoreUnreachableError:
            if not seen:
                raise
            time.sleep(every)  # the store has said on stderr that it tried; the steps go on without us
            continue
        if not seen:
            wanted.check(map(traits_of, found.steps))
        seen = True
        ended |= {step.name: step for step in found.steps}
        tell(replace(found, steps=[step for step in found.steps if wanted.picks(traits_of(step))]), now)
        if name is not None and not found.steps[0].state.goes_on:
            return found.steps[0]
        # Looking never takes more than half of the time.
        time.sleep(max(every, time.time() - now))


class Costs:
    """Costs, read again when a step's state changes and at intervals: many shards take many requests."""

    def __init__(self, profile: Profile, store: Store) -> None:
        self._profile = profile
        self._store = store
        self._spent: dict[str, Spending] = {}
        self._due: dict[tuple[str, State], float] = {}

    def of(self, steps: Sequence[StepState], now: float) -> dict[str, Spending]:
        due = [step for step in steps if now >= self._due.get((step.name, step.state), now)]
        self._spent |= spending(self._store, [step.name for step in due], self._profile)
        self._due |= {(step.name, step.state): now + COST_SECONDS for step in due}
        return self._spent


def _screen(
    found: Overview, spent: Mapping[str, Spending], now: float, console: Console, *, wide: bool, empty: str
) -> Group:
    at = datetime.fromtimestamp(now).astimezone().strftime("%H:%M:%S")
    parts: list[RenderableType] = (
        [fitting_table(found.steps, spent, now, console, wide=wide)] if found.steps else [Text(empty)]
    )
    if found.unreachable:
        parts.append(safe_text(f"cluster not reachable: {found.unreachable}; what the bucket knows", style=ORANGE))
    return Group(*parts, Text(f"{at}  Ctrl-C leaves; nothing is stopped by it", style="dim"))


def fitting_table(
    steps: Sequence[StepState], spent: Mapping[str, Spending], now: float, console: Console, *, wide: bool = False
) -> Table:
    """The table of as many steps as the screen is high. Finished ones go first, what runs stays longest."""
    room = max(1, console.height - MARGIN)
    left = list(steps)
    while True:
        table = fitted(status_table(left, spent, now=now, wide=wide, width=console.width), console)
        if len(left) == 1 or len(console.render_lines(table)) <= room:
            return table
        left.remove(min(left, key=lambda step: (step.state is State.RUNNING, step.state.goes_on)))
