"""The data side, run step by step in this process."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.artifact import Artifact, Manifest
from jobs.corpus.reading.fingerprint import fingerprint
from jobs.files.place import locate
from jobs.named_vocabulary import give_vocabulary
from jobs.recipe import CorpusChoice, Filters, load_recipe
from jobs.spec import Kind, Spec
from jobs.steps import ingest, preprocess, signatures, vocabulary
from jobs.steps.context import StepContext
from jobs.steps.screened import ScreenedOut
from jobs.store import Store
from jobs.vocabulary import Vocabulary

RECIPE = load_recipe("tiny", {"vocabulary.learn": "600", "examples.dupe_factor": "1"})
STEPS = {
    Kind.INGEST: ingest.run,
    Kind.SIGNATURES: signatures.run,
    Kind.VOCABULARY: vocabulary.run,
    Kind.PREPROCESS: preprocess.run,
}
FINALIZE = {Kind.SIGNATURES: signatures.finalize, Kind.PREPROCESS: preprocess.finalize}


@dataclass
class Pipeline:
    """The data side on one corpus, its shards run in the order asked for."""

    root: Path
    corpus: Path
    shards: int = 3
    held_out: float = 0.4
    similarity: float = CorpusChoice.model_fields["near_duplicate_similarity"].default
    backwards: bool = False

    def step(self, kind: Kind, settings: dict[str, Any], inputs: dict[str, str], shards: int = 1) -> Artifact:
        artifact = Artifact(Store(str(self.root / "bucket")), Spec(kind, settings, inputs, shards))
        artifact.submit()
        for shard in sorted(range(shards), reverse=self.backwards):
            STEPS[kind](self.context(artifact, shard))
        assert artifact.finish(FINALIZE.get(kind))
        return artifact

    def context(self, artifact: Artifact, shard: int = 0) -> StepContext:
        scratch = self.root / f"scratch-{artifact.name}-{shard}"
        scratch.mkdir(parents=True, exist_ok=True)
        return StepContext(artifact, shard, scratch, threading.Event().is_set, str(self.corpus))

    def screened(self, **filters: Any) -> Artifact:
        settings = {
            "document_shards": self.shards,
            "validation_share": self.held_out,
            "max_quarantined_share": 0.05,
        }
        documents = self.step(Kind.INGEST, settings, {"corpus": fingerprint(locate(str(self.corpus)))})
        settings = Filters(**filters).model_dump(mode="json", exclude_none=True)
        settings["near_duplicate_similarity"] = self.similarity
        return self.step(Kind.SIGNATURES, settings, {"documents": documents.name}, self.shards)

    def learned(self, screened: Artifact) -> Artifact:
        settings = {"learn": 600, "sections": ["title", "abstract", "body"]}
        return self.step(Kind.VOCABULARY, settings, self.inputs(screened))

    def extended(self, screened: Artifact, base: Vocabulary, **extend: int) -> Artifact:
        settings = {"learn": None, "sections": ["title", "abstract", "body"], "extend": extend}
        inputs = {**self.inputs(screened), "base": give_vocabulary(screened.store, base.to_bytes())}
        return self.step(Kind.VOCABULARY, settings, inputs)

    def preprocessed(self, screened: Artifact) -> Manifest:
        settings = {
            **RECIPE.examples.model_dump(),
            "sections": ["title", "abstract", "body"],
            "clean_text": False,
        }
        inputs = {**self.inputs(screened), "vocabulary": f"{self.learned(screened).name}/vocab.txt"}
        return self.step(Kind.PREPROCESS, settings, inputs, self.shards).require()

    def inputs(self, screened: Artifact) -> dict[str, str]:
        return {"documents": screened.spec.inputs["documents"], "signatures": screened.name}

    def asking(self, screened: Artifact) -> StepContext:
        """As a step that reads what was screened."""
        spec = Spec(Kind.PREPROCESS, {}, self.inputs(screened))
        return self.context(Artifact(Store(str(self.root / "bucket")), spec))

    def screened_out(self, screened: Artifact) -> dict[str, str]:
        """cord_uid -> why, over all shards."""
        decision = ScreenedOut(self.asking(screened))
        return {uid: why for shard in range(self.shards) for uid, why in decision.of_shard(shard).items()}
