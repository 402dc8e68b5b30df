"""The recipes: every published value, and precise errors for what is wrong."""

from pathlib import Path

import pytest

from jobs.errors import ConfigurationError
from jobs.recipe import load_recipe, recipe_names, settings_of
from jobs.spec import Kind


def test_the_recipes_are_these() -> None:
    assert recipe_names() == ["bio", "clinical", "minilm", "pubmed", "tiny"]


@pytest.mark.parametrize("name", ["bio", "clinical"])
def test_both_published_models_share_these_values(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.vocabulary.cased
    assert recipe.examples.whole_word_mask
    assert recipe.examples.max_seq_length == 128
    assert recipe.examples.max_predictions_per_seq == 20
    assert recipe.schedule.train_batch_size == 512
    assert recipe.schedule.learning_rate == 2e-5
    assert recipe.schedule.warmup_steps == 10_000
    assert recipe.corpus.sections == ("title", "abstract", "body")
    assert recipe.corpus.validation_share == 0.01


PUBLISHED = {
    "clinical": {
        "shape": (768, 12, 12, 3072),
        "vocabulary": 28_996,
        "initial": "Bio+Clinical BERT",
        "steps": 150_000,
        "title": "ClinicalCovidBERT",
    },
    "bio": {
        "shape": (1024, 24, 16, 4096),
        "vocabulary": 58_996,
        "initial": "BioBERT-Large v1.1 (+ PubMed 1M)",
        "steps": 200_000,
        "title": "BioCovidBERT",
    },
}


@pytest.mark.parametrize("name", list(PUBLISHED))
def test_each_published_model_has_its_own_values(name: str) -> None:
    recipe = load_recipe(name)
    shape = recipe.architecture
    assert recipe.initial_checkpoint is not None
    assert {
        "shape": (shape.hidden_size, shape.num_hidden_layers, shape.num_attention_heads, shape.intermediate_size),
        "vocabulary": recipe.vocabulary.size,
        "initial": recipe.initial_checkpoint.name,
        "steps": recipe.schedule.train_steps,
        "title": recipe.publication.title,
    } == PUBLISHED[name]


@pytest.mark.parametrize(
    ("name", "shape", "licence"),
    [("pubmed", (768, 12, 12, 3072), "MIT"), ("minilm", (384, 6, 12, 1536), "Apache-2.0")],
)
def test_uncased_starts_have_their_published_shape_and_say_their_licence(
    name: str, shape: tuple[int, ...], licence: str
) -> None:
    recipe = load_recipe(name)
    theirs = recipe.architecture
    found = (theirs.hidden_size, theirs.num_hidden_layers, theirs.num_attention_heads, theirs.intermediate_size)
    assert (found, theirs.hidden_act) == (shape, "gelu")
    assert (recipe.vocabulary.cased, recipe.vocabulary.size) == (False, 30_522)
    assert recipe.initial_checkpoint
    assert f"({licence} licence)" in recipe.initial_checkpoint.source


def test_pubmed_is_trained_as_encoders_are_today() -> None:
    schedule, examples = load_recipe("pubmed").schedule, load_recipe("pubmed").examples
    assert (schedule.decay, schedule.masking, schedule.next_sentence_prediction) == ("wsd", "dynamic", False)
    # The share that is masked fits the places for it.
    assert examples.max_predictions_per_seq >= examples.masked_lm_prob * examples.max_seq_length


def test_tiny_trains_from_scratch_with_its_own_vocabulary() -> None:
    recipe = load_recipe("tiny")
    assert recipe.architecture.num_hidden_layers == 2
    assert recipe.initial_checkpoint is None
    assert recipe.vocabulary.learn


TINY = {
    "schedule.train_steps": ("0", "schedule.train_steps: 0 is not more than 0"),
    "schedule.warmup_steps": ("999999", "warmup_steps 999999 exceeds train_steps"),
    "schedule.evaluation_examples": ("0", "schedule.evaluation_examples: 0 is not more than 0"),
    "schedule.early_stop_evaluations": (
        "5",
        "early_stop_evaluations 5 needs more than 5 evaluations, evaluate_every 100 makes 5 in train_steps 500",
    ),
    "schedule.speed": ("fast", "schedule.speed: no such field"),
    "architecture.num_attention_heads": ("3", "architecture: hidden_size 128 is not a multiple"),
    "examples.max_seq_length": ("1024", "exceeds architecture.max_position_embeddings 512"),
    "vocabulary.size": ("1000", "give exactly one of size and learn"),
    "vocabulary.cased": ("perhaps", "vocabulary.cased: 'perhaps' is not true or false"),
    "corpus.sections": ("[title, footnotes]", "corpus.sections.1: 'footnotes' is not title, abstract or body"),
    "schedule.train_stepz": ("1", "no such field; did you mean train_steps?"),
    "schedule.learning_rate": (".inf", "schedule.learning_rate: inf is not a finite number"),
    "speed": ("1", "speed: no such field"),
    "train_steps": ("1", "train_steps: no such field; it is schedule.train_steps"),
    "examples.learning_rate": ("1", "no such field; it is schedule.learning_rate or embedder.learning_rate"),
    "scheduel.train_steps": ("1", "has no such section; did you mean schedule?"),
    "corpus.near_duplicate_similarity": ("0.3", "0.3 is less than 0.5"),
    "corpus.published_from": ("spring", "corpus.published_from"),
    "corpus.published_until": ("2020-13", "corpus.published_until"),
    "nothing.at_all": ("1", "has no such section"),
}


@pytest.mark.parametrize(("field", "value", "message"), [(field, *rest) for field, rest in TINY.items()])
def test_errors_name_file_field_and_reason(field: str, value: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_recipe("tiny", {field: value})
    assert "tiny" in str(caught.value)
    assert message in str(caught.value)


def test_overrides_are_yaml_values() -> None:
    recipe = load_recipe("tiny", {"schedule.train_steps": "500", "corpus.sections": "[title]"})
    assert recipe.schedule.train_steps == 500
    assert recipe.corpus.sections == ("title",)


@pytest.mark.parametrize("date", ["2020", "2020-03", "2020-03-16"])
def test_dates_mean_what_is_written_whatever_yaml_makes_of_them(date: str) -> None:
    recipe = load_recipe("tiny", {"corpus.published_from": date, "corpus.published_until": date})
    assert (recipe.corpus.published_from, recipe.corpus.published_until) == (date, date)


def test_what_screens_papers_is_plain_values() -> None:
    recipe = load_recipe("tiny", {"corpus.licenses": "[cc-by, cc0]", "corpus.published_from": "2020"})
    assert settings_of(Kind.SIGNATURES, recipe) == {
        "languages": ["en"],
        "language_score": 0.8,
        "licenses": ["cc-by", "cc0"],
        "sources": [],
        "published_from": "2020",
        "near_duplicate_similarity": 0.5,
    }


@pytest.mark.parametrize(("typed", "meant"), [("tinny", "tiny"), ("clincal", "clinical"), ("bioo", "bio")])
def test_an_unknown_recipe_suggests_the_nearest(typed: str, meant: str) -> None:
    with pytest.raises(ConfigurationError, match=f"did you mean {meant}"):
        load_recipe(typed)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name: [", "not YAML"),
        (b"- a\n- b\n", "its top level is no mapping"),
        (b"\xff\xfe", "cannot be read"),
        (b"name: own\n", "architecture: it is missing"),
    ],
)
def test_files_of_ones_own_are_checked_alike(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=message) as caught:
        load_recipe(str(path))
    assert "own.yaml" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_recipe(str(tmp_path / "absent.yaml"))


def test_a_vocabulary_of_the_wrong_size_is_refused() -> None:
    load_recipe("tiny").check_vocabulary_size(123, "vocab.txt")
    with pytest.raises(ConfigurationError, match="it has 28,996 entries, recipe bio needs 58,996"):
        load_recipe("bio").check_vocabulary_size(28_996, "vocab.txt")


def test_parts_of_a_batch_come_out_even() -> None:
    with pytest.raises(ConfigurationError, match="train_batch_size 32 is not a multiple of accumulation 5; 35 is"):
        load_recipe("tiny", {"schedule.accumulation": "5"})
    assert load_recipe("tiny", {"schedule.accumulation": "4"}).schedule.accumulation == 4
