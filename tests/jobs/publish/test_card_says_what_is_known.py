"""The model card says what the run says, and nothing where the run says nothing."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import yaml

from jobs.publish.card import model_card
from jobs.publish.facts import Card, Data, MadeBy, Run, usable_length

UNKNOWN = Card(
    title="TinyCovidBERT",
    description="A small one.",
    initial_checkpoint="",
    layers=2,
    hidden_size=128,
    heads=2,
    vocabulary_size=4000,
    positions=512,
    max_seq_length=128,
    parameters=None,
    data=Data(),
    run=Run(),
    settings={},
    steps=[MadeBy("pretrain", "pretrain-tiny-01234567")],
)
KNOWN = replace(
    UNKNOWN,
    parameters=1_234_567,
    data=Data(read=30, kept=20, dropped={"no_text": 7, "duplicate": 2}, quarantined=1, held_out=3, sentences=5000),
    run=Run(
        steps=300,
        batch_size=32,
        device="CPU",
        evaluations=(
            {"step": 200, "mlm_loss": 4.5},
            {"step": 300, "mlm_loss": 4.25, "mlm_accuracy": 0.3},
            {"step": 0, "mlm_loss": 8.25},
        ),
    ),
)


def front_matter(card: str) -> dict[str, object]:
    _, block, _ = card.split("---\n", 2)
    loaded = yaml.safe_load(block)
    assert isinstance(loaded, dict)
    return loaded


def test_the_front_matter_is_what_the_hub_reads() -> None:
    assert front_matter(model_card(KNOWN)) == {
        "language": "en",
        "library_name": "transformers",
        "pipeline_tag": "fill-mask",
        "tags": ["bert", "biomedical", "covid-19"],
        "model-index": [
            {
                "name": "TinyCovidBERT",
                "results": [
                    {
                        "task": {"type": "fill-mask"},
                        "dataset": {"name": "held-out documents of the corpus", "type": "held-out-documents"},
                        "metrics": [
                            {"type": "loss", "value": 4.25, "name": "loss"},
                            {"type": "accuracy", "value": 0.3, "name": "accuracy"},
                        ],
                    }
                ],
            }
        ],
    }
    assert "model-index" not in front_matter(model_card(UNKNOWN))


def test_the_share_of_full_texts_is_told_where_there_are_parses() -> None:
    card = replace(KNOWN, data=replace(KNOWN.data, full_texts=(19, 29)))
    assert "Of 29 documents, 19 (66%) were read in full text, the others as abstracts." in model_card(card)
    assert "Full text" not in model_card(KNOWN)


def test_a_licence_is_stated_only_when_given() -> None:
    stated = model_card(replace(KNOWN, license="apache-2.0"))
    assert front_matter(stated)["license"] == "apache-2.0"
    assert "Licence" not in stated
    assert "**Licence.** The weights have no stated licence" in model_card(KNOWN)


@pytest.mark.parametrize("card", [UNKNOWN, KNOWN, replace(KNOWN, initial_checkpoint="Bio+Clinical BERT")])
def test_no_number_is_made_up(card: Card) -> None:
    """Every number of the text is one of the card's, or of the few that are the same for all models."""
    text = re.sub(r"\A---.*?---|```.*?```|`[^`]*`", "", model_card(card), flags=re.S)
    run, data = card.run, card.data
    given: set[int | None] = {
        card.layers,
        card.hidden_size,
        card.heads,
        card.vocabulary_size,
        card.positions,
        card.max_seq_length,
    }
    given |= {card.max_seq_length + 1, card.parameters, run.steps, run.batch_size}
    given |= {data.read, data.kept, data.quarantined, data.held_out, data.sentences, *data.dropped.values()}
    allowed = {f"{n:,}" for n in given if n is not None} | {str(n) for n in given}
    if run.evaluations:
        allowed |= {"0", "8.250", "4.250", "30.0", "70.0"}
    fixed = {"19", "1e-4"}
    assert set(re.findall(r"\d[\d.,]*(?:e-\d+)?(?<![.,])", text)) <= allowed | fixed


