"""What ``evaluate --against`` makes of a published model: ``python -m tests.in_transformers.published_vectors DIRECTORY
TEXTS.json VECTORS.npy`` in the jobs' environment writes our vectors of those texts."""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from jobs.model.bert import Bert
from jobs.model.devices import find_devices
from jobs.steps.contender_text import encoder_of
from jobs.steps.contenders import Contender
from jobs.steps.published_model import published_model
from jobs.weights.source import find_source

LENGTH = 256


def main(directory: str, texts: str, vectors: str) -> None:
    identity = find_source(directory, "").identity(whole=True)
    with tempfile.TemporaryDirectory() as scratch:
        found = published_model(directory, identity, Path(scratch), lambda: None)

        def load() -> Bert:
            model = Bert(found.config)
            found.assign(model.variables_by_name)
            return model

        contender = Contender(
            found.name, load, found.vocabulary, found.cased, 512, found.fills_masks, found.pooling,
            found.drops_private_use,
        )  # fmt: skip
        encode = encoder_of(contender, find_devices("cpu"), LENGTH, lambda: None)
        np.save(vectors, encode(json.loads(Path(texts).read_text())))


if __name__ == "__main__":
    main(*sys.argv[1:])
