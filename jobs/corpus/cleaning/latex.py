"""Formulas that pmc_json gives as whole LaTeX documents, preamble and all."""

from __future__ import annotations

import re
import unicodedata

_BEGIN, _END = r"\\begin\s?\{document\}", r"\\end\s?\{document\}"
# What precedes the one or the other, but never reaches into the next document.
_PREAMBLE, _BODY = (rf"[^\\]*+(?>(?:(?!\\documentclass\b|{end})\\[^\\]*+)*)" for end in (_BEGIN, _END))
_DOCUMENT = re.compile(rf"\\documentclass\b{_PREAMBLE}{_BEGIN}({_BODY}){_END}(?=(\S?))")
_CUT_SHORT = re.compile(
    rf"\\documentclass\b(?:{_PREAMBLE}{_BEGIN}\S*)?|\\usepackage(?:\[[^\]]{{0,1000}}\])?\{{[^}}]{{0,1000}}\}}"
)
_WRAPPER = re.compile(
    r"\\(?:hbox|mbox|text(?:rm|it|bf)?|math(?:rm|it|bf|bb|cal|sf)|boldsymbol|operatorname|bar|hat)\b\s*"
)
_GREEK = re.compile(r"\\(?:var)?([A-Za-z]{2,7})(?![A-Za-z])")
_SIGNS = {
    "pm": "±", "times": "×", "cdot": "·", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "sim": "~", "approx": "≈",
    "ne": "≠", "neq": "≠", "to": "→", "rightarrow": "→", "circ": "°", "infty": "∞", "prime": "′", "in": "∈",
}  # fmt: skip
NEEDS = (r"\\documentclass", r"\\usepackage")
_LONGEST = 40
"""A formula that is longer when it is plain is no word of a sentence."""


def plain_formulas(text: str) -> str:
    """``R_0`` for the document that typesets it; nothing where a formula is too long to read plain.

    Where text follows without a blank, that text is the same formula, from the article's MathML: it stays alone.
    """
    text = _DOCUMENT.sub(lambda match: "" if match[2].isalnum() else f" {_plain(match[1])} ", text)
    return _CUT_SHORT.sub("", text)


def _plain(formula: str) -> str:
    formula = formula.replace("$", "").replace("\\%", "%").replace("\\,", " ").replace("~", " ")
    formula = _GREEK.sub(_sign, _WRAPPER.sub("", formula))
    formula = " ".join(formula.replace("{", "").replace("}", "").split())
    return "" if "\\" in formula or "&" in formula or len(formula) > _LONGEST else formula


def _sign(match: re.Match[str]) -> str:
    name = match[1]
    if name in _SIGNS:
        return _SIGNS[name]
    case = "CAPITAL" if name[0].isupper() else "SMALL"
    try:
        return unicodedata.lookup(f"GREEK {case} LETTER {name.upper().replace('LAMBDA', 'LAMDA')}")
    except KeyError:
        return match[0]