def test_what_is_not_known_is_absent() -> None:
    text = model_card(UNKNOWN)
    assert "None" not in text
    assert "Training data" not in text
    assert "held-out documents\n" not in text
    assert "| steps |" not in text
    assert "| initial weights | random |" in text


def test_scores_are_the_first_and_the_last_and_nothing_in_between() -> None:
    text = model_card(KNOWN)
    assert "| step | masked-word loss | masked-word accuracy |" in text
    assert "| 0 | 8.250 |  |\n| 300 | 4.250 | 30.0% |\n" in text
    assert "4.500" not in text


def test_a_run_that_ended_early_has_its_weights_scores_and_says_why() -> None:
    text = model_card(replace(KNOWN, run=replace(KNOWN.run, steps=200)))
    assert "| 200 | 4.500 |\n" in text
    assert "| 300 |" not in text
    assert "| 200, the best of 300: training ended early, since the next evaluation was no better |" in text
    assert "| steps | 300 |" in model_card(replace(KNOWN, settings={"train_steps": 300}))


def test_an_early_end_without_its_best_weights_says_so() -> None:
    text = model_card(replace(KNOWN, settings={"train_steps": 500}))
    assert "| steps | 300 of 500: training ended early, and the best checkpoint was lost |" in text


def test_a_model_of_made_up_text_says_so() -> None:
    assert "**A demonstration.**" in model_card(replace(KNOWN, data=replace(KNOWN.data, made_up=True)))
    assert "demonstration" not in model_card(KNOWN)


def test_the_reasons_for_dropping_are_listed_by_name() -> None:
    assert "| dropped: duplicate | 2 |\n| dropped: no text | 7 |\n| quarantined (unreadable) | 1 |" in model_card(KNOWN)


def test_a_run_on_several_kinds_of_hardware_names_them() -> None:
    run = replace(KNOWN.run, hardware=("1 CPU, 2 threads of a", "1 CPU, 4 threads of a"))
    assert "| hardware, in turn | 1 CPU, 2 threads of a; 1 CPU, 4 threads of a |" in model_card(replace(KNOWN, run=run))
    assert "in turn" not in model_card(KNOWN)


def test_where_the_weights_came_from() -> None:
    continued = model_card(replace(KNOWN, initial_checkpoint="Bio+Clinical BERT"))
    assert "continues the pretraining of Bio+Clinical BERT" in continued
    assert "| initial weights | Bio+Clinical BERT |" in continued
    assert "positions from 129 to 512 are those of Bio+Clinical BERT" in continued
    assert "positions from 129 to 512 are still random" in model_card(KNOWN)


@pytest.mark.parametrize(
    ("initial", "max_seq_length", "expected"),
    [("", 128, 128), ("Bio+Clinical BERT", 128, 512), ("", 512, 512)],
    ids=["from-scratch", "continued", "full-length"],
)
def test_the_tokenizer_cuts_where_positions_are_untrained(initial: str, max_seq_length: int, expected: int) -> None:
    assert usable_length(initial_checkpoint=initial, max_seq_length=max_seq_length, positions=512) == expected


def test_equal_cards_give_equal_text_whatever_the_order_of_their_settings() -> None:
    one = replace(KNOWN, settings={"dupe_factor": 5, "seed": 1}, data=replace(KNOWN.data, dropped={"a": 1, "b": 2}))
    two = replace(KNOWN, settings={"seed": 1, "dupe_factor": 5}, data=replace(KNOWN.data, dropped={"b": 2, "a": 1}))
    assert model_card(one) == model_card(two)


def test_a_tpu_run_tells_what_was_expected_and_what_it_costs_by_the_price_table() -> None:
    run = Run(steps=200_000, device="8 TPU v3-8", flops=25 * 10**18)
    text = model_card(replace(KNOWN, run=run))
    assert "| computation | 2.5e19 FLOP |" in text
    assert "| expected time on it | 41 to 55 h |" in text
    assert "| list price on demand in us-central1, 2026-11 | $331 to 441 |" in text
    assert "list price" not in model_card(replace(KNOWN, run=replace(run, device="1 CPU")))


