"""The commit protocol: a shard commits once, a whole is complete when its manifest exists."""

import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.artifact import Artifact, Manifest, Output, add_counts
from jobs.checksums import crc32c
from jobs.errors import ConfigurationError, MissingObjectError, StoreError
from jobs.software import this_software
from jobs.spec import Kind, Spec
from jobs.store import Store


@pytest.fixture
def artifact(bucket: str) -> Artifact:
    made = Artifact(Store(bucket), Spec(Kind.PREPROCESS, settings={}, shards=2))
    made.submit()
    return made


def commit(artifact: Artifact, shard: int, documents: int = 1) -> bool:
    output = artifact.write(f"train/{shard:05d}", b"x" * documents)
    return artifact.commit(shard, [output], counts={"documents": {"read": documents}}, seconds=0.5)


def test_it_is_complete_once_every_shard_is(artifact: Artifact) -> None:
    assert commit(artifact, 1, documents=3)
    assert not artifact.finish()
    assert artifact.manifest() is None
    assert commit(artifact, 0, documents=2)
    assert artifact.finish()
    manifest = artifact.require()
    assert [output.path for output in manifest.outputs] == ["train/00000", "train/00001"]
    assert manifest.counts == {"documents": {"read": 5}}
    assert manifest.seconds == 1.0
    assert manifest.spec == artifact.spec
    assert manifest.software == this_software()


def test_the_first_record_of_a_shard_stands(artifact: Artifact) -> None:
    assert commit(artifact, 0, documents=2)
    assert not commit(artifact, 0, documents=9)
    record = artifact.record(0)
    assert record is not None
    assert record.counts == {"documents": {"read": 2}}


def test_finishing_twice_changes_nothing(artifact: Artifact) -> None:
    commit(artifact, 0)
    commit(artifact, 1)
    artifact.finish()
    first = artifact.store.get(artifact.path("manifest.json"))
    assert artifact.finish()
    assert artifact.store.get(artifact.path("manifest.json")) == first


def test_a_refused_whole_has_no_manifest(artifact: Artifact) -> None:
    def refuse(_: Artifact, manifest: Manifest) -> list[Output]:
        raise ConfigurationError(manifest.name, "not good enough")

    commit(artifact, 0)
    commit(artifact, 1)
    with pytest.raises(ConfigurationError, match="not good enough"):
        artifact.finish(refuse)
    with pytest.raises(MissingObjectError, match="not complete"):
        artifact.require()


def test_the_whole_may_have_outputs_of_its_own(artifact: Artifact) -> None:
    def finalize(whole: Artifact, manifest: Manifest) -> list[Output]:
        return [whole.write("report.json", str(manifest.counts["documents"]["read"]).encode())]

    commit(artifact, 0, documents=2)
    commit(artifact, 1, documents=3)
    assert artifact.finish(finalize)
    first = artifact.store.get(artifact.path("manifest.json"))
    assert artifact.finish(finalize)  # another worker that came last, too
    assert artifact.store.get(artifact.path("manifest.json")) == first
    *_, last = artifact.require().outputs
    assert last.path == "report.json"
    assert artifact.read(last) == b"5"


def test_it_opens_by_name(artifact: Artifact) -> None:
    assert Artifact.open(artifact.store, artifact.name).spec == artifact.spec
    with pytest.raises(ConfigurationError, match="no such step"):
        Artifact.open(artifact.store, "preprocess-00000000")


def test_another_version_of_the_code_refuses(artifact: Artifact) -> None:
    other = Artifact(artifact.store, Spec(Kind.PREPROCESS, settings={}, version=99))
    with pytest.raises(ConfigurationError, match="version 99 of preprocess"):
        other.check_version()


def test_an_output_changed_behind_its_record_is_refused(artifact: Artifact, tmp_path: Path) -> None:
    output = artifact.write("train/00000", b"committed")
    assert artifact.read(output) == b"committed"
    artifact.store.put(artifact.path("train/00000"), b"cOmmitted")
    with pytest.raises(StoreError, match="crc32c"):
        artifact.read(output)
    with pytest.raises(StoreError, match="crc32c"):
        artifact.download(output, tmp_path / "copy")


def test_the_checksum_is_castagnolis() -> None:
    assert crc32c(b"123456789") == "e3069283"  # the check value of CRC-32/ISCSI


def test_uploads_have_the_same_identity_as_writes(artifact: Artifact, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"abc" * 1000)
    assert artifact.upload("a", source) == artifact.write("a", source.read_bytes())


@given(
    st.lists(
        st.fixed_dictionaries({"read": st.integers(0, 9), "dropped": st.dictionaries(st.text(), st.integers(0, 9))})
    )
)
def test_counts_add_up_in_any_order(parts: list[dict[str, Any]]) -> None:
    assert add_counts(parts) == add_counts(reversed(parts))
    assert add_counts(parts).get("read", 0) == sum(part["read"] for part in parts)


def test_an_artifact_whose_bucket_hangs_holds_up_no_other(tmp_path: Path) -> None:
    asked, over = threading.Event(), threading.Event()

    class Hanging(Store):
        def files(self, prefix: str) -> list[str]:
            asked.set()
            over.wait(30)
            return super().files(prefix)

    hanging, other = (
        Artifact(kind(str(tmp_path)), Spec(Kind.INGEST, {"n": n})) for n, kind in enumerate((Hanging, Store))
    )
    thread = threading.Thread(target=lambda: hanging.edition)
    thread.start()
    assert asked.wait(30)
    found: list[int] = []
    second = threading.Thread(target=lambda: found.append(other.edition))
    second.start()
    second.join(20)
    answered = bool(found)
    over.set()
    thread.join()
    second.join()
    assert answered
