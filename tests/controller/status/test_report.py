"""A report that was tampered with or deleted ends in an error with a next command."""

from pathlib import Path

import pytest

from controller.status.report import find_report, page_of, save_page
from jobs.artifact import Artifact
from jobs.errors import StoreError
from jobs.layout import REPORT, REPORT_PAGE
from jobs.spec import Kind, Spec
from jobs.store import Store


@pytest.fixture
def artifact(tmp_path: Path) -> Artifact:
    artifact = Artifact(Store(str(tmp_path / "bucket")), Spec(Kind.PREPROCESS, {}))
    artifact.submit()
    artifact.commit(
        0, [artifact.write(REPORT, b'{"summary": ["Documents: 2"]}'), artifact.write(REPORT_PAGE, b"<html/>")]
    )
    assert artifact.finish()
    return artifact


def test_the_page_is_copied(artifact: Artifact, tmp_path: Path) -> None:
    found = find_report(artifact.store, artifact.name)
    save_page(page_of(found), str(tmp_path / "page.html"))
    assert found.contents["summary"] == ["Documents: 2"]
    assert (tmp_path / "page.html").read_bytes() == b"<html/>"


@pytest.mark.parametrize("contents", ['{"summary": [1, 2]}', '{"summary": "Documents"}', "{}", "[]", "null", "{"])
def test_damaged_contents_are_named(artifact: Artifact, contents: str) -> None:
    artifact.store.put(artifact.path(REPORT), contents.encode())
    with pytest.raises(StoreError, match=f"(?s){artifact.name}/{REPORT}.*covid-ctl verify"):
        find_report(artifact.store, artifact.name)


def test_a_page_that_is_gone_is_named(artifact: Artifact, tmp_path: Path) -> None:
    (tmp_path / "bucket" / artifact.path(REPORT_PAGE)).unlink()
    with pytest.raises(StoreError, match=f"(?s){artifact.name}/{REPORT_PAGE}.*it is gone.*covid-ctl verify"):
        page_of(find_report(artifact.store, artifact.name))
