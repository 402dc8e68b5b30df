"""What a paper says about itself and not about its subject: who paid, who wrote, who is thanked, who declares what."""

from __future__ import annotations

import re

import numpy as np

from jobs.corpus.cleaning.headings import has_verb
from jobs.corpus.cleaning.word_set import words

_AUTHORS = r"(?:(?:The |All |Other |Both )?(?:co-)?[Aa]uthors?(?:\(s\))?|We|I)"
_SAY = r"(?:declares?|declared|reports?|confirms?|states?|discloses?|disclosed)(?:\(s\))?"
_INTERESTS = r"\b[^.;]{0,80}\b(?:interests?|conflicts?|disclosures?|disclose)\b"
_ADVERBS = r"(?:[a-z]{1,16}ly |also |all |would like to |wish to |want to |in part ){0,3}"
_FUNDERS = (
    r"(?:[Gg]rants?|[Ff]oundation|[Ff]unds?|[Ff]unding|[Mm]inistry|[Pp]rogram|[Pp]rogramme|[Ii]nstitutes?|[Cc]ouncil|"
    r"[Uu]niversity|NIH|NSF|NSFC|[Aa]wards?|[Aa]gency|[Cc]ommission|[Hh]ospital|[Ss]ociety|[Pp]roject|[Ff]ellowship)"
)
_WORK = r"(?:(?:present|current|research) )?(?:work|study|research|project|publication|paper|article|trial)"
_RECORD = (
    r"(?:manuscript|paper|article|version|versions|publication|submission|draft|drafts|work|study|contents?|results)"
)
_STATEMENTS = re.compile(
    rf"{_AUTHORS} (?:also |have |has )?{_SAY},? (?:that )?(?:(?:they|we|he|she) (?:have|has|had) |"
    rf"there (?:is|are|were) )?(?:no|none|not any){_INTERESTS}|"
    rf"{_AUTHORS} ha(?:ve|s) (?:declared )?(?:no|nothing){_INTERESTS}|"
    r"(?:There (?:is|are) no|No) (?:[a-z]+ ){0,3}(?:conflicts?|competing)\b[^.;]{0,40}"
    r"\b(?:interests?|declared?|disclosed?)\b|"
    r"None declared\b|"
    rf"(?:This|Our|The) {_WORK} (?:was|is|has been) {_ADVERBS}(?:supported|funded|financed|sponsored)\b.{{0,300}}"
    rf"\b{_FUNDERS}\b|"
    rf"(?:This|Our|The) {_WORK} (?:(?:was|is) not (?:supported|funded|financed)\b|"
    r"(?:has )?received (?:no|funding|financial)\b)|"
    r"(?:We|The authors?|Authors) (?:did not receive|received no|report no)\b[^.]{0,40}\b(?:funding|support)\b|"
    r"The (?:study )?(?:funding|funders?|sponsors?)\b[^.]{0,40}\b(?:had|has|have|played|did|were|was) (?:no|not|any)\b|"
    rf"(?:Finally, |Lastly, )?{_AUTHORS} {_ADVERBS}(?:thank\b|acknowledge (?!that )(?:the )?(?:[a-z]+ )?"
    r"(?:supports?|funding|financial|help|assistance|members|staff)\b)|"
    r"(?:We|I|The authors?) (?:are|am) (?:also |all |very |most |extremely |deeply |especially ){0,2}"
    r"(?:grateful|thankful|indebted) (?:to|for)\b|"
    r"All (?:the )?(?:co-)?authors (?:have |had |were )?(?:[a-z]+ly |also )?(?:read|reviewed|approved?|contributed|"
    r"discussed|revised|edited|agreed?|participated|involved|commented|provided|gave|saw)\b[^.]{0,200}"
    rf"\b{_RECORD}\b|"
    r"The corresponding authors? (?:had|has|have|agree|agreed|will|were|was|attests?|confirms?|affirms?)\b|"
    r"(?:[*#†] ?)?(?:Correspondence|Corresponding author|Address correspondence)\b|"
    r"(?:[*#†+] ?)?(?:These|The|Both) (?:first )?authors contributed equally\b[^.]{0,60}\.?$"
)
CORRESPONDING = "orresponding author"
"""Few papers have a sentence with it that is no statement: a review may have written to them."""
_TO_DO = re.compile(r"access|address|approv|attest|available|decision|decide|permission|request|responsib|upon|listed")
_FRONT = re.compile(
    r"(?:Running (?:head|title)|RUNNING (?:HEAD|TITLE)|Short title|Word count|Key ?words|KEY ?WORDS|Abbreviations|"
    r"ABBREVIATIONS)\b[ :;–-]{0,3}"
)
"""What a title's page has. Where a sentence follows, it stays, with this before it."""
_NAME = r"(?:[A-Z]{2,4}|[A-Z]\.(?:[ -]?[A-Z]\.?){0,3})"
_NAMES = rf"{_NAME}(?:(?:, and |, | and |; |,){_NAME}){{0,24}}"
_CONTRIBUTIONS = re.compile(
    rf"(?:Author [Cc]ontributions?:? )?(?P<names>{_NAMES})(?: ?: ?(?:[Cc]oncepts?\b|[Cc]onceptuali[sz]ation|"
    r"[Dd]ata (?:curation|acquisition|analysis)|[Ii]nvestigation|[Ww]riting|[Dd]rafting|[Rr]evising|[Mm]ethodology|"
    r"[Ss]upervision)|(?: also| jointly| both| all)? (?:conceived|conceptuali[sz]ed|designed|wrote|drafted|supervised|"
    r"revised|edited|contributed|reviewed|planned|performed)\b(?: [a-z]+){0,6} (?:stud(?:y|ies)|manuscript|paper|"
    r"experiments|research|work|project|article|draft|equally (?:to this|as|and share))\b)"
)
"""By initials: "H.Z. and S.S. wrote the manuscript.", "DEO: conceptualization, data curation."."""
_ORGANISATIONS = words("WHO CDC FDA NIH EMA FAO OIE UN EU US UK PAHO NHS ECDC IARC DOE")

