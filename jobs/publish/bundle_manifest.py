"""``covid-ctl.json`` and ``SHA256SUMS``: what a published directory says of itself, and whether that is so.

A step's name is a hash of its settings and inputs, so the names can be computed again by whoever has the directory, and
with them the chain from the corpus to the weights.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass as record

from jobs.checksums import file_crc32c
from jobs.errors import ConfigurationError
from jobs.files.digest import digest_of
from jobs.publish.model_steps import is_step
from jobs.records import Output, check_path
from jobs.spec import Spec
from jobs.validation import RECORD, Seconds, WholeNumber, parsed

FORMAT = 1


@record(frozen=True, config=RECORD)
class BundleFile:
    path: Annotated[str, AfterValidator(check_path)]
    size: WholeNumber
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    origin: str = ""
    """``STEP/PATH`` of the output that it is a copy of; empty: made for the bundle."""


@record(frozen=True, config=RECORD)
class StepRecord:
    """A step that led here; ``outputs`` are those of a step that files were copied from."""

    name: str
    spec: Spec
    software: dict[str, str] = field(default_factory=dict)
    seconds: Seconds = 0.0
    outputs: tuple[Output, ...] = ()


@record(frozen=True, config=RECORD)
class BundleManifest:
    NAME: ClassVar[str] = "covid-ctl.json"
    SUMS: ClassVar[str] = "SHA256SUMS"

    title: str
    steps: tuple[StepRecord, ...]
    files: tuple[BundleFile, ...]
    format: WholeNumber = FORMAT

    def to_bytes(self) -> bytes:
        steps = [
            {**asdict(step), "spec": step.spec.to_json(), "outputs": [_output(o) for o in step.outputs]}
            for step in self.steps
        ]
        content = {
            "format": self.format,
            "title": self.title,
            "steps": steps,
            "files": [asdict(file) for file in self.files],
        }
        return json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n"

    @classmethod
    def read(cls, directory: Path) -> BundleManifest:
        """Raises ``ConfigurationError`` when there is none, or another file of its name."""
        path = directory / cls.NAME
        try:
            return parsed(cls, path.read_bytes())
        except OSError as error:
            reason = f"it has no {cls.NAME} ({error.strerror})"
            raise ConfigurationError(str(directory), reason, "name a directory that covid-ctl publish made") from error
        except ValueError as error:
            raise ConfigurationError(str(path), str(error), "get it again") from error


@dataclass(frozen=True)
class Checked:
    """What was found of a published directory."""

    title: str
    proved: tuple[str, ...]
    problems: tuple[str, ...]


def check_bundle(directory: Path) -> Checked:
    """Re-hashes every file, reading every byte, and every step's name.

    Raises ``ConfigurationError`` when there is no manifest.
    """
    manifest = BundleManifest.read(directory)
    files, steps = list(_wrong_files(directory, manifest)), list(_wrong_steps(manifest))
    copies = list(_wrong_copies(directory, manifest))
    size = sum(file.size for file in manifest.files)
    proved = []
    if not files:
        proved.append(
            f"{len(manifest.files):,} files, {size:,} bytes: every SHA-256 is the listed one, none is missing"
        )
    if not steps:
        proved.append(
            f"{len(manifest.steps):,} steps: every name follows from its settings and inputs, back to the corpus"
        )
    if not copies:
        copied = sum(bool(file.origin) for file in manifest.files)
        proved.append(f"{copied:,} files are outputs that those steps committed, by size and CRC-32C")
    return Checked(manifest.title, tuple(proved), (*files, *steps, *copies))


def sums_text(directory: Path, manifest: BundleManifest) -> str:
    """``SHA256SUMS`` of all files, the manifest itself among them."""
    own = digest_of(directory / BundleManifest.NAME, BundleManifest.NAME)
    lines = [(file.path, file.sha256) for file in manifest.files] + [(own.name, own.sha256)]
    return "".join(f"{sha256}  {path}\n" for path, sha256 in sorted(lines))


def _wrong_files(directory: Path, manifest: BundleManifest) -> Iterator[str]:
    for file in manifest.files:
        path = directory / file.path
        if not path.is_file():
            yield f"{file.path}: it is not there"
        elif (found := digest_of(path, file.path)).sha256 != file.sha256:
            yield f"{file.path}: its SHA-256 is {found.sha256}, listed is {file.sha256}"
    listed = {file.path for file in manifest.files} | {BundleManifest.NAME, BundleManifest.SUMS}
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory)
        # A copy from the Hub has .gitattributes and .cache/ besides.
        if path.is_file() and not any(part.startswith(".") for part in name.parts) and name.as_posix() not in listed:
            yield f"{name.as_posix()}: it is not listed"
    sums = directory / BundleManifest.SUMS
    if not sums.is_file():
        yield f"{sums.name}: it is not there"
    elif sums.read_text("utf-8", "replace") != sums_text(directory, manifest):
        yield f"{sums.name}: it differs from {BundleManifest.NAME}"


def _wrong_steps(manifest: BundleManifest) -> Iterator[str]:
    names = {step.name for step in manifest.steps}
    for step in manifest.steps:
        if step.spec.name != step.name:
            yield f"{step.name}: its settings and inputs give the name {step.spec.name}"
        for value in step.spec.inputs.values():
            read = value.partition("/")[0]
            if is_step(read) and read not in names:
                yield f"{step.name}: it reads {read}, which is not among the steps"


def _wrong_copies(directory: Path, manifest: BundleManifest) -> Iterator[str]:
    committed = {f"{step.name}/{output.path}": output for step in manifest.steps for output in step.outputs}
    for file in manifest.files:
        if not file.origin:
            continue
        output, path = committed.get(file.origin), directory / file.path
        if output is None:
            yield f"{file.path}: no step committed {file.origin}"
        elif path.is_file() and (path.stat().st_size, file_crc32c(path)) != (output.size, output.crc32c):
            yield f"{file.path}: it is not what {file.origin} was when it was committed"


def _output(output: Output) -> dict[str, object]:
    return {"path": output.path, "size": output.size, "crc32c": output.crc32c}
