"""A small corpus with examples and a made-up pretrained model, for the steps that tune and evaluate."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from jobs.artifact import Artifact
from jobs.publish.embedder_bundle import write_embedder
from jobs.recipe import load_recipe, settings_of
from jobs.spec import Kind, Spec
from jobs.steps.context import StepContext
from jobs.store import Store
from jobs.vocabulary import parse_vocabulary
from jobs.weights.variable_names import tensors
from tests.jobs.steps.exporting import complete
from tests.jobs.steps.pipeline import Pipeline

RECIPE = load_recipe(
    "tiny",
    {
        "architecture.num_hidden_layers": "1",
        "architecture.hidden_size": "32",
        "architecture.intermediate_size": "64",
        "embedder.train_batch_size": "4",
        "embedder.epochs": "3",
        "embedder.title_length": "16",
        "embedder.abstract_length": "48",
    },
)
NOUNS = ("virus", "mask", "lung", "spike", "protein", "vaccine", "patient", "fever", "child", "school", "trial", "bat")
VERBS = ("binds", "slows", "harms", "protects", "infects", "reaches", "enters", "blocks", "lowers", "raises")


def write_corpus(path: Path, *, papers: int = 48, abstracts: bool = True) -> Path:
    """Papers whose abstracts repeat words of their titles, as JSON lines."""
    draws = np.random.default_rng(1)
    lines = []
    for number in range(papers):
        subject, other, third = draws.choice(NOUNS, 3, replace=False)
        first, second = draws.choice(VERBS, 2, replace=False)
        abstract = f"We study how the {subject} {first} the {other} in group {number}. The {third} {second} it, too."
        fields = {
            "id": f"p{number:03d}",
            "title": f"The {subject} {first} the {other} of patients, part {number}",
            "abstract": abstract if abstracts else "",
            "text": f"In {number} we saw it. The {other} and the {third} of case {number} were {first[:-1]}ed again.",
        }
        lines.append(json.dumps(fields))
    path.write_text("\n".join(lines) + "\n")
    return path


def pretrained(root: Path, corpus: Path, *, shards: int = 2) -> tuple[str, str]:
    """Fills ``root``/bucket; returns the names of a ``preprocess`` step and of a model that was never trained on it."""
    pipeline = Pipeline(root, corpus, shards=shards, held_out=0.3, similarity=1.0)
    examples = pipeline.preprocessed(pipeline.screened(languages=()))
    store = Store(str(root / "bucket"))
    entries = len(parse_vocabulary(store.get(f"{examples.name}/vocab.txt"), "vocab.txt"))
    google = {
        **RECIPE.architecture.model_dump(),
        "vocab_size": entries,
        "hidden_act": "gelu",
    }
    draws = np.random.default_rng(3)
    weights = {
        tensor.google: (draws.normal(0, 0.1, tensor.shape) + tensor.google.endswith("gamma")).astype(np.float32)
        for tensor in tensors(google)
    }
    save_file(weights, root / "weights")
    spec = Spec(Kind.PRETRAIN, {}, {"examples": examples.name}, recipe="tiny")
    files = {
        "model/weights.safetensors": (root / "weights").read_bytes(),
        "model/bert_config.json": json.dumps(google).encode(),
    }
    return examples.name, complete(store, spec, files).name


def step(store: Store, kind: Kind, inputs: Mapping[str, str], **settings: Any) -> Artifact:
    """Submitted, as the recipe has it."""
    artifact = Artifact(store, Spec(kind, {**settings_of(kind, RECIPE), **settings}, inputs, recipe="tiny"))
    artifact.submit()
    return artifact


def embedder_of(root: Path, store: Store, pretrain: str, kind: Kind = Kind.TUNE) -> Artifact:
    """A ``tune`` or ``control`` step that left the pretrained model as it was."""
    directory = root / f"embedder-{kind}"
    model = Artifact.open(store, pretrain)
    examples = model.spec.inputs["examples"]
    vocabulary = parse_vocabulary(store.get(f"{examples}/vocab.txt"), "vocab.txt")
    config = json.loads(store.get(f"{pretrain}/model/bert_config.json"))
    write_embedder(directory, load_file(root / "weights"), config, vocabulary, cased=True, max_length=48)
    files = {
        f"embedder/{path.relative_to(directory)}": path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }
    inputs = {"pretrain": pretrain} if kind is Kind.TUNE else {"examples": examples}
    return complete(store, Spec(kind, {}, inputs, recipe="tiny"), files)


def run(
    artifact: Artifact,
    scratch: Path,
    work: Callable[[StepContext], None],
    *,
    against: str = "",
    stopping: Callable[[], bool] | None = None,
) -> Artifact:
    """Run a step here, to its end."""
    scratch.mkdir(parents=True)
    work(StepContext(artifact, 0, scratch, stopping or threading.Event().is_set, against=against))
    assert artifact.finish()
    return artifact