_BEGINNING = 8
"""Characters."""
_BEGINNINGS = frozenset(
    beginning
    for subject, rest in (
        ("The ", "auth co-a corr curr firs fund pape pres proj publ rese spon stud tria work"),
        ("This ", "art cur pap pre pro pub res stu tri wor"),
        ("Our ", "curr pape pres proj rese stud tria work"),
        (
            "We ",
            "ackno also_ are_a are_d are_e are_g are_i are_m are_t are_v all_t confi decla did_n discl espec furth "
            "grate great have_ kindl parti recei repor since speci state thank want_ warml wish_ would",
        ),
        ("I ", "acknow am_gra am_ind am_tha thank_ wish_t would_"),
        ("All ", "auth co-a the_"),
        ("No ", "compe confl finan other poten relev"),
        (
            "",
            "ABBREVIA Abbrevia Address_ Author_C Author_c Author(s Authors_ Both_aut Correspo Finally, KEYWORDS "
            "KEY_WORD Key_word Keywords Lastly,_ None_dec Other_au RUNNING_ Running_ Short_ti There_ar There_is "
            "These_au These_fi Word_cou *_Corres #_Corres *Corresp #Corresp *_These_ +_These_ *These_a",
        ),
    )
    for beginning in (subject + word.replace("_", " ") for word in rest.split())
)
BEGINNINGS = np.array(sorted(map(str.encode, _BEGINNINGS)), "S8")
"""How a statement begins, unless by initials: sentences.c passes most sentences over by it."""


def is_statement(sentence: str) -> bool:
    """Whether it is one, given that it begins by one of ``BEGINNINGS``, or by initials."""
    if sentence[:_BEGINNING] in _BEGINNINGS:
        return _STATEMENTS.match(sentence) is not None or _is_front(sentence) or _is_contribution(sentence)
    return _is_contribution(sentence)


def says_what_authors_do(sentence: str) -> bool:
    """Whether it says what the corresponding authors do: answer requests, and for the work."""
    return CORRESPONDING in sentence and _TO_DO.search(sentence) is not None


def _is_front(sentence: str) -> bool:
    match = _FRONT.match(sentence)
    return match is not None and not has_verb(sentence[match.end() :].split())


def _is_contribution(sentence: str) -> bool:
    match = _CONTRIBUTIONS.match(sentence)
    return match is not None and not _ORGANISATIONS.intersection(re.findall(r"[A-Z]{2,}", match["names"]))