def test_without_next_sentence_prediction_the_card_claims_none() -> None:
    settings = {"next_sentence_prediction": False, "masking": "dynamic"}
    scores = ({"step": 0, "mlm_loss": 8.25, "nsp_loss": None}, {"step": 300, "mlm_loss": 4.25, "nsp_loss": None})
    card = replace(KNOWN, settings=settings, run=replace(KNOWN.run, evaluations=scores))
    text = model_card(card)
    assert "Masked words only, masked anew in every step, without the original BERT's next-sentence prediction." in text
    assert "was trained\nto tell" not in text
    assert "its head, and the pooler before it, are still random." in text
    assert "| step | masked-word loss |\n" in text
    continued = model_card(replace(card, initial_checkpoint="Bio+Clinical BERT"))
    assert "are those of Bio+Clinical BERT, unchanged." in continued
    assert "Next sentence" not in model_card(KNOWN)


HEADS = ("the masked-word head", "the next-sentence head")


def test_parts_that_began_random_are_named() -> None:
    card = replace(KNOWN, initial_checkpoint="BioBERT", random_at_start=HEADS)
    text = model_card(card)
    assert "| initial weights | BioBERT, except the masked-word head and the next-sentence head: random |" in text
    assert "BioBERT was published without the masked-word head and the next-sentence head." in text
    assert "Random at the start" not in model_card(replace(KNOWN, initial_checkpoint="BioBERT"))


@pytest.mark.parametrize(
    ("random", "said"),
    [
        ((), "its head, and the pooler before it, are those of BioBERT, unchanged"),
        (HEADS, "the next-sentence head is still random, the pooler before it is that of BioBERT, unchanged"),
        (("the pooler",), "the pooler is still random, its head is that of BioBERT, unchanged"),
        ((*HEADS, "the pooler"), "its head, and the pooler before it, are still random"),
    ],
)
def test_an_untrained_head_s_weights_are_traced(random: tuple[str, ...], said: str) -> None:
    settings = {"next_sentence_prediction": False}
    card = replace(KNOWN, initial_checkpoint="BioBERT", random_at_start=random, settings=settings)
    assert f"It was not trained: {said}." in model_card(card)


CHAIN = (
    {"name": "pretrain-tiny-0a", "steps": 100, "decay_steps": 100},
    {"name": "pretrain-tiny-to200-0b", "steps": 200, "decay_steps": 300},
)


def test_an_extended_run_names_those_that_led_up_to_it() -> None:
    card = replace(KNOWN, run=replace(KNOWN.run, extends=CHAIN), settings={"train_steps": 300, "decay_steps": 300})
    text = model_card(card)
    assert "| up to step 100 | `pretrain-tiny-0a` |\n| up to step 200 | `pretrain-tiny-to200-0b` |" in text
    assert (
        "The learning rate fell towards 0 at step 100 until step 100, towards 0 at step 300 until step 200, "
        "then towards 0 at step 300."
    ) in text
    planned = replace(KNOWN, run=replace(KNOWN.run, extends=CHAIN[1:]), settings=card.settings)
    assert "One learning-rate schedule covers both." in model_card(planned)
    assert "continues a finished one" not in model_card(KNOWN)


def test_a_stable_learning_rate_is_described() -> None:
    settings = {"train_steps": 300, "decay": "wsd", "cooldown_steps": 50}
    assert "the learning rate was constant and fell to 0 in the last 50 steps." in model_card(
        replace(KNOWN, settings=settings)
    )
    chain = ({**CHAIN[0], "cooldown_steps": 20}, CHAIN[1])
    text = model_card(replace(KNOWN, run=replace(KNOWN.run, extends=chain), settings={**settings, "cooldown_steps": 0}))
    assert "was constant. It had fallen to 0 before, at step 100." in text
