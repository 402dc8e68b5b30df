"""A vocabulary that does not know the text is refused, with the share, unless it is allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from controller.kinds.registry import KINDS
from jobs.artifact import Manifest
from jobs.errors import ConfigurationError
from jobs.named_vocabulary import give_vocabulary
from jobs.spec import Kind
from jobs.steps import preprocess
from jobs.vocabulary import SPECIALS, Vocabulary

from .pipeline import RECIPE, Pipeline

TEXT = "\n\n".join(
    f"The SARS virus of bat {n} binds ACE2 in Vero cells. We counted {n * 7} of them. None came back to Wuhan."
    for n in range(12)
)


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    (tmp_path / "papers.txt").write_text(TEXT, "utf-8")
    return Pipeline(tmp_path / "pipeline", tmp_path / "papers.txt", shards=2)


def made(pipeline: Pipeline, vocabulary: Vocabulary, **settings: Any) -> Manifest:
    screened = pipeline.screened(languages=())
    given = give_vocabulary(screened.store, vocabulary.to_bytes())
    artifact_inputs = pipeline.inputs(screened) | {"vocabulary": given}
    chosen = {**RECIPE.examples.model_dump(), "sections": ["body"], "clean_text": False, **settings}
    return pipeline.step(Kind.PREPROCESS, chosen, artifact_inputs, pipeline.shards).require()


def letters(alphabet: str) -> Vocabulary:
    """Knows every word of these letters."""
    return Vocabulary((*SPECIALS, *alphabet, *(f"##{letter}" for letter in alphabet), *".,()"))


LOWER = letters("abcdefghijklmnopqrstuvwxyz0123456789")


def test_too_many_are_refused_with_their_share_and_what_allows_them(pipeline: Pipeline) -> None:
    with pytest.raises(ConfigurationError, match=r"does not know \d+\.\d% of the text's [\d,]+ pieces") as raised:
        made(pipeline, LOWER)
    assert "--set vocabulary.max_unknown_share=0." in raised.value.remedy


def test_a_shard_that_has_enough_pieces_says_so_alone(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preprocess, "ENOUGH_PIECES", 10)
    monkeypatch.setattr(preprocess, "check", lambda _: None)
    with pytest.raises(ConfigurationError, match="does not know"):
        made(pipeline, LOWER)


def test_they_are_taken_where_allowed_and_the_summary_says_so(pipeline: Pipeline) -> None:
    manifest = made(pipeline, LOWER, max_unknown_share=0.5)
    share = manifest.counts["unknown_pieces"] / manifest.counts["pieces"]
    assert share > 0.02
    assert f", {share:.1%} of pieces [UNK]" in KINDS[Kind.PREPROCESS].summary(manifest)


def test_an_uncased_recipe_knows_them_all(pipeline: Pipeline) -> None:
    manifest = made(pipeline, LOWER, cased=False)
    assert manifest.counts["unknown_pieces"] == 0
    assert "[UNK]" not in KINDS[Kind.PREPROCESS].summary(manifest)
