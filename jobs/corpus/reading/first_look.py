"""What can be told of a corpus before a step is submitted, by the functions that ``ingest`` uses. Light.

Of a corpus of one's own, how each file begins; of a release, its metadata.csv's columns, a zip's members and, without
metadata, a few of its parses. What only reading all of it tells is left to ``ingest``; so is what lies in a tar.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from zipfile import ZipInfo

from jobs.corpus.cord19.layouts import choose_metadata, is_json, is_nested_archive, is_zip_name
from jobs.corpus.cord19.listing import list_release, refuse_packed_metadata
from jobs.corpus.cord19.metadata import check_joined, read_columns
from jobs.corpus.cord19.paper_id import check_paper_id
from jobs.corpus.cord19.parse_files import gunzipped
from jobs.corpus.cord19.refused_members import refuse_without_metadata, refuse_without_papers, refused_member
from jobs.corpus.documents.format import Form
from jobs.corpus.documents.lenient_json import read_json
from jobs.corpus.documents.quarantine import MalformedError, Quarantined
from jobs.corpus.documents.size_limit import MAX_DOCUMENT_BYTES
from jobs.corpus.reading.detect_format import HEAD, form_of, own_files, unpacked_head
from jobs.corpus.reading.jsonl import Jsonl
from jobs.corpus.reading.lines import Line
from jobs.corpus.reading.unlike_text import refuse_other_content, refuse_other_than_text
from jobs.errors import ConfigurationError
from jobs.files.names import printable
from jobs.files.packing import GZIP_MAGIC
from jobs.files.place import Place
from jobs.files.zips import ZIP_ERRORS, open_zip, zip_path, zip_remedy
from jobs.store import Store

_LOOKED_AT = 10
"""Parses, or lines of JSON, that are read. Where none of them can be read, and all for one reason, none can."""


def first_look(place: Place) -> None:
    """Raises ``ConfigurationError`` for a corpus that ``ingest`` would refuse, as far as is told soon."""
    form = form_of(place)
    if form in (Form.TEXT, Form.JSONL):
        _look_at_own(place, form)
    elif form is Form.RELEASE:
        _look_at_release(place)
    elif form is Form.ZIP:
        _look_at_zip(place.store, place.name, place.location)


def _look_at_own(place: Place, form: Form) -> None:
    check = refuse_other_than_text if form is Form.TEXT else refuse_other_content
    faults: list[Quarantined | None] = []
    for file in own_files(place, form):
        source = place.location if place.name else f"{place.location.rstrip('/')}/{file.path}"
        with place.store.open(file.path) as opened:
            head = unpacked_head(opened.read(HEAD), source)
        check(head, file.path, source)
        if form is Form.JSONL and len(faults) < _LOOKED_AT:
            outcomes = Jsonl().outcomes(file.path, _whole_lines(head))
            faults += [next(iter(outcome.quarantine), None) for outcome in islice(outcomes, _LOOKED_AT)]
    _refuse_all(faults, place.location, "write one JSON object a line, with the fields id, title, abstract and text")


def _whole_lines(head: bytes) -> Iterator[Line]:
    lines = head.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True)
    for number, data in enumerate(lines[:-1] if len(head) >= HEAD else lines, 1):
        yield Line(number, data, len(data))


def _look_at_release(place: Place) -> None:
    listing = list_release(place.store)
    if listing.metadata:
        source = f"{place.location.rstrip('/')}/{listing.metadata}"
        with place.store.open(listing.metadata) as file:
            columns = read_columns(file, source)
        check_joined(columns, listing.files, source)
    elif listing.archives and not listing.files:
        for archive in filter(lambda archive: is_zip_name(archive.path), listing.archives[:1]):
            _look_at_zip(place.store, archive.path, f"{place.location.rstrip('/')}/{archive.path}")
    else:
        paths = [file.path for file in listing.files if file.size <= MAX_DOCUMENT_BYTES]
        some = paths[:: max(1, len(paths) // _LOOKED_AT)]
        _refuse_all(
            [_fault(path, place.store) for path in some], place.location, "give the parses as they were released"
        )


def _fault(path: str, store: Store) -> Quarantined | None:
    data = store.get(path)
    try:
        check_paper_id(path, _paper_id(gunzipped(data) if data.startswith(GZIP_MAGIC) else data))
    except MalformedError as error:
        return Quarantined(path, error.reason, error.position)
    return None


def _paper_id(data: bytes) -> object:
    """Raises ``MalformedError`` for what is no parse; ``parse.read_parse``, which is not light, looks at more of it."""
    parse: object = read_json(data, lambda value: value, lambda _: ())
    if not isinstance(parse, dict) or "body_text" not in parse:
        raise MalformedError("no body_text")
    return parse.get("paper_id")


def _refuse_all(faults: Sequence[Quarantined | None], source: str, remedy: str) -> None:
    """Raises ``ConfigurationError`` where each of what was looked at has a fault, and all the same."""
    found = [fault for fault in faults if fault is not None]
    if found and len(found) == len(faults) and len({fault.reason.partition(" (")[0] for fault in found}) == 1:
        where = f"{found[0].file}{f' {found[0].position}' if found[0].position else ''}"
        reason = f"none of the first {len(found)} documents can be read, as in {where}: {found[0].reason}"
        raise ConfigurationError(source, reason, remedy)


def _look_at_zip(store: Store, name: str, source: str) -> None:
    with open_zip(store.open(name), source) as archive:
        members: dict[str, ZipInfo] = {}
        refused: list[Quarantined] = []
        for info in archive.infolist():
            path, problem = zip_path(info)
            if problem:
                refused.append(refused_member(path or printable(info.filename), problem))
            elif not info.is_dir():
                members.setdefault(path, info)
        metadata = choose_metadata(members, source)
        parses = [path for path in members if is_json(path)]
        if metadata:
            try:
                with archive.open(members[metadata]) as file:
                    columns = read_columns(file, f"{source}: {metadata}")
            except ZIP_ERRORS as error:
                raise ConfigurationError(
                    source, f"{metadata} cannot be unpacked ({error})", zip_remedy(error)
                ) from error
            check_joined(columns, parses, f"{source}: {metadata}")
        elif not any(map(is_nested_archive, members)):
            refuse_packed_metadata([*members], source)
            if not parses:
                refuse_without_papers(refused, source)
            refuse_without_metadata(refused, source)
