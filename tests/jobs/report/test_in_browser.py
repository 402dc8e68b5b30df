"""The pages of reports in a real headless Chromium: axe-core finds nothing, and no page moves sideways."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from jobs.report.comparison import compared
from jobs.report.comparison_page import comparison_page
from jobs.report.evaluation_page import evaluation_page
from tests.browser import DARK, DESKTOP, PHONE, axe_in, served, violations
from tests.jobs.steps.test_report import Run, output

pytestmark = pytest.mark.browser


DIFFERENCE = {"mean": -0.4, "p_value": 0.01, "smallest_detectable": 0.1, "interval": {"low": -0.6, "high": -0.2}}
SYSTEM = {"mrr": 0.3, "recall_at_1": 0.1, "recall_at_10": 0.8, "against_bm25": DIFFERENCE}
EVALUATION: dict[str, Any] = {
    "step": "evaluate-tiny-00000000",
    "lineage": {"base": "the same model, untrained"},
    "retrieval": {
        "queries": 13,
        "systems": {
            "bm25": {"mrr": 0.7, "recall_at_1": 0.6, "recall_at_10": 0.9},
            **dict.fromkeys(("base", "pretrained", "control", "hybrid"), SYSTEM),
            "tuned": {**SYSTEM, "against_control": DIFFERENCE},
        },
    },
    "masked_words": {
        "words": 2000,
        "documents": 13,
        "difference": DIFFERENCE,
        **{f"{model}{form}": 1.5 for model in ("ours", "theirs") for form in ("", "_perplexity", "_per_character")},
    },
    "random_pair_cosine": {"base": 0.9, "tuned": 0.1},
    "topics": None,
    "labelled": {},
}
PAGES = ("report", "comparison", "evaluation")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("report")
    artifact = Run(root / "run", shards=2).preprocessed()
    report = json.loads(output(artifact, "report.json"))
    (root / "report.html").write_bytes(output(artifact, "report.html"))
    (root / "comparison.html").write_text(comparison_page(compared(report, {**report, "step": "another"})))
    (root / "evaluation.html").write_text(evaluation_page(EVALUATION))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root)))
    with served(server), axe_in("http://{}:{}".format(*server.server_address[:2])) as copied:
        yield copied


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("options", [(DESKTOP,), (PHONE,), (PHONE, DARK)], ids=["desktop", "phone", "phone, dark"])
def test_it_keeps_nobody_out(copy: str, page: str, options: tuple[str, ...], tmp_path: Path) -> None:
    assert violations(f"{copy}/{page}.html", tmp_path, *options) == []
