"""A directory as people publish it: packed in the ways that CORD-19 has been."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path


def files_of(directory: Path) -> dict[str, bytes]:
    """Path -> content, sorted."""
    return {str(p.relative_to(directory)): p.read_bytes() for p in sorted(directory.rglob("*")) if p.is_file()}


def member(name: str, data: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


def tar(members: Iterable[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def tar_gz(files: Mapping[str, bytes], prefix: str = "") -> bytes:
    return gzip.compress(tar(member(prefix + name, data) for name, data in files.items()), 1, mtime=0)


def ai2_release(directory: Path) -> bytes:
    """As AI2 publishes: a dated folder, the parses a tar.gz in it, metadata.csv last."""
    files = files_of(directory)
    metadata = files.pop("metadata.csv")
    inner = tar_gz(dict(reversed(files.items())))
    embeddings = gzip.compress(b"not a tar, and nobody looks", mtime=0)
    outer = {
        "changelog": b"2020-06-01\n",
        "cord_19_embeddings.tar.gz": embeddings,
        "document_parses.tar.gz": inner,
        "metadata.csv": metadata,
    }
    folders = [member("2020-06-01", type=tarfile.DIRTYPE), member("2020-06-01/sub", type=tarfile.DIRTYPE)]
    members = [*folders, *(member(f"2020-06-01/{name}", data) for name, data in outer.items())]
    return gzip.compress(tar(members), 1, mtime=0)


def kaggle_zip(directory: Path, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("COVID.DATA.LIC.AGMT.pdf", b"%PDF")
        for name, data in files_of(directory).items():
            archive.writestr(name, data)
    return out.getvalue()
