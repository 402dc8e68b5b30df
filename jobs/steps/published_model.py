"""A published BERT as it describes itself: its directory or archive alone says how it reads text and pools."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from jobs.errors import ConfigurationError
from jobs.json_text import from_json
from jobs.library_errors import in_our_words
from jobs.model.bert import BertConfig
from jobs.model.embedder import Pooling, is_head
from jobs.model.tf1_checkpoint import GoogleWeights
from jobs.steps.checkpoint import open_weights
from jobs.vocabulary import Vocabulary
from jobs.weights.account import listed
from jobs.weights.architecture import GOOGLE_ACTIVATIONS, check_architecture
from jobs.weights.fetching import Expected, fetch, local_name
from jobs.weights.hugging_face import HuggingFaceWeights
from jobs.weights.source import CheckpointFiles, Format, find_source
from jobs.weights.variable_names import tensors
from jobs.weights.vocabulary_file import vocabulary_of

_TANH = ("gelu_new", "gelu_pytorch_tanh")


@dataclass(frozen=True)
class PublishedModel:
    """One that was fetched. What its head for masked words lacks stays random; the encoder is complete."""

    name: str
    config: BertConfig
    vocabulary: Vocabulary
    cased: bool
    pooling: Pooling
    drops_private_use: bool
    """Whether its tokenizer leaves out private-use and unassigned characters, as transformers' do; google's knows them
    for [UNK]."""
    weights: GoogleWeights | HuggingFaceWeights
    held: frozenset[str]
    """The variables that it has, by google's names."""

    @property
    def fills_masks(self) -> bool:
        """Whether it has the whole head for masked words."""
        return all(t.google in self.held for t in tensors(self.config.model_dump()) if "cls/predictions/" in t.google)

    def assign(self, variables: Mapping[str, Any]) -> None:
        """Give a model of its configuration its weights."""
        for name, variable in variables.items():
            if name in self.held:
                variable.assign(self.weights.read(name)[: variable.shape[0]])


def published_model(location: str, identity: str, scratch: Path, stop: Callable[[], None]) -> PublishedModel:
    """Fetch the model that lies there.

    Raises ``ConfigurationError`` when it is not the one of this ``identity``, no BERT, or lacks a part that vectors
    depend on.
    """
    source = find_source(location, "")
    if source.identity(whole=True) != identity:
        reason = "it is not the model that this evaluation was submitted for"
        raise ConfigurationError(location, reason, "submit evaluate again: another model is a new step")
    (scratch / "against").mkdir()
    files, directory = fetch(source, scratch / "against", Expected(), stop)
    for wanted, path in (("configuration", files.configuration), ("vocabulary", files.vocabulary)):
        if not path:
            reason = f"no {wanted} lies beside {files.name}"
            raise ConfigurationError(location, reason, "give the model's whole directory, as it was published")
    name = f"{location}: {files.name}"
    vocabulary = vocabulary_of((directory / local_name(files.vocabulary)).read_bytes(), files.vocabulary)
    data = (directory / local_name(files.configuration)).read_bytes()
    config = _config(data, len(vocabulary), files, name)
    check_architecture(data, config.model_dump(), (), f"{location}: {files.configuration}")
    weights = open_weights(files, directory, config.model_dump() | {"vocab_size": 0}, name)
    contents = weights.contents.without_padding(len(vocabulary))
    shapes = {tensor.google: tensor.shape for tensor in tensors(config.model_dump())}
    held = frozenset(google for google, shape in shapes.items() if contents.shapes.get(google) == shape)
    if missing := [google for google in shapes if google not in held and not is_head(google)]:
        reason = f"{listed(missing)} is not in it, or of another shape"
        raise ConfigurationError(name, reason, "give a BERT, with all of its files")
    weights.check()
    return PublishedModel(
        location.rstrip("/").rpartition("/")[2],
        config,
        vocabulary,
        _cased(directory, files, vocabulary),
        _pooling(directory, files, location),
        files.format is not Format.GOOGLE,
        weights,
        held,
    )


def _config(data: bytes, entries: int, files: CheckpointFiles, source: str) -> BertConfig:
    """google calls the tanh form of gelu "gelu", transformers the exact one."""
    try:
        stored: dict[str, Any] = from_json(data)
        name = stored.get("hidden_act", "gelu")
        if files.format is Format.GOOGLE:
            known = {theirs: ours for ours, theirs in GOOGLE_ACTIVATIONS.items()}
            name = known.get(name, name)
        elif name in _TANH:
            name = "gelu_pytorch_tanh"
        fields = {field: stored[field] for field in BertConfig.model_fields if field in stored}
        return BertConfig(**fields | {"hidden_act": name, "vocab_size": entries})
    except (ValueError, TypeError, AttributeError, ValidationError) as error:
        reason = f"its configuration is no BERT's: {str(error).splitlines()[0]}"
        raise ConfigurationError(source, reason, "compare with a BERT") from error


def _cased(directory: Path, files: CheckpointFiles, vocabulary: Vocabulary) -> bool:
    """What its tokenizer's configuration says; where that is silent, whether an entry has an upper-case letter."""
    if files.tokenizer:
        lower = _mapping(directory, files.tokenizer).get("do_lower_case")
        if isinstance(lower, bool):
            return not lower
    words = [token for token in vocabulary.tokens if not token.startswith("[")]
    return any(word != word.lower() for word in words)


def _pooling(directory: Path, files: CheckpointFiles, location: str) -> Pooling:
    """As sentence-transformers would pool it; the mean, where nothing is said."""
    if not files.pooling:
        return "mean"
    stored = _mapping(directory, files.pooling)
    ways = [
        name.removeprefix("pooling_mode_") for name, on in stored.items() if name.startswith("pooling_mode_") and on
    ]
    found = stored.get("pooling_mode", ways[0] if len(ways) == 1 else " and ".join(ways))
    if found in ("mean", "mean_tokens"):
        return "mean"
    if found in ("cls", "cls_token"):
        return "cls"
    reason = f"it pools by {found or 'nothing'}; the mean, or the first token, can be compared"
    raise ConfigurationError(location, reason, "compare with another model")


def _mapping(directory: Path, path: str) -> dict[str, Any]:
    try:
        found = from_json((directory / local_name(path)).read_bytes())
    except ValueError as error:
        raise ConfigurationError(path, f"not a configuration ({in_our_words(error)})", "get it again") from error
    if not isinstance(found, dict):
        raise ConfigurationError(path, "not a configuration: its top level is no mapping", "get it again")
    return found
