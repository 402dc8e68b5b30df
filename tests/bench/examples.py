"""Examples against google-research/bert's ``create_pretraining_data.py``: are they the same, and what do they cost?

    python tests/bench/examples.py --reference DIR_OF_google-research/bert --text FILE --vocab VOCAB

FILE has one sentence a line and a blank line between documents. Both sides run in this process, turn about,
through to TFRecord files; parsed values are compared (the order of protobuf's maps varies, so bytes would not do).
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import sys
import tempfile
import types
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf
from cpu_time import cpu_seconds

from jobs.examples.creation import write_examples
from jobs.examples.encoded import DocumentEncoder
from jobs.examples.wordpiece import WordPiece
from jobs.recipe import load_recipe
from jobs.vocabulary import parse_vocabulary

SETTINGS = load_recipe("clinical").examples


def reference_module(directory: Path) -> types.ModuleType:
    """Their script, made to run on tensorflow 2: its flags are given, its imports are compat.v1's."""
    sys.modules["tensorflow_v1"] = tf.compat.v1
    modules = {}
    for name in ("tokenization", "create_pretraining_data"):
        source = (directory / f"{name}.py").read_text("utf-8")
        source = source.replace("import tensorflow as tf", "import tensorflow_v1 as tf")
        spec = importlib.util.spec_from_loader(name, loader=None)
        assert spec
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = modules[name] = module
        exec(compile(source, f"{name}.py", "exec"), module.__dict__)
    script = modules["create_pretraining_data"]
    script.FLAGS = types.SimpleNamespace(do_whole_word_mask=True)  # type: ignore[attr-defined]
    return script


def run_reference(script: types.ModuleType, text: Path, vocab: Path, dupe_factor: int, target: Path) -> None:
    tokenizer = script.tokenization.FullTokenizer(str(vocab), do_lower_case=False)
    instances = script.create_training_instances(
        [str(text)],
        tokenizer,
        SETTINGS.max_seq_length,
        dupe_factor,
        SETTINGS.short_seq_prob,
        SETTINGS.masked_lm_prob,
        SETTINGS.max_predictions_per_seq,
        random.Random(SETTINGS.random_seed),
    )
    script.write_instance_to_example_files(
        instances, tokenizer, SETTINGS.max_seq_length, SETTINGS.max_predictions_per_seq, [str(target)]
    )


def run_ours(text: Path, vocab: Path, dupe_factor: int, target: Path) -> None:
    vocabulary = parse_vocabulary(vocab.read_bytes(), str(vocab))
    wordpiece = WordPiece(vocabulary)
    encoder = DocumentEncoder(target.with_suffix(".ids"), len(vocabulary))
    document: list[str] = []
    with text.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                document.append(line.strip())
            else:
                encoder.add(*wordpiece.encode_lines(document))
                document = []
    encoder.add(*wordpiece.encode_lines(document))
    write_examples(
        encoder.finish(),
        vocabulary,
        SETTINGS,
        target,
        dupe_factor=dupe_factor,
        random_seed=SETTINGS.random_seed,
        before_document=lambda: None,
    )


def identical(theirs: Path, ours: Path) -> tuple[int, int]:
    """How many examples are equal, place by place, and how many there are on the longer side."""
    records = [list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator()) for path in (theirs, ours)]
    pairs = zip(*records, strict=False)
    same = sum(tf.train.Example.FromString(a) == tf.train.Example.FromString(b) for a, b in pairs)
    return same, max(map(len, records))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--reference", type=Path, required=True, help="a checkout of google-research/bert")
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--vocab", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3, help="of both sides, turn about; the best of each counts")
    arguments = parser.parse_args()
    script = reference_module(arguments.reference)
    for dupe_factor in (1, 5):
        with tempfile.TemporaryDirectory() as directory:
            theirs, ours = (Path(directory) / f"{side}.tfrecord" for side in ("theirs", "ours"))
            spent: dict[str, list[float]] = {"theirs": [], "ours": []}
            for _ in range(arguments.rounds):
                for old in (theirs, ours):  # else whoever overwrites it pays for its removal
                    old.unlink(missing_ok=True)
                common = (arguments.text, arguments.vocab, dupe_factor)
                spent["theirs"].append(cpu_seconds(partial(run_reference, script, *common, theirs)))
                spent["ours"].append(cpu_seconds(partial(run_ours, *common, ours)))
            same, count = identical(theirs, ours)
        best = {side: min(seconds) for side, seconds in spent.items()}
        print(
            f"dupe {dupe_factor}: identical {same}/{count}, CPU {best['theirs'] / best['ours']:.1f} to 1 "
            f"(theirs {best['theirs']:.2f} s, ours {best['ours']:.3f} s, best of {arguments.rounds})"
        )


if __name__ == "__main__":
    main()
