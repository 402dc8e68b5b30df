"""Where a checkpoint lies and which files it is made of. Light: the controller asks before it submits."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from jobs.errors import ConfigurationError
from jobs.files.identity import file_identity
from jobs.files.place import Place, locate
from jobs.store import DELIMITER, Store

ACCEPTED_CHECKPOINTS = (
    "give google-research's files by their prefix (DIRECTORY/model.ckpt-150000), a directory with them or with "
    "transformers' model.safetensors or pytorch_model.bin, or an archive (tar, tar.gz, zip) of such a directory"
)
MAX_BYTES = 16 << 30
"""Limit for all files of one checkpoint together; BERT-large with its optimizer's slots has 4.4 GB."""

SAFETENSORS = "model.safetensors"
TORCH = "pytorch_model.bin"
_INDEX = ".index"
_DATA = re.compile(r"(.+)\.data-(\d{5})-of-(\d{5})")
_PART = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5})$")
_SHARD = re.compile(r"(.+)-(\d{5})-of-(\d{5})(\.safetensors|\.bin)")
_SHARDED = ".index.json"
_OTHERS = {
    "tf_model.h5": "Keras weights",
    "flax_model.msgpack": "Flax weights",
    "rust_model.ot": "weights for rust-bert",
    "model.onnx": "an ONNX graph",
}
_CONFIGURATIONS = ("bert_config.json", "config.json", "bert_config*.json")
_TOKENIZER = "tokenizer_config.json"
TOKENIZER = "tokenizer.json"
_VOCABULARIES = ("vocab.txt", "vocab*.txt", TOKENIZER)
POOLING = "1_Pooling/config.json"
"""Below a model's folder, how sentence-transformers makes one vector of its output."""


class Format(StrEnum):
    GOOGLE = "google"
    HUGGING_FACE = "hugging face"
    TORCH = "torch"


@dataclass(frozen=True)
class CheckpointFiles:
    """One checkpoint's files, by their paths in a directory or an archive."""

    format: Format
    name: str
    """The prefix of google's files, or transformers' file (for shards, the file that they are parts of)."""
    weights: tuple[str, ...]
    """The files that hold the numbers, in order."""
    index: tuple[str, ...] = ()
    configuration: str = ""
    """Empty where there is none, as is ``vocabulary``."""
    vocabulary: str = ""

    pooling: str = ""
    """How sentence-transformers pools; a checkpoint's identity leaves it out, a compared model's does not."""
    tokenizer: str = ""
    """transformers' configuration of the tokenizer. It is only compared, so the checkpoint's identity leaves it out."""

    @property
    def fetched(self) -> tuple[str, ...]:
        """All files that are read."""
        return (*self.all, *filter(None, (self.tokenizer, self.pooling)))

    @property
    def all(self) -> tuple[str, ...]:
        """The files that decide what becomes of the checkpoint."""
        return (*self.index, *self.weights, *filter(None, (self.configuration, self.vocabulary)))


@dataclass(frozen=True)
class Source:
    place: Place
    """A directory, or an archive."""
    name: str
    """The checkpoint that is meant where there are several, by the end of its path; empty: there is one."""

    @property
    def is_archive(self) -> bool:
        return bool(self.place.name)

    def identity(self, *, whole: bool = False) -> str:
        """64 hex digits that follow the checkpoint's content, not where it lies.

        With ``whole``, of the model as it is published: how it reads text and pools belongs to it.
        google's index holds the CRC-32C of every tensor, so of its data only the size is asked.
        """
        store = self.place.store
        if self.is_archive:
            return file_identity(store, self.place.name)
        files = self.files()
        sha256 = hashlib.sha256()
        for path in files.fetched if whole else files.all:
            checked = files.format is Format.GOOGLE and path in files.weights
            content = str(store.size(path)) if checked else file_identity(store, path)
            sha256.update(f"{path.rpartition(DELIMITER)[2]}\0{content}\0".encode())
        return sha256.hexdigest()

    def files(self) -> CheckpointFiles:
        """The files in a directory. Raises ``ConfigurationError`` unless there is exactly one complete checkpoint."""
        return choose_checkpoint((o.path for o in self.place.store.objects()), self.name, self.place.location)


def find_source(location: str, name: str) -> Source:
    """Finds ``gs://...``, a path, or the prefix of google's files.

    Raises ``ConfigurationError`` when nothing is there.
    """
    if re.match(r"https?://", location):
        reason = "checkpoints are not fetched from web sites: they ask for a sign-in or a click"
        raise ConfigurationError(location, reason, "download it, then --set initial_checkpoint.path=PATH")
    parent, _, last = _PART.sub("", location.rstrip(DELIMITER)).rpartition(DELIMITER)
    folder = parent or ("." if "://" not in location else "")
    if last and (("://" in folder) or Path(folder).expanduser().is_dir()):
        above = Store(folder, create=False)
        if above.exists(f"{last}{_INDEX}"):
            return Source(Place(folder, above), last)
        if last in (SAFETENSORS, TORCH) and above.exists(last):
            return Source(Place(folder, above), last)
    return Source(locate(location), name)


