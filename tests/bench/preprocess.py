"""All of preprocessing, from CORD-19 JSON to TFRecords, against what google-research/bert's script does of it.

    python tests/bench/preprocess.py --reference DIR_OF_google-research/bert --release DIR --vocab VOCAB

Ours are the very steps that the Jobs run, on one shard and a bucket in a temporary directory: ``ingest`` (parse
choice, merging, exact duplicates), ``signatures`` (language, MinHash) and ``preprocess`` (near-duplicates, cleaning,
sentences, WordPiece, pairs, masks, TFRecords). Theirs is ``create_pretraining_data.py`` alone, on the clean sentences
of the documents that ours trains on: reading, cleaning and splitting are given to them. So the ratio says how much less
the whole of ours costs than the last part of theirs. They run turn about, theirs in a process of its own: it needs
tensorflow, which the workers' image has not. Times are of the CPU.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from cpu_time import cpu_seconds

from jobs.artifact import Artifact
from jobs.corpus.cleaning.clean_document import document_sentences
from jobs.corpus.reading.fingerprint import fingerprint
from jobs.files.place import locate
from jobs.named_vocabulary import give_vocabulary
from jobs.recipe import Recipe, load_recipe, settings_of
from jobs.spec import Kind, Spec
from jobs.steps import ingest, preprocess, signatures
from jobs.steps.context import StepContext
from jobs.steps.documents import Documents
from jobs.steps.screened import ScreenedOut
from jobs.store import Store

STEPS = {Kind.INGEST: ingest.run, Kind.SIGNATURES: signatures.run, Kind.PREPROCESS: preprocess.run}


class Chain:
    """The steps of one run, one shard each, in a bucket of their own."""

    def __init__(self, root: Path, release: Path, vocab: Path, recipe: Recipe) -> None:
        self.root, self.release, self.recipe = root, release, recipe
        self.bucket = Store(str(root / "bucket"))
        self.vocabulary = give_vocabulary(self.bucket, vocab.read_bytes())
        self.seconds: dict[Kind, float] = {}

    def run(self) -> StepContext:
        """Runs them all; returns the last one's context."""
        corpus = fingerprint(locate(str(self.release)))
        documents = self._step(Kind.INGEST, {"corpus": corpus}, document_shards=1).artifact.name
        screened = self._step(Kind.SIGNATURES, {"documents": documents}).artifact.name
        inputs = {"documents": documents, "signatures": screened, "vocabulary": self.vocabulary}
        return self._step(Kind.PREPROCESS, inputs)

    def _step(self, kind: Kind, inputs: dict[str, str], **settings: int) -> StepContext:
        artifact = Artifact(self.bucket, Spec(kind, settings_of(kind, self.recipe) | settings, inputs))
        artifact.submit()
        scratch = self.root / kind
        scratch.mkdir()
        context = StepContext(artifact, 0, scratch, lambda: False, str(self.release))

        def work() -> None:
            STEPS[kind](context)
            artifact.finish(signatures.finalize if kind == Kind.SIGNATURES else None)

        self.seconds[kind] = cpu_seconds(work)
        return context


def write_clean_text(context: StepContext, sections: list[str], target: Path) -> tuple[int, int]:
    """What a preprocess step trains on, as their script reads it; returns bytes of it, and of all text as released."""
    documents, screened_out = Documents(context), ScreenedOut(context).of_shard(0)
    released = 0
    with target.open("w", encoding="utf-8") as file:
        for document in documents.read(0):
            released += document.text_bytes
            if document.cord_uid not in screened_out and document.cord_uid not in documents.held_out:
                file.write("".join(f"{sentence}\n" for sentence in document_sentences(document, sections)) + "\n")
    return target.stat().st_size, released


def their_seconds(reference: Path, text: Path, vocab: Path, dupe_factor: int, target: Path) -> float:
    """What their script takes for the examples of a text."""
    from examples import reference_module, run_reference  # tensorflow, in their process alone

    run = partial(run_reference, reference_module(reference), text, vocab, dupe_factor, target)
    seconds: float = cpu_seconds(run)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--reference", type=Path, required=True, help="a checkout of google-research/bert")
    parser.add_argument("--release", type=Path, required=True, help="a CORD-19 directory")
    parser.add_argument("--vocab", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3, help="of both sides, turn about; the best of each counts")
    arguments = parser.parse_args()
    their_process = ProcessPoolExecutor(1, get_context("spawn"))
    for dupe_factor in (1, 5):
        recipe = load_recipe("clinical", {"examples.dupe_factor": str(dupe_factor)})
        ours: dict[str, list[float]] = defaultdict(list)
        theirs: list[float] = []
        for _ in range(arguments.rounds):
            with tempfile.TemporaryDirectory() as directory:
                root = Path(directory)
                chain = Chain(root, arguments.release, arguments.vocab, recipe)
                context = chain.run()
                for kind, seconds in chain.seconds.items():
                    ours[kind].append(seconds)
                ours["all"].append(sum(chain.seconds.values()))
                text = root / "text"
                clean, released = write_clean_text(context, list(recipe.corpus.sections), text)
                common = (arguments.reference, text, arguments.vocab, dupe_factor, root / "theirs.tfrecord")
                theirs.append(their_process.submit(their_seconds, *common).result())
        best = {name: min(seconds) for name, seconds in ours.items()}
        steps = ", ".join(f"{kind} {best[kind]:.2f}" for kind in STEPS)
        print(
            f"dupe {dupe_factor}: CPU {min(theirs) / best['all']:.1f} to 1 (theirs {min(theirs):.2f} s, ours "
            f"{best['all']:.2f} s: {steps}; best of {arguments.rounds}), {released / best['all'] / 1e6:.1f} MB/s of "
            f"{released / 1e6:.1f} MB of text as released, {clean / 1e6:.1f} MB clean",
            flush=True,
        )


if __name__ == "__main__":
    main()
