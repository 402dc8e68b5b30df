"""Detects a corpus's format by its content. Light: the controller does so before it submits."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from jobs.corpus.cord19.layouts import is_json, is_leftover, is_metadata, is_nested_archive
from jobs.corpus.documents.format import ACCEPTED, Form
from jobs.corpus.reading.unlike_text import holds_json_objects, refuse_other_content
from jobs.errors import ConfigurationError
from jobs.files.links import check_links
from jobs.files.packing import GZIP_MAGIC, refuse_other_packing, refuse_packed_names
from jobs.files.place import Place
from jobs.files.tar import is_tar
from jobs.files.zips import ZIP_MAGICS
from jobs.library_errors import in_our_words
from jobs.store import ObjectInfo

HEAD = 1 << 16
"""Bytes of a file that are looked at."""


def form_of(place: Place) -> Form:
    """Detects the format. Raises ``ConfigurationError`` for anything that is not a corpus."""
    return _form_of_file(place) if place.name else _form_of_directory(place)


def own_files(place: Place, form: Form) -> list[ObjectInfo]:
    """The files of a JSONL or text corpus, sorted by path."""
    if place.name:
        return [ObjectInfo(place.name, place.size)]
    return [o for o in place.store.objects() if _ends(o.path, _ENDINGS[form]) and not is_leftover(o.path)]


def unread_files(place: Place, form: Form) -> int:
    """The number of other files in its directory; what macOS leaves, and hidden ones, are none."""
    if place.name:
        return 0
    return len(_unread([o.path for o in place.store.objects() if not is_leftover(o.path)], _ENDINGS[form]))


def _unread(paths: Sequence[str], endings: tuple[str, ...]) -> list[str]:
    return [p for p in paths if not _ends(p, endings) and not any(part.startswith(".") for part in p.split("/"))]


_ENDINGS = {Form.JSONL: (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz"), Form.TEXT: (".txt", ".txt.gz")}
_OTHER_TEXTS = (
    ".csv",
    ".tsv",
    ".html",
    ".htm",
    ".xml",
    ".pdf",
    ".doc",
    ".docx",
    ".odt",
    ".rtf",
    ".tex",
    ".epub",
    ".ris",
    ".md",
    ".rst",
    ".bib",
)
_MAX_UNREAD_SHARE = 0.05


def _ends(path: str, endings: tuple[str, ...]) -> bool:
    return path.lower().endswith(endings)


def _form_of_file(place: Place) -> Form:
    if is_metadata(place.name):
        raise ConfigurationError(
            place.location, "it is the metadata of a release alone", "give the directory it lies in"
        )
    with place.store.open(place.name) as file:
        head = file.read(HEAD)
    if head.startswith(ZIP_MAGICS):
        return Form.ZIP
    head = unpacked_head(head, place.location)
    if is_tar(head):
        return Form.TAR
    refuse_other_content(head, place.name, place.location)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise ConfigurationError(place.location, "it is empty", ACCEPTED)
    if b"\0" in text or text.startswith(b"%PDF"):
        raise ConfigurationError(place.location, "it is neither an archive nor text", ACCEPTED)
    is_jsonl = _ends(place.name, _ENDINGS[Form.JSONL]) or holds_json_objects(text)
    return Form.JSONL if is_jsonl else Form.TEXT


def unpacked_head(head: bytes, source: str) -> bytes:
    """How a file begins that is perhaps gzipped. Raises ``ConfigurationError`` for another packing, and for damage."""
    refuse_other_packing(head, source)
    if not head.startswith(GZIP_MAGIC):
        return head
    try:
        return zlib.decompressobj(31).decompress(head, HEAD)
    except zlib.error as error:
        raise ConfigurationError(source, f"it begins like gzip but is not ({in_our_words(error)})", ACCEPTED) from error


def _form_of_directory(place: Place) -> Form:
    if place.directory:
        check_links(place.directory, place.location)
    if place.store.exists("metadata.csv"):
        return Form.RELEASE
    paths = [o.path for o in place.store.objects() if not is_leftover(o.path)]
    if any(map(is_metadata, paths)):
        return Form.RELEASE
    if any(is_nested_archive(p) or is_json(p) for p in paths):
        _refuse_mixed(paths, place.location)
        return Form.RELEASE
    refuse_packed_names(paths, place.location, _is_readable)
    found = [form for form, endings in _ENDINGS.items() if any(_ends(p, endings) for p in paths)]
    if len(found) == 1:
        _refuse_unread(paths, _ENDINGS[found[0]], place.location)
        return found[0]
    reason = "it holds both .jsonl and .txt files" if found else "there is nothing in it that is a corpus"
    raise ConfigurationError(place.location, reason, ACCEPTED)


def _refuse_mixed(paths: Sequence[str], source: str) -> None:
    """JSON lines beside JSON files, or more plain texts than those, are no release's: the one hides the other."""
    texts = [p for p in paths if _ends(p, _ENDINGS[Form.TEXT])]
    lines = [p for p in paths if _ends(p, _ENDINGS[Form.JSONL])]
    packed = [p for p in paths if is_nested_archive(p) or is_json(p)]
    if lines or len(texts) > len(packed):
        reason = f"it holds {(lines or texts)[0]}, which would be a corpus, and {packed[0]}, which would be another"
        raise ConfigurationError(source, reason, "give a directory with one of them, or the file itself")


def _is_readable(path: str) -> bool:
    """Whether it would be read, or make the directory a release, if it were not packed."""
    return (
        any(_ends(path, endings) for endings in _ENDINGS.values())
        or is_metadata(path)
        or is_json(path)
        or is_nested_archive(path)
    )


def _refuse_unread(paths: Sequence[str], endings: tuple[str, ...], source: str) -> None:
    """A README.txt beside a thousand HTML files does not make them a corpus of one document, nor ten PDFs among a
    hundred texts one of ninety."""
    unread = _unread(paths, endings)
    texts = [path for path in unread if _ends(path.lower().removesuffix(".gz"), _OTHER_TEXTS)]
    if 2 * len(unread) > len(paths) or len(texts) > max(1, _MAX_UNREAD_SHARE * len(paths)):
        raise ConfigurationError(
            source,
            f"{len(unread):,} of its {len(paths):,} files would not be read, first {(texts or unread)[0]}: only those "
            f"ending in {' or '.join(endings)} are",
            "take the text out of the others, or give a directory without them",
        )