def choose_checkpoint(paths: Iterable[str], name: str, source: str) -> CheckpointFiles:
    """The one checkpoint among ``paths``, or among several the one that is ``name`` or ends with it. Pure.

    Raises ``ConfigurationError`` when there is none, when several fit, or when it lacks a file.
    """
    known = sorted(paths)
    found = _found(known)
    if not found:
        raise _none(known, source)
    named = [name] if name in found else [path for path in found if name and path.endswith(f"/{name}")]
    chosen = named or list(found)
    if len(chosen) > 1:
        reason = f"it holds {len(chosen)} checkpoints: {', '.join(chosen[:4])}"
        raise ConfigurationError(source, reason, "say which: --set initial_checkpoint.checkpoint=PATH_IN_IT")
    (path,) = chosen
    folder = path.removesuffix(path.rpartition(DELIMITER)[2])
    beside = [p.removeprefix(folder) for p in known if p.startswith(folder) and DELIMITER not in p.removeprefix(folder)]
    return CheckpointFiles(
        found[path],
        path,
        weights=_weights(path, found[path], known, source),
        index=tuple(name for name in _indexes(path, found[path]) if name in known),
        configuration=_beside(folder, beside, _CONFIGURATIONS, source),
        vocabulary=_beside(folder, beside, _VOCABULARIES, source),
        tokenizer=_beside(folder, beside, (_TOKENIZER,), source),
        pooling=folder + POOLING if folder + POOLING in known else "",
    )


def _found(known: list[str]) -> dict[str, Format]:
    """Every checkpoint, in the first format that its folder has: google's, safetensors, then torch's."""
    found = {path.removesuffix(_INDEX): Format.GOOGLE for path in known if path.endswith(_INDEX)}
    for name, format in ((SAFETENSORS, Format.HUGGING_FACE), (TORCH, Format.TORCH)):
        whole = {_whole(path) for path in known}
        candidates = {path for path in whole if path.rpartition(DELIMITER)[2] == name}
        taken = {_folder(path) for path in found} if format is Format.TORCH else set()
        found |= {path: format for path in sorted(candidates) if _folder(path) not in taken}
    return found


def _whole(path: str) -> str:
    """The file that a shard is a part of: ``model-00001-of-00003.safetensors`` belongs to ``model.safetensors``."""
    shard = _SHARD.fullmatch(path)
    return f"{shard[1]}{shard[4]}" if shard else path


def _folder(path: str) -> str:
    return path.rpartition(DELIMITER)[0]


def _weights(path: str, format: Format, known: list[str], source: str) -> tuple[str, ...]:
    if format is Format.GOOGLE:
        return _data_files(path, known, source)
    return (path,) if path in known else _shards(path, known, source)


def _indexes(path: str, format: Format) -> tuple[str, ...]:
    return (f"{path}{_INDEX}",) if format is Format.GOOGLE else (f"{path}{_SHARDED}",)


def _shards(path: str, known: list[str], source: str) -> tuple[str, ...]:
    parts = [match for name in known if (match := _SHARD.fullmatch(name)) and _whole(name) == path]
    count, (stem, suffix) = int(parts[0][3]), (parts[0][1], parts[0][4])
    wanted = [f"{stem}-{number:05d}-of-{count:05d}{suffix}" for number in range(1, count + 1)]
    if missing := [name for name in wanted if name not in known]:
        raise ConfigurationError(source, f"{parts[0][0]} is there, {missing[0]} is not", "get all files of the model")
    return tuple(wanted)


def _data_files(prefix: str, known: list[str], source: str) -> tuple[str, ...]:
    parts = [match for path in known if (match := _DATA.fullmatch(path)) and match[1] == prefix]
    count = int(parts[0][3]) if parts else 1
    wanted = [f"{prefix}.data-{number:05d}-of-{count:05d}" for number in range(count)]
    if missing := [path for path in wanted if path not in known]:
        reason = f"{prefix}{_INDEX} is there, {missing[0]} is not"
        raise ConfigurationError(source, reason, "get the whole checkpoint: its .index and .data files belong together")
    return tuple(wanted)


def _beside(folder: str, names: list[str], patterns: Iterable[str], source: str) -> str:
    """The file beside the weights that fits the first pattern that any fits."""
    for pattern in patterns:
        fitting = [name for name in names if Path(name).match(pattern)]
        if len(fitting) > 1:
            reason = f"it holds {' and '.join(fitting[:3])}, which one is meant cannot be told"
            raise ConfigurationError(source, reason, "leave one of them there")
        if fitting:
            return folder + fitting[0]
    return ""


def _none(known: list[str], source: str) -> ConfigurationError:
    for path in known:
        if data := _DATA.fullmatch(path):
            reason = f"{path} is there, {data[1]}{_INDEX} is not"
            return ConfigurationError(
                source, reason, "get the whole checkpoint: its .index and .data files belong together"
            )
        if what := _OTHERS.get(path.rpartition(DELIMITER)[2]):
            reason = f"it holds {path}, {what}, and no {SAFETENSORS} or {TORCH}"
            return ConfigurationError(source, reason, f"get the model's {SAFETENSORS} or {TORCH}")
    return ConfigurationError(source, "there is no checkpoint in it", ACCEPTED_CHECKPOINTS)
