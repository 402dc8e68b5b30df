"""The card's section on training: what it started from, how it went, what it took and cost, and every setting."""

from __future__ import annotations

from jobs.flops import slice_hours
from jobs.prices import tpu_prices
from jobs.publish.facts import Card, Run, Training
from jobs.publish.markdown import code, facts, listed, one_line, plain, table
from jobs.ranges import dollars_text, time_text


def training_section(card: Card) -> str:
    run = card.run
    rows: list[tuple[str, str | None]] = [
        ("initial weights", _initial_weights(card)),
        ("steps", _steps(card)),
        *((f"up to step {link['steps']:,}", code(link["name"])) for link in run.extends),
        ("examples per step", None if run.batch_size is None else f"{run.batch_size:,}"),
        ("examples seen", None if run.examples_seen is None else f"{run.examples_seen:,}"),
        ("computation", None if run.flops is None else f"{run.flops:.1e} FLOP".replace("e+", "e")),
        ("device", plain(run.device)),
        ("hardware, in turn", "; ".join(map(plain, run.hardware))),
        *(_taken(card.training) if card.training else _expected(run)),
        ("TensorFlow", plain(run.tensorflow)),
    ]
    settings = table(
        ("setting", "value"), [(code(name), _value(card.settings[name])) for name in sorted(card.settings)]
    )
    parts = [f"## Training\n\n{_tasks(card)}.{_learning_rates(card)}", facts(rows)]
    if settings:
        parts.append(f"All settings, with google-research/bert's names for those that it has:\n\n{settings}")
    return "\n\n".join(parts)


def _initial_weights(card: Card) -> str:
    if not card.initial_checkpoint:
        return "random"
    name = plain(card.initial_checkpoint)
    hub = f" ({plain(card.base.hub)})" if card.base.hub else ""
    random = listed(list(map(plain, card.random_at_start))) if card.random_at_start else ""
    licence = f"; its licence: {plain(card.base.license)}" if card.base.license else ""
    return f"{name}{hub}{f', except {random}: random' if random else ''}{licence}"


def _steps(card: Card) -> str | None:
    """Those that the weights are made by; and why, where they are fewer than were made or planned."""
    made_by, planned = card.run.steps, card.settings.get("train_steps")
    if made_by is None:
        return None
    later = [int(e["step"] or 0) for e in card.run.evaluations if int(e["step"] or 0) > made_by]
    if later:
        scores = "evaluation was" if len(later) == 1 else f"{len(later)} evaluations were"
        return f"{made_by:,}, the best of {max(later):,}: training ended early, since the next {scores} no better"
    if planned and made_by < planned:
        return f"{made_by:,} of {planned:,}: training ended early, and the best checkpoint was lost"
    return f"{made_by:,}"


def _tasks(card: Card) -> str:
    anew = ", masked anew in every step," if card.settings.get("masking") == "dynamic" else ""
    if card.next_sentence:
        return f"Masked words{anew} and next-sentence prediction together, as in the original BERT"
    return f"Masked words only{anew or ','} without the original BERT's next-sentence prediction"


def _learning_rates(card: Card) -> str:
    """What the learning rate did where a finished run was extended; empty where none was."""
    links, total = card.run.extends, card.settings.get("decay_steps") or card.settings.get("train_steps")
    if card.settings.get("decay") == "wsd":
        return _stable_rate(card)
    if not links or total is None:
        return ""
    extended = "This run continues a finished one, with its optimizer's state."
    aims = [(link["steps"], link["decay_steps"]) for link in links]
    if all(aim == total for _, aim in aims):
        return f" {extended} One learning-rate schedule covers both."
    until = ", ".join(f"towards 0 at step {aim:,} until step {steps:,}" for steps, aim in aims)
    return f" {extended} The learning rate fell {until}, then towards 0 at step {total:,}."


def _stable_rate(card: Card) -> str:
    """The same of a run whose learning rate was kept until its last steps."""
    total, cooldown = card.settings["train_steps"], card.settings.get("cooldown_steps", 0)
    fell = f" and fell to 0 in the last {cooldown:,} steps" if cooldown else ""
    kept = f" After the warm-up the learning rate was constant{fell}."
    if not card.run.extends:
        return kept
    cooled = [link["steps"] for link in card.run.extends if link.get("cooldown_steps")]
    again = f" It had fallen to 0 before, at step {' and '.join(f'{step:,}' for step in cooled)}." if cooled else ""
    return f" This run of {total:,} steps continues a finished one, with its optimizer's state.{kept}{again}"


def _taken(training: Training) -> list[tuple[str, str | None]]:
    """What the training record says; without work that was lost with a process."""
    cost = None if training.dollars is None else f"{_dollars(training.dollars)} ({plain(training.price)})"
    energy = (
        None
        if training.kilowatt_hours is None
        else f"{_figure(training.kilowatt_hours)} kWh, an estimate: {plain(training.power)}"
    )
    return [
        ("time", _hours(training.hours)),
        ("device-hours", None if training.device_hours is None else _figure(training.device_hours)),
        ("cost of training", cost),
        ("energy", energy),
    ]


def _expected(run: Run) -> list[tuple[str, str | None]]:
    """On a TPU slice, the time to be expected and its price by the table, where the time that it took is not told."""
    name = run.device.rpartition(" ")[2]
    expected = slice_hours(run.flops, name) if run.flops else None
    if expected is None:
        return []
    prices = [
        (f"list price {price.terms}", dollars_text(expected * price.dollars_per_hour)) for price in tpu_prices(name)
    ]
    return [("expected time on it", time_text(expected)), *prices]


def _hours(hours: float) -> str:
    if hours >= 2:
        return f"{_figure(hours)} h"
    return f"{hours * 60:.0f} min" if hours * 60 >= 2 else f"{hours * 3600:.0f} s"


def _figure(value: float) -> str:
    """Three digits at most: what such records can say."""
    return f"{float(f'{value:.3g}'):,.15g}"


def _dollars(value: float) -> str:
    return "under $0.01" if value < 0.01 else f"${value:,.2f}"


def _value(value: object) -> str:
    if value is None or value in ("", [], ()):
        return "none"
    return plain(", ".join(map(str, value)) if isinstance(value, list | tuple) else one_line(str(value)))
