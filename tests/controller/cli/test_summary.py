"""What a complete step made, in a few words."""

from typing import Any

import pytest

from controller.status.step_status import summary
from jobs.artifact import Manifest
from jobs.spec import Kind, Spec

SCORES = [{"step": step, "mlm_loss": loss, "mlm_accuracy": 0.5} for step, loss in ((0, 9.0), (20, 3.0), (40, 4.0))]


@pytest.mark.parametrize(
    ("steps", "scores", "said"),
    [
        (40, SCORES, "40 steps, held-out MLM loss 9.000 -> 4.000, accuracy 50.0%"),
        (20, SCORES, "20 steps, held-out MLM loss 9.000 -> 3.000, accuracy 50.0%"),
        (40, [], "40 steps, nothing held out to score them"),
    ],
    ids=["to the end", "ended early", "nothing held out"],
)
def test_of_training_it_gives_the_scores_of_the_weights_kept(
    steps: int, scores: list[dict[str, float]], said: str
) -> None:
    facts = {"steps": steps, "evaluations": scores}
    assert summary(Manifest("pretrain-a", Spec(Kind.PRETRAIN, {}), (), {}, facts, 1.0)) == said


@pytest.mark.parametrize(
    ("counted", "said"),
    [
        ({"parse_files": {"found": 9, "unreferenced": 0}}, "; full text of 3 of 4"),
        ({"parse_files": {"found": 40, "unreferenced": 2}}, "; full text of 3 of 4"),
        ({"parse_files": {"found": 40, "unreferenced": 3}}, "; full text of 3 of 4; 3 files not used"),
        ({"parse_files": {"found": 9, "unreferenced": 0}, "other_texts": 9, "refused_members": 1000},
         "; full text of 3 of 4; 1,009 files not used"),
        ({"files": 4}, ""),
        ({"files": 4, "unread_files": 1}, "; 1 file not used"),
    ],
)  # fmt: skip
def test_of_ingest_it_says_how_many_full_texts_there_are_and_what_is_not_used(
    counted: dict[str, Any], said: str
) -> None:
    counts = {
        "documents": {"read": 7, "kept": 4, "dropped": {"no_text": 2}, "quarantined": 1},
        "full_texts": 3,
        **counted,
    }
    manifest = Manifest("ingest-a", Spec(Kind.INGEST, {}), (), counts, {}, 1.0)
    assert summary(manifest) == f"4 documents kept, 2 dropped, 1 quarantined of 7{said}"


@pytest.mark.parametrize(
    ("unread", "said"),
    [
        (["metadata_2020-05-01.csv"], "; metadata.csv was read, not metadata_2020-05-01.csv"),
        (["a/metadata.csv", "b/metadata.csv"], "; metadata.csv was read, not a/metadata.csv and 1 more"),
    ],
)
def test_of_ingest_it_says_which_of_several_tables_was_read(unread: list[str], said: str) -> None:
    counts = {"documents": {"read": 1, "kept": 1, "dropped": {}, "quarantined": 0}, "full_texts": 1}
    facts = {"corpus": {"metadata": "metadata.csv", "metadata_not_read": unread}}
    manifest = Manifest("ingest-a", Spec(Kind.INGEST, {}), (), counts, facts, 1.0)
    assert summary(manifest) == f"1 documents kept, 0 dropped, 0 quarantined of 1{said}"


@pytest.mark.parametrize(
    ("twins", "unknown", "said"),
    [
        (0, 0, ""),
        (5, 0, ""),
        (30, 0, "; 30 of 60 documents left out as near duplicates"),
        (30, 2, ", 2.0% of pieces [UNK]; 30 of 60 documents left out as near duplicates"),
    ],
)
def test_of_preprocess_it_says_what_was_lost_where_it_is_much(twins: int, unknown: int, said: str) -> None:
    counts = {
        "examples": {"train": 9, "validation": 2},
        "documents": {"read": 60, "kept": 60 - twins, "dropped": {"near_duplicate": twins}},
        **{"pieces": 100, "unknown_pieces": unknown},
    }
    manifest = Manifest("preprocess-a", Spec(Kind.PREPROCESS, {}), (), counts, {}, 1.0)
    assert summary(manifest) == f"9 training examples, 2 held out{said}"
