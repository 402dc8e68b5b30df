"""The fields that the page `JSON output` of the reference promises to programs."""

import re

from json_page import json_page


def reference() -> dict[str, set[str]]:
    """The fields of each section of the page."""
    sections = re.split(r"^## (.*)$", json_page(), flags=re.MULTILINE)[1:]
    tables = zip(sections[::2], sections[1::2], strict=True)
    return {name: set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) for name, text in tables}


REFERENCE = reference()
