"""Text of papers stays text in the page, whatever it holds."""

from xml.etree import ElementTree

import pytest

from jobs.report.markup import Markup, element

HOSTILE = {
    "markup": "</p><script>alert(1)</script>",
    "attribute": "\"' onload='x",
    "entity": "&lt;",
    "section": "]]><!-- ",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_text_comes_out_as_it_went_in(text: str) -> None:
    read = ElementTree.fromstring(element("p", text, title=text))
    assert (read.text, read.get("title"), len(read)) == (text, text, 0)


@pytest.mark.parametrize("character", ["\0", "\x1b", "\ud800", "\uffff", "\u202e", "\u2066"])
def test_what_xml_forbids_or_turns_the_text_around_is_shown_as_replaced(character: str) -> None:
    assert element("p", f"a{character}b") == "<p>a\ufffdb</p>"


def test_markup_of_our_own_is_not_escaped() -> None:
    assert element("p", Markup("<br/>"), "<") == "<p><br/>&lt;</p>"
