"""How steps look to a person: tables, progress on a terminal, lines in a pipe. Nothing here decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from io import StringIO
from typing import IO, Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from controller.doctor.check import Check
from controller.dry_run import DryRun
from controller.estimate import Estimate
from controller.state import Progress
from controller.submission import Submitted
from controller.waiting import Snapshot
from jobs.artifact import Manifest
from jobs.corpus.balance import Spread
from jobs.ranges import Range, dollars_text, time_text
from jobs.recipe import Recipe
from jobs.spec import Kind

LINE_SECONDS = 5.0
"""Between two progress lines of one step where there is no terminal."""


def console_of(out: IO[str], *, width: int | None = None, soft_wrap: bool = False) -> Console:
    """Shows text as it is: what schedulers, workers and registries say may look like markup."""
    return Console(file=out, width=width, soft_wrap=soft_wrap, highlight=False, markup=False, emoji=False)


class Reporter:
    """Shows snapshots as they come: one live line on a terminal, plain lines elsewhere."""

    def __init__(self, out: IO[str]) -> None:
        self._console = console_of(out, soft_wrap=True)
        self._live: Live | None = None
        self._last: dict[str, tuple[int, str, float]] = {}

    def __enter__(self) -> Reporter:
        if self._console.is_terminal:
            # Refreshed by hand: a thread of its own would be copied into every container's process.
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def note(self, text: str) -> None:
        self._console.print(text)

    def report(self, snapshot: Snapshot) -> None:
        if snapshot.manifest:
            self._console.print(finished_line(snapshot, snapshot.manifest))
            if self._live:
                self._live.update(Text(""), refresh=True)
        elif self._live:
            self._live.update(Text(progress_line(snapshot, width=0), no_wrap=True, overflow="ellipsis"), refresh=True)
        elif self._is_news(snapshot):
            self._console.print(progress_line(snapshot))

    def _is_news(self, snapshot: Snapshot) -> bool:
        now = (snapshot.progress.shards_done, snapshot.reason, snapshot.seconds)
        last = self._last.get(snapshot.step.name)
        if last and last[:2] == now[:2] and now[2] - last[2] < LINE_SECONDS:
            return False
        self._last[snapshot.step.name] = now
        return True


def submitted_line(submitted: Submitted) -> str:
    """``pretrain-bio-1a2b3c4d  created, waits for preprocess-5e6f7a8b``."""
    waits = f", waits for {', '.join(submitted.missing)}" if submitted.missing else ""
    waits += ", ready and still suspended" if submitted.unreleased else ""
    why = f": {submitted.why_again}" if submitted.why_again else ""
    return f"{submitted.step.name:<26}  {submitted.outcome}{waits}{why}"


def finished_line(snapshot: Snapshot, manifest: Manifest) -> str:
    how = f"done in {duration(snapshot.seconds)}" if snapshot.fresh else "already complete"
    return "  ".join(part for part in (f"{snapshot.step.name:<26}", how, summary(manifest)) if part)


def progress_line(snapshot: Snapshot, width: int = 26) -> str:
    retries = f"{snapshot.retries} retried" if snapshot.retries else ""
    name = f"{snapshot.step.name:<{width}}"
    parts = (name, duration(snapshot.seconds), progress_text(snapshot.progress), retries, snapshot.reason)
    return "  ".join(part for part in parts if part)


def progress_text(progress: Progress, *, shards: bool = True) -> str:
    """``shards 3/8  412 documents/s  loss 6.31  ETA 0:42``, as far as it is known."""
    parts = []
    if shards and progress.shards > 1:
        parts.append(f"shards {progress.shards_done}/{progress.shards}")
    if progress.total:
        if progress.unit == "bytes":
            parts.append(f"unpacked {size(progress.done)}/{size(progress.total)}")
        else:
            parts.append(f"{progress.unit} {progress.done:,}/{progress.total:,}")
    if progress.rate:
        rate = f"{size(round(progress.rate))}" if progress.unit == "bytes" else f"{progress.rate:,.1f} {progress.unit}"
        parts.append(f"{rate}/s")
    if progress.loss is not None:
        parts.append(f"loss {progress.loss:.3f}")
    if progress.eta_seconds is not None:
        parts.append(f"ETA {duration(progress.eta_seconds)}")
    return "  ".join(parts) or "starting"


def summary(manifest: Manifest) -> str:
    """What a complete step made, in a few words."""
    counts, facts = manifest.counts, manifest.facts
    match manifest.spec.kind:
        case Kind.INGEST:
            documents = counts["documents"]
            dropped = sum(documents["dropped"].values())
            text = (
                f"{documents['kept']:,} documents kept, {dropped:,} dropped, "
                f"{documents['quarantined']:,} quarantined of {documents['read']:,}"
            )
            rows = counts.get("rows", {}).get("quarantined", 0)
            return f"{text}; {rows:,} rows quarantined" if rows else text
        case Kind.SIGNATURES:
            documents = counts["documents"]
            dropped = "".join(f", {count:,} dropped by {why}" for why, count in documents["dropped"].items())
            return f"{documents['kept']:,} of {documents['read']:,} documents pass{dropped}"
        case Kind.VOCABULARY:
            return f"{counts['entries']:,} entries"
        case Kind.PREPROCESS:
            examples = counts["examples"]
            return f"{examples['train']:,} training examples, {examples['validation']:,} held out"
        case Kind.CHECKPOINT:
            variables = counts["variables"]
            kinds = {"extended": "extended", "missing": "missing", "unused": "unused", "mismatched": "of another shape"}
            kinds |= {"aside": "set aside"}
            notes = "".join(f", {variables[kind]:,} {words}" for kind, words in kinds.items() if variables[kind])
            return f"{variables['matched']:,} variables of {facts['checkpoint']}{notes}"
        case Kind.PRETRAIN:
            # An early end takes an earlier step's weights: what was scored after it is not this model.
            scored = [e for e in facts["evaluations"] if e["step"] <= facts["steps"]]
            if not scored:
                return f"{facts['steps']:,} steps, nothing held out to score them"
            first, last = scored[0], scored[-1]
            return (
                f"{facts['steps']:,} steps, held-out MLM loss {first['mlm_loss']:.3f} -> {last['mlm_loss']:.3f}, "
                f"accuracy {last['mlm_accuracy']:.1%}"
            )
        case Kind.EXPORT:
            ids, logits = facts["gate"]["tokenizer"]["ids"], facts["gate"]["logits"]["mlm_max_difference"]
            return f"{ids:,} token ids agree with training, logits within {logits:.0e}"


def duration(seconds: float) -> str:
    """``0:07``, ``12:30``, ``3:05:00``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def size(count: int) -> str:
    """Bytes for people: ``812 B``, ``3.4 MB``."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def dry_run_table(planned: DryRun) -> Table:
    table = table_of("STEP", "SHARDS", "STATE")
    for step in planned.steps:
        table.add_row(step.name, f"{step.shards:,}", "already complete" if step.complete else "to run")
    return table


def spread_text(spread: Spread) -> str:
    """How even the shards will be; of uneven ones, why and what would be even."""
    text = (
        f"about {size(round(spread.mean))} of text a shard, from {size(spread.smallest)} to {size(spread.largest)} "
        f"({spread.unevenness:.2f} times the mean), judged by the files of {spread.documents:,} documents"
    )
    if spread.is_even:
        return text
    even = f"--shards {spread.surely_even} or fewer are even" if spread.surely_even > 1 else "--shards 1 is even"
    return (
        f"{text}\nuneven: the largest document has {size(spread.largest_document)}, and a document is never split; "
        f"{even}"
    )


def checks_table(checks: Sequence[Check]) -> Table:
    table = table_of("CHECK", "STATE", "REASON", "FIX")
    for check in checks:
        table.add_row(check.name, check.state, check.reason, check.fix)
    return table


def estimate_table(estimate: Estimate) -> Table:
    table = table_of("STEP", "PODS", "ON", "TIME", "COST", "BY", "AT")
    for step in estimate.steps:
        table.add_row(
            step.kind, f"{step.pods}", step.on, _time(step.hours), _dollars(step.dollars), step.basis, step.price
        )
    if len(estimate.steps) > 1:
        table.add_row("total", "", "", _time(estimate.hours), _dollars(estimate.dollars), "", "")
    return table


def _time(hours: Range | None) -> str:
    return time_text(hours) if hours else "?"


def _dollars(dollars: Range | None) -> str:
    return dollars_text(dollars) if dollars else ""


def artifacts_table(manifests: Sequence[Manifest]) -> Table:
    table = table_of("ARTIFACT", "FILES", "SIZE", "CONTENT")
    for manifest in manifests:
        total = sum(output.size for output in manifest.outputs)
        table.add_row(manifest.name, f"{len(manifest.outputs)}", size(total), summary(manifest))
    return table


def outputs_table(manifest: Manifest) -> Table:
    table = table_of("FILE", "SIZE", "CRC32C")
    for output in manifest.outputs:
        table.add_row(output.path, size(output.size), output.crc32c)
    return table


def recipes_table(recipes: Sequence[Recipe]) -> Table:
    table = table_of("RECIPE", "STEPS", "BATCH", "VOCABULARY", "DESCRIPTION")
    for recipe in recipes:
        vocabulary = recipe.vocabulary
        table.add_row(
            recipe.name,
            f"{recipe.schedule.train_steps:,}",
            f"{recipe.schedule.train_batch_size:,}",
            f"{vocabulary.size:,}" if vocabulary.size else "learned",
            recipe.description,
        )
    return table


def manifest_json(manifest: Manifest) -> dict[str, Any]:
    return {**asdict(manifest), "spec": manifest.spec.to_json()}


def as_lines(table: Table) -> str:
    """A table as a pipe gets it: whole lines, which its reader cuts as it likes."""
    out = StringIO()
    console_of(out, width=100_000).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def table_of(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(
            column, no_wrap=column not in ("REASON", "DESCRIPTION", "CONTENT", "BY", "FIX"), overflow="fold"
        )
    return table
