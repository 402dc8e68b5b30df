"""The languages that a paper can be found to be in: the labels of fastText's lid.176."""

from __future__ import annotations

from jobs.nearest import nearest

_CODES = """
af als am an ar arz as ast av az azb ba bar bcl be bg bh bn bo bpy br bs bxr ca cbk ce ceb ckb co cs cv cy da de diq
dsb dty dv el eml en eo es et eu fa fi fr frr fy ga gd gl gn gom gu gv he hi hif hr hsb ht hu hy ia id ie ilo io is
it ja jbo jv ka kk km kn ko krc ku kv kw ky la lb lez li lmo lo lrc lt lv mai mg mhr min mk ml mn mr mrj ms mt mwl
my myv mzn nah nap nds ne new nl nn no oc or os pa pam pfl pl pms pnb ps pt qu rm ro ru rue sa sah sc scn sco sd sh
si sk sl so sq sr su sv sw ta te tg th tk tl tr tt tyv ug uk ur uz vec vep vi vls vo wa war wuu xal xmf yi yo yue zh
"""
LANGUAGES = frozenset(_CODES.split())
"""ISO 639-1 codes, and 639-3 where there is none of these."""

_OTHER_NAMES = {
    "eng": "en", "english": "en", "deu": "de", "ger": "de", "german": "de", "deutsch": "de", "fra": "fr", "fre": "fr",
    "french": "fr", "spa": "es", "spanish": "es", "ita": "it", "italian": "it", "por": "pt", "portuguese": "pt",
    "zho": "zh", "chi": "zh", "chinese": "zh", "rus": "ru", "russian": "ru", "jpn": "ja", "japanese": "ja", "jp": "ja",
    "kor": "ko", "korean": "ko", "ara": "ar", "arabic": "ar", "nld": "nl", "dut": "nl", "dutch": "nl", "pol": "pl",
    "polish": "pl", "tur": "tr", "turkish": "tr", "fas": "fa", "per": "fa", "persian": "fa", "hin": "hi", "hindi": "hi",
    "swe": "sv", "swedish": "sv", "dan": "da", "danish": "da", "fin": "fi", "finnish": "fi", "ces": "cs", "cze": "cs",
    "czech": "cs", "ukr": "uk", "ukrainian": "uk", "ell": "el", "gre": "el", "greek": "el", "cn": "zh",
}  # fmt: skip
"""What people write instead: codes of ISO 639-2 and 639-3, and names."""


def check_language(code: str) -> str:
    """The code itself. Raises ``ValueError``, with the one that is meant, for what no paper is ever found to be in."""
    if code in LANGUAGES:
        return code
    plain = code.strip().lower()
    base = plain.replace("_", "-").partition("-")[0]  # en-US
    meant = next((c for c in (plain, base, _OTHER_NAMES.get(plain), _OTHER_NAMES.get(base)) if c in LANGUAGES), None)
    said = f"; did you mean {meant}?" if meant else nearest(plain, LANGUAGES)
    raise ValueError(f"{code} is no ISO 639-1 code of a language that can be told{said}")
