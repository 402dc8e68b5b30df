"""A corpus of any form, opened."""

from __future__ import annotations

from jobs.corpus.cord19.corpus import open_cord19
from jobs.corpus.documents.format import Form
from jobs.corpus.documents.outcome import OpenedCorpus
from jobs.corpus.documents.workspace import Workspace
from jobs.corpus.reading import plain_text
from jobs.corpus.reading.detect_format import form_of, own_files, unread_files
from jobs.corpus.reading.fingerprint import directory_identity, fingerprint
from jobs.corpus.reading.jsonl import Jsonl
from jobs.corpus.reading.own_files import OwnFiles
from jobs.corpus.reading.unlike_text import refuse_other_content, refuse_other_than_text
from jobs.files.place import Place


def open_corpus(place: Place, workspace: Workspace) -> tuple[OpenedCorpus, str]:
    """The corpus, to be read before ``workspace`` is left, and its fingerprint.

    Raises ``ConfigurationError`` when it cannot be used.
    """
    form = form_of(place)
    if form in (Form.JSONL, Form.TEXT):
        files, found = own_files(place, form), fingerprint(place)
        if form is Form.TEXT:
            read, check = plain_text.outcomes, refuse_other_than_text
        else:
            read, check = Jsonl().outcomes, refuse_other_content
        return OwnFiles(place, files, read, check, workspace, unread_files(place, form)), found
    if form is not Form.RELEASE:
        found = fingerprint(place)  # of its bytes, before they are trusted
        return open_cord19(place, form, workspace), found
    corpus = open_cord19(place, form, workspace)
    listing, metadata = corpus.release.listing, corpus.release.metadata
    assert listing is not None, "a directory was listed"
    return corpus, directory_identity(place.store, listing, metadata or workspace.scratch)
