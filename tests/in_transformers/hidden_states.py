"""What our model computes with the weights of an export, for transformers to compute too.

``python -m tests.in_transformers.hidden_states EXPORT TARGET`` runs in the environment of the jobs. EXPORT is the
directory of an export, TARGET gets the arrays.
"""

import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from jobs.model.bert import Bert, BertConfig
from jobs.model.tf1_checkpoint import GoogleWeights

LENGTH = 48


def main(export: Path, target: Path) -> None:
    google = json.loads((export / "tensorflow" / "bert_config.json").read_bytes())
    config = BertConfig.of_google(google)
    model = Bert(config)
    weights = GoogleWeights(export / "tensorflow" / "bert_model.ckpt", "export", google)
    for name, variable in model.variables_by_name.items():
        variable.assign(weights.read(name))
    rng = np.random.default_rng(0)
    mask = (np.arange(LENGTH) < [[LENGTH], [20], [7]]).astype(np.int32)
    ids = rng.integers(1000, config.vocab_size, (3, LENGTH)).astype(np.int32) * mask
    segments = (np.arange(LENGTH) >= [[30], [9], [4]]).astype(np.int32) * mask
    states = model.sequence_output(*map(tf.constant, (ids, mask, segments)))
    np.savez(target, ids=ids, mask=mask, segments=segments, states=states.numpy())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
