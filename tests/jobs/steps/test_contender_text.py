"""How a model that others published reads text where its tokenizer differs from google's."""

import pytest

from jobs.steps.contender_text import without_private_use


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("plain text", "plain text"),
        ("[RCH\ue5fbNNHC(\ue5fbNH)]", "[RCHNNHC(NH)]"),
        ("\U000f0000a\u0378b\ud800", "ab"),
        ("Naïve café, IFN-γ 新型\u200b", "Naïve café, IFN-γ 新型\u200b"),
    ],
)
def test_private_use_and_unassigned_characters_are_left_out(text: str, read: str) -> None:
    assert without_private_use(text) == read
