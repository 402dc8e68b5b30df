"""A shard's documents to its TFRecord file, in google-research/bert's order for the same random seed.

Quirks of its ``create_pretraining_data.py``, kept because the published models were made with them:

* The target length, and with probability ``short_seq_prob`` a shorter one, is drawn once per document.
* A chunk of one sentence has no actual next: it gets a random one, so that some 55 % are random in practice.
* After ten draws the "random" document may still be the same one.
* Whole-word groups join across [SEP] when truncation lets B begin with a ``##`` piece.
* The 80/10/10 choice is made per WordPiece, not per word.
* A replacement may be any entry of the vocabulary, special ones and the same one included.
* ``round(128 * 0.15)`` is 19: with the published settings the 20th slot stays empty.

``variant: corrected`` in a recipe turns off those of the pairs: the random document is always another
one, words end at [SEP], and exactly half are random (a chunk has two sentences at least, and a single
last sentence makes no example). A document that is the only one of its part has actual nexts alone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jobs.examples.encoded import EncodedDocuments
from jobs.examples.mapped import ResidentPages, far_file
from jobs.examples.native import Corpus, Settings, library, random_stream
from jobs.examples.shuffling import in_order
from jobs.native import address
from jobs.recipe import Examples
from jobs.vocabulary import CLS, MASK, SEP, Vocabulary

_WRITTEN_AT_ONCE = 384
"""Records: a quarter of a megabyte, which stays in the processor's cache until the system has copied it. Of less at a
time the system makes smaller pages."""
_BUFFERED = 1 << 18
"""Bytes of drafts that are written at a time: a document has fewer."""


def write_examples(
    documents: EncodedDocuments,
    vocabulary: Vocabulary,
    settings: Examples,
    target: Path,
    *,
    dupe_factor: int,
    random_seed: int,
    before_document: Callable[[], None],
) -> NDArray[np.int64]:
    """Write the examples of ``documents``, ``dupe_factor`` times over, shuffled, to the TFRecord file ``target``.

    Returns how many have each length in pieces [max_seq_length + 1]. Equal in value and order to
    ``create_pretraining_data.py --random_seed`` over one text file of the same sentences.
    ``before_document`` may raise to stop. Until they are shuffled the examples are drafts, of a sixth of a record's
    size, in a file beside ``target``; their text is read again from ``documents``.
    """
    random = random_stream(random_seed)
    order = np.empty(len(documents), dtype=np.uint32)
    library.shuffle(address(order), len(order), address(random))
    roles = _roles(vocabulary, settings.whole_word_mask)
    packed = np.empty(len(vocabulary), dtype=np.uint64)
    library.pack_ids(address(packed), len(packed))
    native = _settings(vocabulary, settings, address(roles), address(packed), documents.ids.itemsize)
    size = library.draft_size(native)

    drafts_file = target.with_suffix(".drafts")
    with far_file(documents.ids) as ids_file:
        corpus = Corpus(
            address(documents.ids),
            address(documents.sentence_ends),
            address(documents.document_ends),
            address(order),
            len(order),
            ids_file,
        )
        sentences = int(np.diff(documents.document_ends, prepend=0).max(initial=0))
        buffer = np.empty(sentences * size, dtype=np.uint8)
        count = 0
        resident = ResidentPages(documents.ids, documents.sentence_ends)
        state, drafts_at, usual = address(random), address(buffer), documents.ids.nbytes // max(1, len(order))
        with drafts_file.open("wb", buffering=_BUFFERED) as file:
            for done in range(dupe_factor * len(order)):
                before_document()
                made = library.draft_document(corpus, native, state, done % len(order), drafts_at)
                file.write(buffer[: made * size].data)
                count += made
                resident.read(usual)

        numbers = np.empty(count, dtype=np.uint32)
        library.shuffle(address(numbers), count, address(random))
        lengths = np.zeros(settings.max_seq_length + 1, dtype=np.int64)
        out = np.empty(_WRITTEN_AT_ONCE * library.record_limit(native), dtype=np.uint8)
        with target.open("wb") as file:
            for drafts, places in in_order(drafts_file, size, numbers):
                for first in range(0, len(places), _WRITTEN_AT_ONCE):
                    part = places[first : first + _WRITTEN_AT_ONCE]
                    counted = (len(part), address(lengths), address(out))
                    written = library.write_records(corpus, native, address(drafts), address(part), *counted)
                    file.write(out[:written].data)
    return lengths


def _settings(vocabulary: Vocabulary, settings: Examples, roles: int, packed: int, id_size: int) -> Settings:
    ids = vocabulary.ids
    return Settings(
        masked_lm_prob=settings.masked_lm_prob,
        short_seq_prob=settings.short_seq_prob,
        roles=roles,
        packed=packed,
        cls_id=ids[CLS],
        sep_id=ids[SEP],
        mask_id=ids[MASK],
        vocabulary_size=len(vocabulary),
        max_seq_length=settings.max_seq_length,
        max_predictions_per_seq=settings.max_predictions_per_seq,
        corrected=settings.variant == "corrected",
        id_size=id_size,
    )


def _roles(vocabulary: Vocabulary, whole_word_mask: bool) -> NDArray[np.uint8]:
    """What each id is to masking; the numbers are creation.c's."""
    begins, continues, special = range(3)
    roles = np.full(len(vocabulary), begins, dtype=np.uint8)
    if whole_word_mask:
        roles[np.frombuffer(vocabulary.continues, np.bool_)] = continues
    ids = vocabulary.ids
    roles[[ids[CLS], ids[SEP]]] = special
    return roles
