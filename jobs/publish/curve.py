"""The held-out curve as an SVG picture whose bytes follow from its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

WIDTH, HEIGHT = 640, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 28, 48
_TICKS = 4
_INK, _FAINT, _LINE = "#444444", "#d0d0d0", "#0b62a4"


def held_out_curve(scored: Sequence[Mapping[str, float]]) -> str:
    """Held-out masked-word loss by training step; empty for fewer than two scores."""
    points = [(one["step"], one["mlm_loss"]) for one in scored if "mlm_loss" in one]
    if len(points) < 2:
        return ""
    last, losses = max(step for step, _ in points), [loss for _, loss in points]
    low, high = min(losses), max(losses)
    margin = (high - low) * 0.08 or 0.5
    low, high = low - margin, high + margin
    across, down = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM

    def x(step: float) -> str:
        return f"{_LEFT + across * step / (last or 1):.1f}"

    def y(loss: float) -> str:
        return f"{_TOP + down * (high - loss) / (high - low):.1f}"

    marks = []
    for tick in range(_TICKS + 1):
        loss, step = low + (high - low) * tick / _TICKS, last * tick / _TICKS
        marks += [
            f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y(loss)}" y2="{y(loss)}" stroke="{_FAINT}"/>',
            _text(f"{_LEFT - 8}", f"{float(y(loss)) + 4:.1f}", f"{loss:.2f}", "end"),
            _text(x(step), f"{HEIGHT - _BOTTOM + 18}", f"{step:,.0f}", "middle"),
        ]
    path = " ".join(f"{x(step)},{y(loss)}" for step, loss in points)
    dots = [f'<circle cx="{x(step)}" cy="{y(loss)}" r="3" fill="{_LINE}"/>' for step, loss in points]
    label = (
        f"Held-out masked-word loss: {points[0][1]:.3f} at step 0 to {points[-1][1]:.3f} at step {points[-1][0]:,.0f}"
    )
    label = label.replace("at step 0", f"at step {points[0][0]:,.0f}")
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="{label}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        *marks,
        f'<polyline points="{path}" fill="none" stroke="{_LINE}" stroke-width="2"/>',
        *dots,
        _text(f"{_LEFT}", "18", "masked-word loss on held-out documents, in nats", "start"),
        _text(f"{_LEFT + across / 2:.1f}", f"{HEIGHT - 10}", "training step", "middle"),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _text(x: str, y: str, text: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{_INK}">{text}</text>'
