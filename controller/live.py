"""Steps as they change: a table on a terminal, lines elsewhere."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from controller.overview import Overview, look
from controller.profile import Profile
from controller.state import StepState
from controller.status_view import News, status_line, status_table
from jobs.store import Store


def follow(profile: Profile, store: Store, name: str | None, *, every: float, output: str) -> StepState:
    """Show all steps for ever, or one until it has ended, which is returned then."""
    console = Console(highlight=False)
    if console.is_terminal and output == "text":
        with Live(console=console, auto_refresh=False) as live:
            return _loop(profile, store, name, every, lambda found, now: live.update(_screen(found, now), refresh=True))
    news = News()
    unreachable = ""

    def tell(found: Overview, now: float) -> None:
        nonlocal unreachable
        if found.unreachable != unreachable:
            unreachable = found.unreachable
            click.echo(f"cluster not reachable: {unreachable}" if unreachable else "cluster reachable again", err=True)
        for step in news.of(found.steps, now):
            click.echo(json.dumps(asdict(step), ensure_ascii=False) if output == "json" else status_line(step, now))
        sys.stdout.flush()

    return _loop(profile, store, name, every, tell)


def _loop(
    profile: Profile, store: Store, name: str | None, every: float, tell: Callable[[Overview, float], None]
) -> StepState:
    while True:
        now = time.time()
        found = look(profile, store, name, now=now)
        tell(found, now)
        if name is not None and not found.steps[0].state.goes_on:
            return found.steps[0]
        # Looking never takes more than half of the time.
        time.sleep(max(every, time.time() - now))


def _screen(found: Overview, now: float) -> Group:
    at = datetime.fromtimestamp(now).astimezone().strftime("%H:%M:%S")
    parts: list[RenderableType] = [status_table(found.steps, {})] if found.steps else [Text("no steps yet")]
    if found.unreachable:
        parts.append(Text(f"cluster not reachable: {found.unreachable}; what the bucket knows", style="yellow"))
    return Group(*parts, Text(f"{at}  Ctrl-C leaves; nothing is stopped by it", style="dim"))
