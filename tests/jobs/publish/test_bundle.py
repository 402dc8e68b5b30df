"""A published directory: what it holds, that it is the same each time, and what its checksums prove."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from huggingface_hub import ModelCardData
from huggingface_hub.repocard_data import eval_results_to_model_index, model_index_to_eval_results

from jobs.artifact import Artifact, Manifest
from jobs.errors import ConfigurationError
from jobs.prices import Price
from jobs.publish.bundle import write_bundle
from jobs.publish.bundle_manifest import check_bundle
from jobs.publish.facts import Card
from jobs.publish.front_matter import results
from jobs.publish.whole_card import Circumstances, Publication
from jobs.spec import Kind
from jobs.store import Store
from tests.published import IMAGE, MODEL, RELEASE, fill


def manifest_of(store: Store, kind: Kind) -> Manifest:
    (name,) = (name for name in store.folders() if name.startswith(f"{kind}-"))
    return Artifact.open(store, name).require()


def publication(store: Store, *, whole: bool = True) -> Publication:
    names = [name for name in store.folders() if name != "ledger"]
    pretrain = manifest_of(store, Kind.PRETRAIN).name
    price = {pretrain: Price(8.0, "on demand in us-central1, 2026-11")}
    return Publication(
        circumstances={name: Circumstances("2020-09-14", IMAGE, price.get(name)) for name in names},
        tune=manifest_of(store, Kind.TUNE) if whole else None,
        evaluate=manifest_of(store, Kind.EVALUATE) if whole else None,
        authors=("Ann Example", "Bob {Curly} Example"),
        repository="org/tiny" if whole else "",
    )


def made(store: Store, directory: Path, *, whole: bool = True) -> Card:
    card, _ = write_bundle(directory, store, manifest_of(store, Kind.EXPORT), publication(store, whole=whole))
    return card


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return fill(tmp_path_factory.mktemp("bucket"))


@pytest.fixture(scope="module")
def bundle(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("bundle")
    made(store, directory)
    return directory


def files(directory: Path) -> dict[str, bytes]:
    return {p.relative_to(directory).as_posix(): p.read_bytes() for p in directory.rglob("*") if p.is_file()}


def test_it_has_every_form_of_the_model(bundle: Path) -> None:
    found = files(bundle)
    assert found["model.safetensors"] == MODEL["model.safetensors"]
    assert {
        "tensorflow/bert_model.ckpt.index",
        "evaluation/report.html",
        "runs/pretrain/events.out.tfevents.00000000",
    } < {*found}
    modules = json.loads(found["modules.json"])
    assert [module["path"] for module in modules] == ["embedder", "embedder/1_Pooling", "embedder/2_Normalize"]
    assert {"embedder/model.safetensors", "embedder/1_Pooling/config.json"} < {*found}
    assert "1_Pooling/config.json" not in found
    assert found["held_out_loss.svg"].startswith(b"<svg")


def test_without_an_embedder_the_model_itself_is_what_sentence_transformers_loads(store: Store, tmp_path: Path) -> None:
    made(store, tmp_path, whole=False)
    found = files(tmp_path)
    assert found["modules.json"] == MODEL["modules.json"]
    assert "1_Pooling/config.json" in found
    assert not [path for path in found if path.startswith(("embedder", "evaluation"))]
    assert "`SentenceTransformer(MODEL)`" in found["README.md"].decode()


def test_it_is_the_same_wherever_and_whenever_it_is_made(store: Store, bundle: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(store.location, tmp_path / "moved", copy_function=shutil.copy)
    made(Store(str(moved)), tmp_path / "again")
    assert files(tmp_path / "again") == files(bundle)


def test_what_an_interrupted_call_left_is_used_and_what_it_did_not_finish_is_not(
    store: Store, bundle: Path, tmp_path: Path
) -> None:
    directory = shutil.copytree(bundle, tmp_path / "bundle")
    (directory / "model.safetensors").write_bytes(b"half")
    (directory / "config.json.part").write_bytes(b"{")
    (directory / "runs/pretrain/events.out.tfevents.00000007").write_bytes(b"of another run")
    made(store, directory)
    assert files(directory) == files(bundle)


def test_a_directory_with_other_files_is_refused(store: Store, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ConfigurationError, match=r"it holds other files: thesis\.tex"):
        made(store, tmp_path)
    assert files(tmp_path) == {"thesis.tex": b"mine"}


def test_the_card_tells_what_a_reviewer_asks(bundle: Path, store: Store) -> None:
    card = (bundle / "README.md").read_text("utf-8")
    pretrain = manifest_of(store, Kind.PRETRAIN)
    for line in (
        "The corpus is CORD-19, release of 2020-07-16. Compare your copy with `sha256sum`:",
        f"| `{RELEASE['name']}` | 123,456 | `{RELEASE['sha256']}` |",
        "| cc-by | 12 |",
        "| not stated | 8 |",
        "| time | 2 h |",
        "| device-hours | 16 |",
        "| cost of training | $16.00 ($8 an hour, on demand in us-central1, 2026-11) |",
        "| energy | 1.94 kWh, an estimate: 4 chips at 220 W a chip (its measured mean power, "
        "cloud.google.com/tpu/docs/v3), times 1.1 for the data centre; no host |",
        "![Masked-word loss on held-out documents by training step](held_out_loss.svg)",
        "  tuned embedder  0.700",
        "- **Search.** Its embedder was not shown to find held-out papers better than BM25 does: a mean reciprocal "
        "rank of 0.700 against 0.750.",
        "- **Unknown characters.** 0.12% of the corpus's pieces are [UNK] to its vocabulary.",
        "- **Abstracts.** It saw no full text of 3 of 22 papers (14%).",
        "  author = {Ann Example and Bob Curly Example},",
        'MODEL = "org/tiny"  # or the path of a copy',
    ):
        assert f"\n{line}\n" in card, line
    for kind in ("ingest", "signatures", "vocabulary", "preprocess", "pretrain-tiny", "export-tiny", "evaluate-tiny"):
        assert re.search(rf"\| `{kind}-[0-9a-f]{{8}}` \| \d+ \| 2020-09-14 \| 0\.50 \|", card), kind
    assert f"| {pretrain.software['version']}" in card.replace("`", "")
    assert IMAGE in card


def test_the_hub_reads_its_front_matter(bundle: Path, store: Store, tmp_path: Path) -> None:
    _, block, _ = (bundle / "README.md").read_text("utf-8").split("---\n", 2)
    loaded = yaml.safe_load(block)
    data = ModelCardData(**loaded, ignore_metadata_errors=False)
    assert data.eval_results
    assert {"tensorboard", "sentence-transformers"} < set(loaded["tags"])
    name, found = model_index_to_eval_results(loaded["model-index"])
    assert eval_results_to_model_index(name, found) == loaded["model-index"]
    told = {(result.task_type, result.metric_type): result.metric_value for result in found}
    assert told["fill-mask", "accuracy"] == 0.4712
    assert {result.metric_name for result in found if result.task_type == "text-retrieval"} == {
        f"{metric} ({of})" for metric in ("mrr", "recall_at_1", "recall_at_10") for of in ("pretrained", "tuned")
    }
    figures = {result.key: result.value for result in results(made(store, tmp_path))}
    assert figures["bm25.mrr"] == 0.75
    assert figures["held_out.accuracy"] == 0.4712


HOSTILE = 'Tiny: "quoted"\n---\nlicense: wtfpl # | <img src=x>\u202e'


def test_what_a_recipe_says_never_becomes_structure(tmp_path: Path) -> None:
    overrides = {"publication.title": json.dumps(HOSTILE), "description": json.dumps(HOSTILE)}
    store = fill(tmp_path / "bucket", **overrides, **{"publication.license": json.dumps("apache-2.0\ntags: [x]")})
    made(store, tmp_path / "bundle")
    _, block, rest = (tmp_path / "bundle" / "README.md").read_text("utf-8").split("---\n", 2)
    loaded = yaml.safe_load(block)
    assert loaded["license"] == "apache-2.0 tags: [x]"
    assert loaded["model-index"][0]["name"] == 'Tiny: "quoted" --- license: wtfpl # | <img src=x>'
    assert rest.splitlines()[1] == r'# Tiny: "quoted" --- license: wtfpl \# \| \<img src=x\>'


def test_it_proves_itself_and_sha256sum_agrees(bundle: Path) -> None:
    checked = check_bundle(bundle)
    assert checked.problems == ()
    assert len(checked.proved) == 3
    subprocess.run(["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"], cwd=bundle, check=True)


def test_a_copy_from_the_hub_has_files_of_its_own(bundle: Path, tmp_path: Path) -> None:
    directory = shutil.copytree(bundle, tmp_path / "bundle")
    (directory / ".gitattributes").write_text("*.safetensors filter=lfs")
    (directory / ".cache" / "huggingface").mkdir(parents=True)
    (directory / ".cache" / "huggingface" / "x.lock").touch()
    assert check_bundle(directory).problems == ()


def edit_json(directory: Path, edit: Callable[[dict[str, object]], None]) -> None:
    path = directory / "covid-ctl.json"
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


def flip(directory: Path) -> None:
    data = bytearray((directory / "model.safetensors").read_bytes())
    data[100] ^= 1
    (directory / "model.safetensors").write_bytes(data)


def claim_other_settings(directory: Path) -> None:
    def edit(content: dict[str, object]) -> None:
        (step,) = (s for s in content["steps"] if s["name"].startswith("pretrain"))  # type: ignore[attr-defined]
        step["spec"]["settings"]["schedule"]["train_steps"] = 150_000

    edit_json(directory, edit)


def leave_out_a_step(directory: Path) -> None:
    def edit(content: dict[str, object]) -> None:
        content["steps"] = [s for s in content["steps"] if not s["name"].startswith("ingest")]  # type: ignore[attr-defined]

    edit_json(directory, edit)


def claim_another_origin(directory: Path) -> None:
    def edit(content: dict[str, object]) -> None:
        (file,) = (f for f in content["files"] if f["path"] == "vocab.txt")  # type: ignore[attr-defined]
        file["origin"] = file["origin"].replace("vocab.txt", "config.json")

    edit_json(directory, edit)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (flip, r"model\.safetensors: its SHA-256 is"),
        (lambda directory: (directory / "vocab.txt").unlink(), r"vocab\.txt: it is not there"),
        (lambda directory: (directory / "extra.py").touch(), r"extra\.py: it is not listed"),
        (lambda directory: (directory / "SHA256SUMS").write_text(""), "SHA256SUMS: it differs"),
        (claim_other_settings, r"pretrain-tiny-\w+: its settings and inputs give the name pretrain-tiny-"),
        (leave_out_a_step, r"signatures-\w+: it reads ingest-\w+, which is not among the steps"),
        (claim_another_origin, r"vocab\.txt: it is not what export-tiny-\w+/model/config\.json was"),
    ],
    ids=["flipped", "gone", "added", "sums", "settings", "step", "origin"],
)
def test_whatever_is_changed_is_named(
    bundle: Path, tmp_path: Path, damage: Callable[[Path], object], said: str
) -> None:
    directory = shutil.copytree(bundle, tmp_path / "bundle")
    damage(directory)
    assert any(re.match(said, problem) for problem in check_bundle(directory).problems)


def test_a_directory_without_a_manifest_cannot_be_checked(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"it has no covid-ctl\.json"):
        check_bundle(tmp_path)
