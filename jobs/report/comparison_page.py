"""Two reports side by side as one HTML page. Pure."""

from __future__ import annotations

from jobs.report.comparison import Comparison
from jobs.report.document import document
from jobs.report.markup import Markup, element, table


def comparison_page(comparison: Comparison) -> str:
    """The whole document."""
    columns = (comparison.ours, comparison.theirs)
    main = [element("h2", "Made from"), *_settings(comparison)]
    for section in comparison.sections:
        if section.rows:
            main += [
                element("h2", section.title),
                table(("number", *columns, "difference"), [row.cells() for row in section.rows]),
            ]
    return document(
        f"{comparison.ours} against {comparison.theirs}",
        header=[
            element("h1", "Two reports side by side"),
            element("p", element("code", comparison.ours), " against ", element("code", comparison.theirs)),
        ],
        main=main,
        footer="Made from the two steps' reports alone.",
    )


def _settings(comparison: Comparison) -> list[Markup]:
    if not comparison.settings:
        return [element("p", "All inputs, settings and versions are the same.")]
    return [
        element("p", "What differs between the two; all else is the same."),
        element(
            "div",
            table(("setting", comparison.ours, comparison.theirs), comparison.settings),
            class_="names",
        ),
    ]
