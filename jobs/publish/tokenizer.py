"""The training tokenizer as ``tokenizer.json``: every character treated as google-research/bert does.

``BertNormalizer`` and ``BertPreTokenizer`` are close, not equal: tokenizers 0.23 deletes all 137,468
private-use characters, where the original gives [UNK], and differs on 375 others (punctuation newer than
its tables, U+2B820 to U+2B91F). So the original's rules are spelled out as three character classes, which
are right for every code point and leave nothing to a version.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece

from jobs.vocabulary import CLS, CONTINUATION, MASK, MAX_WORD_CHARACTERS, PAD, SEP, SPECIALS, UNK, Vocabulary

_CHINESE = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)
_ASCII_SYMBOLS = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def build_tokenizer(vocabulary: Vocabulary, *, cased: bool = True) -> Tokenizer:
    """WordPiece whose ids equal the training tokenizer's, with [CLS] and [SEP] added on request.

    The text "[SEP]" (and its four like) becomes the special token, as everywhere in ``transformers`` and
    as fill-mask needs; training never did so. With ``encode_special_tokens`` set (``split_special_tokens``
    in ``transformers``) it is plain text here too.
    """
    tokenizer = Tokenizer(
        WordPiece(
            vocabulary.ids,
            unk_token=UNK,
            continuing_subword_prefix=CONTINUATION,
            max_input_chars_per_word=MAX_WORD_CHARACTERS,  # 100 by default
        )
    )
    dropped = normalizers.Replace(Regex(_character_class(_is_dropped)), "")
    tokenizer.normalizer = dropped if cased else normalizers.Sequence([dropped, *_folding()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_character_class(_is_space)), "removed"),
            pre_tokenizers.Split(Regex(_character_class(_stands_alone)), "isolated"),
        ]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{CLS}:0 $A:0 {SEP}:0",
        pair=f"{CLS}:0 $A:0 {SEP}:0 $B:1 {SEP}:1",
        special_tokens=[(token, vocabulary.ids[token]) for token in (CLS, SEP)],
    )
    tokenizer.decoder = decoders.WordPiece(prefix=CONTINUATION)
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIALS])
    return tokenizer


def tokenizer_json(vocabulary: Vocabulary, *, cased: bool = True) -> bytes:
    """``tokenizer.json``."""
    return build_tokenizer(vocabulary, cased=cased).to_str(pretty=True).encode() + b"\n"


def tokenizer_config_json(max_length: int, *, cased: bool = True) -> bytes:
    """``tokenizer_config.json``; ``max_length`` is where ``truncation=True`` cuts, in tokens.

    ``tokenizer_class`` is the generic one on purpose: ``BertTokenizer`` of transformers 5 builds its own
    normalizer and takes only the entries from tokenizer.json. Whoever names that class all the same
    finds the case treated as here, by the three BERT settings.
    """
    config: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_input_names": ["input_ids", "token_type_ids", "attention_mask"],
        "model_max_length": max_length,
        "pad_token": PAD,
        "unk_token": UNK,
        "cls_token": CLS,
        "sep_token": SEP,
        "mask_token": MASK,
        "clean_up_tokenization_spaces": False,
        "do_lower_case": not cased,
        "strip_accents": not cased,
        "tokenize_chinese_chars": True,
    }
    return json.dumps(config, indent=2).encode() + b"\n"


def load_tokenizer(data: bytes) -> Callable[[str], list[int]]:
    """Text to ids by a written ``tokenizer.json``, nothing added and special tokens' names read as text."""
    tokenizer = Tokenizer.from_buffer(data)
    tokenizer.encode_special_tokens = True

    def encode(text: str) -> list[int]:
        ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    return encode


def _folding() -> list[normalizers.Normalizer]:
    """Lower case without accents, as an uncased training tokenizer has it.

    Rust lower-cases each character alone; Python's ``str.lower`` makes a capital sigma at a word's end another letter.
    """
    cased, ignorable = _character_class(_is_cased), _character_class(_is_case_ignorable)
    last_sigma = rf"{cased}{ignorable}*\KΣ(?!{ignorable}*{cased})"
    accents = normalizers.Replace(Regex(_character_class(_is_accent)), "")
    return [
        normalizers.Replace(Regex(last_sigma), "ς"),
        normalizers.Lowercase(),
        normalizers.NFD(),
        accents,
    ]


def _is_accent(character: str) -> bool:
    return unicodedata.category(character) == "Mn" or _is_dropped(character)


def _is_cased(character: str) -> bool:
    """Whether a capital sigma after this character is the last letter of a word."""
    return f"{character}Σ".lower().endswith("ς")


def _is_case_ignorable(character: str) -> bool:
    """Whether a capital sigma does not see this character."""
    return f"AΣ{character}A".lower()[1] == "σ" and f"A{character}Σ".lower().endswith("ς") and not _is_cased(character)


def _is_dropped(character: str) -> bool:
    if character in "\t\n\r":
        return False
    return character == "\N{REPLACEMENT CHARACTER}" or unicodedata.category(character) in ("Cc", "Cf")


def _is_space(character: str) -> bool:
    """Where words end: what the original turns into spaces, and what its ``str.split`` splits at besides."""
    return character.isspace() and not _is_dropped(character)


def _stands_alone(character: str) -> bool:
    """Punctuation and Chinese characters are words of their own."""
    code = ord(character)
    return (
        character in _ASCII_SYMBOLS
        or unicodedata.category(character).startswith("P")
        or any(first <= code <= last for first, last in _CHINESE)
    )


@cache
def _character_class(holds: Callable[[str], bool]) -> str:
    """A regular expression's character class of exactly the characters for which ``holds`` is true.

    Characters stand for themselves, since no escape means the same to Oniguruma and to JavaScript,
    where transformers.js reads this file.
    """
    ranges: list[tuple[int, int]] = []
    for code in range(sys.maxunicode + 1):
        if not holds(chr(code)):
            continue
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1] = ranges[-1][0], code
        else:
            ranges.append((code, code))
    return "[" + "".join(_escape(a) if a == b else f"{_escape(a)}-{_escape(b)}" for a, b in ranges) + "]"


def _escape(code: int) -> str:
    return re.sub(r"([\[\]\\^\-/])", r"\\\1", chr(code))
