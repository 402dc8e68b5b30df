"""``report --against``: two reports of one kind, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.cli.output import show
from controller.cli.terminal import echo
from jobs.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.table import Table

    from controller.status.report import FoundReport
    from jobs.report.comparison import Comparison


def show_comparison(ours: FoundReport, theirs: FoundReport, target: str | None, output: str) -> None:
    """Prints the comparison, and writes it as a page to ``target``. Raises ``ConfigurationError`` for reports that
    have no numbers in common."""
    from controller.status.report import save_page
    from jobs.report.comparison_page import comparison_page

    comparison = compare(ours, theirs)
    show(output, lambda: comparison_table(comparison), comparison.to_json())
    if target:
        page = save_page(comparison_page(comparison).encode(), target)
        if output == "text":
            echo(f"Page: {page}")


def compare(ours: FoundReport, theirs: FoundReport) -> Comparison:
    from jobs.report.comparison import compared

    kinds = [report.artifact.spec.kind for report in (ours, theirs)]
    if kinds[0] != kinds[1]:
        reason = f"it is a step of kind {kinds[1]}, {ours.step} is of kind {kinds[0]}: their numbers do not compare"
        raise ConfigurationError(theirs.step, reason, f"covid-ctl artifacts   names the {kinds[0]} steps")
    if ours.step == theirs.step:
        raise ConfigurationError(theirs.step, "it is compared with itself", "covid-ctl artifacts   names other steps")
    try:
        return compared(ours.contents, theirs.contents)
    except (KeyError, TypeError, AttributeError) as error:
        reason = "another version of covid-ctl made one of the reports, with other numbers in it"
        raise ConfigurationError(f"{ours.step} and {theirs.step}", reason, f"covid-ctl report {theirs.step}") from error


def comparison_table(comparison: Comparison) -> Table:
    """What differs in settings first, then every number."""
    from rich.text import Text

    from controller.cli.tables import table_of

    table = table_of("", comparison.ours, comparison.theirs, "DIFFERENCE")
    for setting in comparison.settings:
        table.add_row(*setting, "")
    for section in comparison.sections:
        if section.rows:
            table.add_section()
            table.add_row(Text(section.title, style="bold"))
            for row in section.rows:
                name, *cells = row.cells()
                table.add_row(f"  {name}", *cells)
    return table
