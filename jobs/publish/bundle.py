"""The directory that is published: the exported model, its embedder, curves, evaluation, card and checksums.

README.md            the card                         covid-ctl.json  every step's settings, every file's digest
config.json ...      the model for transformers       SHA256SUMS      the same digests for sha256sum
embedder/            the embedder, where there is one; modules.json leads sentence-transformers to it
tensorflow/          the model for google-research/bert's scripts
evaluation/          report.json and report.html, where it was evaluated
runs/                TensorBoard's files, which the Hub shows
held_out_loss.svg    the held-out curve

A pure function of what the bucket records: the same steps give the same bytes, wherever it is assembled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jobs.artifact import Artifact, Manifest
from jobs.checksums import file_crc32c
from jobs.errors import ConfigurationError
from jobs.files.digest import digest_of
from jobs.json_text import from_json
from jobs.layout import CURVES, EMBEDDER, GOOGLE_MODEL, MODEL, REPORT, REPORT_PAGE, TRAINED_CONFIG
from jobs.publish.bundle_manifest import BundleFile, BundleManifest, StepRecord, sums_text
from jobs.publish.card import model_card
from jobs.publish.curve import held_out_curve
from jobs.publish.describe import describe
from jobs.publish.facts import Card
from jobs.publish.model_steps import Ancestor, ModelSteps, ancestors
from jobs.publish.pooling_files import LENGTH, MODULES, POOLING, max_length_of, modules_json
from jobs.publish.whole_card import Found, Publication, whole_card
from jobs.records import Output
from jobs.store import Store

CARD = "README.md"
CURVE = "held_out_loss.svg"
RUNS = "runs"
EVALUATION = "evaluation"
VOCABULARY = "vocab.txt"
_PART = ".part"


@dataclass(frozen=True)
class _Copied:
    """A file of the bundle that a step wrote."""

    path: str
    artifact: Artifact
    output: Output


def write_bundle(
    directory: Path, store: Store, export: Manifest, publication: Publication
) -> tuple[Card, BundleManifest]:
    """Fill ``directory``, which is made; what an interrupted call left in it is used.

    Raises ``ConfigurationError`` when the directory holds anything else, ``DamagedError`` when the bucket does.
    """
    model_steps = ModelSteps.of(store, export.spec.inputs["pretrain"])
    copied = list(_copied(store, export, publication))
    wanted = {one.path for one in copied}
    _refuse_others(directory, wanted)
    for one in copied:
        _fetch(one, directory / one.path)
    google = from_json(Artifact(store, model_steps.pretrain.spec).read(model_steps.pretrain.output(TRAINED_CONFIG)))
    entries = len((directory / VOCABULARY).read_text("utf-8").splitlines())
    card = describe(export.spec, google, model_steps, entries)
    made = list(_made(directory, card, store, model_steps, publication))
    steps = ancestors(store, export, publication.tune, publication.evaluate)
    card = whole_card(card, model_steps, steps, publication, _found(directory, publication))
    (directory / CARD).write_bytes(model_card(card).encode())
    manifest = _manifest(directory, copied, [CARD, *made], steps, card)
    (directory / BundleManifest.NAME).write_bytes(manifest.to_bytes())
    (directory / BundleManifest.SUMS).write_text(sums_text(directory, manifest))
    return card, manifest


def _copied(store: Store, export: Manifest, publication: Publication) -> Iterator[_Copied]:
    """A card, and with an embedder what would hide it from sentence-transformers, is made anew."""
    left_out = {CARD, *((MODULES, POOLING, LENGTH) if publication.tune else ())}
    artifact = Artifact(store, export.spec)
    for output in export.under(MODEL):
        path = output.path.removeprefix(f"{MODEL}/")
        if path not in left_out:
            yield _Copied(path, artifact, output)
    for output in export.under(GOOGLE_MODEL):
        yield _Copied(output.path, artifact, output)
    if tune := publication.tune:
        for output in tune.under(EMBEDDER):
            yield _Copied(output.path, Artifact(store, tune.spec), output)
    if evaluate := publication.evaluate:
        for name in (REPORT, REPORT_PAGE):
            if found := evaluate.find(name):
                yield _Copied(f"{EVALUATION}/{name}", Artifact(store, evaluate.spec), found)


def _refuse_others(directory: Path, wanted: set[str]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    files = [path.relative_to(directory).as_posix() for path in sorted(directory.rglob("*")) if path.is_file()]
    others = [path for path in files if path not in wanted]
    own = (CARD, CURVE, MODULES, BundleManifest.NAME, BundleManifest.SUMS)
    strange = [path for path in others if path not in own and not path.startswith(f"{RUNS}/") and not _is_part(path)]
    if strange:
        more = f" and {len(strange) - 1:,} more" if len(strange) > 1 else ""
        raise ConfigurationError(str(directory), f"it holds other files: {strange[0]}{more}", "name an empty directory")
    for path in others:
        (directory / path).unlink()


def _is_part(path: str) -> bool:
    """Whether it is a file that was being fetched when its writer died."""
    return path.endswith(_PART)


def _fetch(one: _Copied, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and (target.stat().st_size, file_crc32c(target)) == (one.output.size, one.output.crc32c):
        return
    partial = target.with_name(f"{target.name}{_PART}")
    one.artifact.download(one.output, partial)
    partial.replace(target)


def _made(
    directory: Path, card: Card, store: Store, model_steps: ModelSteps, publication: Publication
) -> Iterator[str]:
    """Writes what no step committed; the paths."""
    for name, manifest in (("pretrain", model_steps.pretrain), ("tune", publication.tune)):
        if manifest:
            artifact = Artifact(store, manifest.spec)
            for info in store.objects(artifact.path(CURVES)):
                yield _write(directory, f"{RUNS}/{name}/{info.path.rpartition('/')[2]}", store.get(info.path))
    if publication.tune:
        yield _write(directory, MODULES, modules_json(EMBEDDER, normalize=True).encode())
    if picture := held_out_curve(card.run.scored):
        yield _write(directory, CURVE, picture.encode())


def _write(directory: Path, path: str, data: bytes) -> str:
    (directory / path).parent.mkdir(parents=True, exist_ok=True)
    (directory / path).write_bytes(data)
    return path


def _found(directory: Path, publication: Publication) -> Found:
    report = directory / EVALUATION / REPORT
    return Found(
        embedder_length=max_length_of(directory / EMBEDDER) if publication.tune else 0,
        evaluation_lines=from_json(report.read_bytes()).get("summary", ()) if report.exists() else (),
        curve=CURVE if (directory / CURVE).exists() else "",
        tensorboard=(directory / RUNS).exists(),
    )


def _manifest(
    directory: Path, copied: list[_Copied], made: list[str], steps: list[Ancestor], card: Card
) -> BundleManifest:
    origin = {one.path: f"{one.artifact.name}/{one.output.path}" for one in copied}
    files = [
        BundleFile(path, found.size, found.sha256, origin.get(path, ""))
        for path in sorted([*origin, *made])
        if (found := digest_of(directory / path, path))
    ]
    named = {one.artifact.name for one in copied}
    records = [
        StepRecord(
            step.name,
            step.spec,
            dict(step.manifest.software) if step.manifest else {},
            step.manifest.seconds if step.manifest else 0.0,
            step.manifest.outputs if step.manifest and step.name in named else (),
        )
        for step in steps
    ]
    return BundleManifest(card.title, tuple(records), tuple(files))
