"""What a run may take: by hours, by dollars, whichever comes first."""

import pytest

from jobs.model.run_limits import RunLimits


@pytest.mark.parametrize(
    ("limits", "hours", "field"),
    [
        (RunLimits(), 1e6, None),
        (RunLimits("schedule", max_hours=10), 9.99, None),
        (RunLimits("schedule", max_hours=10), 10, "schedule.max_hours"),
        (RunLimits("embedder", max_dollars=50, dollars_per_hour=8), 6.24, None),
        (RunLimits("embedder", max_dollars=50, dollars_per_hour=8), 6.25, "embedder.max_dollars"),
        (RunLimits("schedule", max_dollars=50), 1e6, None),
        (RunLimits("schedule", max_hours=10, max_dollars=50, dollars_per_hour=8), 7, "schedule.max_dollars"),
        (RunLimits("schedule", max_hours=6, max_dollars=50, dollars_per_hour=8), 7, "schedule.max_hours"),
    ],
)
def test_the_first_limit_that_is_reached(limits: RunLimits, hours: float, field: str | None) -> None:
    reached = limits.reached(hours * 3600)
    assert (reached and reached[0]) == field


def test_the_reason_tells_the_sum() -> None:
    reached = RunLimits("schedule", None, 50, 8).reached(6.5 * 3600)
    assert reached == (
        "schedule.max_dollars",
        "schedule.max_dollars 50 is reached: it has cost $52.00, 6.5 h at $8.00",
    )
