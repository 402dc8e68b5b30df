"""No text makes a rule's time grow with its square: each of these would not end in hours if one did.

Run in a process of its own, so that a rule that hangs fails instead of holding up everything.
"""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from jobs.corpus.documents.document import Document
from jobs.corpus.documents.paragraph import plain
from jobs.corpus.cleaning.clean_document import document_sentences

text = sys.argv[1].encode().decode("unicode_escape") * int(sys.argv[2])
document_sentences(Document("u", "", (), plain([sys.argv[3] + text]), "", "", ""), ["body"])
"""


@pytest.mark.parametrize(
    "text",
    [".", '."', ". ", "(", "[1] ", "1 ", "&", "a b ", "\\\\begin{document}", "a@", "anti- ", "(Fig. 1", "x" * 50 + " "],
)
@pytest.mark.parametrize("before", ["", "peer review "], ids=["alone", "after a notice"])
def test_a_paragraph_of_one_thing_is_cleaned_in_the_end(text: str, before: str) -> None:
    command = [sys.executable, "-c", PROGRAM, text, str(1_000_000 // len(text)), before]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr


def test_torn_addresses_are_no_obstacle() -> None:
    command = [sys.executable, "-c", PROGRAM, "https://doi.org/10. ", "50000", "peer review "]
    assert subprocess.run(command, check=False, timeout=120).returncode == 0
