"""What schedulers, workers and registries say is shown as they said it, also where it looks like markup."""

from io import StringIO

from controller.cli.lines import Reporter
from controller.cli.tables import as_lines, status_table
from controller.status.derive import State
from controller.status.step_status import StepProgress, StepState

SAID = "exited with 1: [/scratch/x] of [cls/*] :warning:"


def test_in_a_table() -> None:
    state = StepState("ingest-1", "ingest", "", State.FAILED, SAID, StepProgress(0, 1), 0.0, "covid-ctl submit")
    assert as_lines(status_table([state], {}, now=0.0)).endswith(f"  {SAID}")


def test_in_a_line() -> None:
    out = StringIO()
    with Reporter(out) as reporter:
        reporter.note(SAID)
    assert out.getvalue() == f"{SAID}\n"
