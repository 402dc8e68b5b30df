"""Tuning's loss and vectors, on small models."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from jobs.model.bert import Bert, BertConfig
from jobs.model.devices import find_devices
from jobs.model.embedder import Embedder, load_encoder, sentence_vectors
from jobs.model.pairs import padded
from jobs.model.tuning import contrastive_loss
from jobs.publish.embedder_bundle import FILES, write_embedder
from jobs.publish.pooling_files import is_cased, max_length_of
from jobs.search.encoder import TextEncoder
from jobs.steps.token_ids import TokenIds
from jobs.vocabulary import SPECIALS, Vocabulary
from tests.jobs.model.replicas import tuned

ROOT = Path(__file__).parents[3]
SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
VOCABULARY = Vocabulary(
    (*SPECIALS, *["the", "virus", "of", "a", "bat", "lung", "mask", "##s", "protein", "binds", "."])
)
CONFIG = BertConfig(**SMALL, vocab_size=len(VOCABULARY), max_position_embeddings=64, initializer_range=0.5)
TEXTS = ["the virus", "a bat lung .", "masks of the lung", "protein binds the virus of a bat . " * 20, "unknown words"]


def test_the_loss_is_the_mean_of_both_directions() -> None:
    draws = np.random.default_rng(0)
    queries, answers = (draws.normal(size=(5, 8)).astype(np.float32) for _ in range(2))
    queries, answers = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (queries, answers))
    scores = queries @ answers.T / 0.05

    def cross_entropy(rows: np.ndarray) -> float:
        return float((np.log(np.exp(rows).sum(axis=1)) - rows.diagonal()).sum())

    loss = tf.distribute.OneDeviceStrategy("CPU:0").run(
        lambda: contrastive_loss(tf.constant(queries), tf.constant(answers), 0.05)
    )
    assert float(loss) == pytest.approx((cross_entropy(scores) + cross_entropy(scores.T)) / 2, rel=1e-5)


def test_padding_changes_no_vector() -> None:
    model = Bert(CONFIG)
    ids = np.array([2, 6, 7, 3], np.int32)
    short, long = (sentence_vectors(model, *map(tf.constant, padded([ids], length))).numpy() for length in (4, 32))
    np.testing.assert_allclose(short, long, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(long, axis=1), 1, atol=1e-6)


def test_the_bundle_gives_training_s_vectors_to_tensorflow_and_to_numpy(tmp_path: Path) -> None:
    model = Bert(CONFIG)
    google = CONFIG.model_dump() | {"hidden_act": "gelu"}
    weights = {name: variable.numpy() for name, variable in model.variables_by_name.items()}
    write_embedder(tmp_path / "embedder", weights, google, VOCABULARY, cased=True, max_length=24)
    assert {str(p.relative_to(tmp_path / "embedder")) for p in tmp_path.rglob("*") if p.is_file()} == set(FILES)
    assert max_length_of(tmp_path / "embedder") == 24
    token_ids, devices = TokenIds(VOCABULARY, cased=True), find_devices("cpu")
    ids = [token_ids(text, 24) for text in TEXTS]
    assert max(map(len, ids)) == 24
    direct = Embedder(model, devices).encode(ids)
    np.testing.assert_array_equal(Embedder(load_encoder(tmp_path / "embedder", devices), devices).encode(ids), direct)
    np.testing.assert_allclose(TextEncoder(tmp_path / "embedder").encode(TEXTS), direct, atol=2e-6)
    alone = np.concatenate([Embedder(model, devices).encode([text]) for text in ids])
    np.testing.assert_allclose(alone, direct, atol=1e-6)


def test_an_uncased_bundle_reads_every_case_alike(tmp_path: Path) -> None:
    """To training, to search, and with the exact gelu, which bert_config.json spells in its own way."""
    config = CONFIG.model_copy(update={"hidden_act": "gelu"})
    model = Bert(config)
    weights = {name: variable.numpy() for name, variable in model.variables_by_name.items()}
    write_embedder(tmp_path / "e", weights, config.google(), VOCABULARY, cased=False, max_length=24)
    assert not is_cased(tmp_path / "e")
    assert BertConfig.of_google(config.google()) == config
    texts = ["The Virus of a BAT", "the vírus of a bat"]
    token_ids, devices = TokenIds(VOCABULARY, cased=False), find_devices("cpu")
    direct = Embedder(load_encoder(tmp_path / "e", devices), devices).encode([token_ids(text, 24) for text in texts])
    np.testing.assert_array_equal(direct[0], direct[1])
    np.testing.assert_allclose(TextEncoder(tmp_path / "e").encode(texts), direct, atol=2e-6)


def test_a_published_model_may_pool_by_its_first_token() -> None:
    model, devices = Bert(CONFIG), find_devices("cpu")
    ids = np.array([2, 6, 7, 3], np.int32)
    hidden = model.sequence_output(
        *map(tf.constant, (ids[None], np.ones((1, 4), np.int32), np.zeros((1, 4), np.int32)))
    )
    first = hidden.numpy()[0, 0]
    found = Embedder(model, devices, "cls").encode([ids])
    np.testing.assert_allclose(found[0], first / np.linalg.norm(first), atol=1e-6)


def test_two_bundles_of_one_model_are_equal_byte_for_byte(tmp_path: Path) -> None:
    google = CONFIG.model_dump() | {"hidden_act": "gelu"}
    weights = {name: variable.numpy() for name, variable in Bert(CONFIG).variables_by_name.items()}
    for name in ("one", "two"):
        write_embedder(tmp_path / name, weights, google, VOCABULARY, cased=True, max_length=24)
    for file in FILES:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


@pytest.mark.parametrize("replicas", ["2", pytest.param("8", marks=pytest.mark.slow)])
def test_replicas_learn_what_one_does(replicas: str) -> None:
    """Each loss follows an update, and negatives come from all replicas."""
    one = tuned(1)
    command = [sys.executable, "-m", "tests.jobs.model.replicas", replicas]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=1200)
    many = json.loads(done.stdout.splitlines()[-1])
    # A loss is a difference of scores, which are up to 20: of its last digits, so much is their rounding.
    np.testing.assert_allclose(many[0], one[0], rtol=1e-6, atol=1e-6)
    for name, values in one[1].items():
        if name.endswith("key/bias"):
            continue  # attention does not depend on it: its gradient is rounding, which Adam makes as large as others
        # Adam divides by the root of tiny sums: of updates of 0.01 each, so much is rounding on some processors.
        np.testing.assert_allclose(many[1][name], values, rtol=0, atol=1e-5, err_msg=name)
