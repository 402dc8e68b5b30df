"""The vocabulary beside published weights: ``vocab.txt``, or within ``tokenizer.json`` where that alone is there."""

from __future__ import annotations

from jobs.errors import ConfigurationError
from jobs.json_text import from_json
from jobs.library_errors import in_our_words
from jobs.vocabulary import Vocabulary, parse_vocabulary
from jobs.weights.source import TOKENIZER


def is_json(path: str) -> bool:
    """Whether the file is a ``tokenizer.json``."""
    return path.endswith(TOKENIZER)


def vocabulary_of(data: bytes, path: str) -> Vocabulary:
    """The vocabulary in a file of that path. Raises ``ConfigurationError`` unless it is a BERT WordPiece vocabulary."""
    if not is_json(path):
        return parse_vocabulary(data, path)
    remedy = "give the model's vocab.txt beside its weights"
    try:
        model = from_json(data)["model"]
        kind, entries = model.get("type", "WordPiece"), {str(token): int(id) for token, id in model["vocab"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(path, f"no vocabulary can be read from it ({in_our_words(error)})", remedy) from error
    if kind != "WordPiece" or sorted(entries.values()) != list(range(len(entries))):
        raise ConfigurationError(path, f"its model is {kind}, or its ids have gaps: BERT's is WordPiece", remedy)
    lines = "".join(f"{token}\n" for token in sorted(entries, key=entries.__getitem__))
    return parse_vocabulary(lines.encode(), path)
