"""The language of a document: found offline, from a bounded sample, alike in every thread."""

from __future__ import annotations

import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.corpus.screening.language import NONE, PIECE_CHARACTERS, PIECES, Language, language_of, sample

ENGLISH = "We enrolled patients who were admitted with fever and dry cough to a hospital in the city during April."
TEXTS = {
    "en": ENGLISH,
    "es": "Los pacientes ingresados en el hospital presentaban fiebre y tos seca durante el mes de abril.",
    "de": "Die Patienten wurden mit Fieber und trockenem Husten in das Krankenhaus der Stadt aufgenommen.",
    "fr": "Les patients admis à l'hôpital de la ville présentaient de la fièvre et une toux sèche.",
    "it": "I pazienti ricoverati nell'ospedale della città presentavano febbre e tosse secca.",
    "pt": "Os pacientes internados no hospital da cidade apresentavam febre e tosse seca há vários dias.",
    "zh": (
        "新型冠状病毒肺炎疫情期间，医院感染防控工作面临巨大挑战。"
        "我们回顾性分析了确诊患者的临床资料，结果显示发热、乏力、干咳为主要表现。"
    ),
    "ru": "Пациенты были госпитализированы с лихорадкой и сухим кашлем в течение апреля.",
}


def detected(texts: list[str]) -> Language:
    return language_of(sample(texts))


@pytest.mark.parametrize("code", TEXTS)
def test_a_paper_is_in_its_language(code: str) -> None:
    found = detected(["", TEXTS[code], TEXTS[code]])
    assert found.code == code
    assert found.score > 0.85


@pytest.mark.parametrize("texts", [[], [""], ["12.5 (3.4) [7]", "— % ±"]])
def test_without_letters_there_is_no_language(texts: list[str]) -> None:
    assert detected(texts) == NONE


def test_capitals_do_not_matter() -> None:
    assert detected([ENGLISH.upper()]).code == "en"


def test_garbled_english_is_never_certainly_something_else() -> None:
    rng = random.Random(1)
    for _ in range(200):
        letters = [c if rng.random() > 0.25 else rng.choice("aeioulrnst ") for c in ENGLISH * 3]
        found = detected(["".join(letters)])
        assert found.code == "en" or found.score < 0.8, "".join(letters)


def test_an_english_abstract_does_not_hide_a_spanish_body() -> None:
    assert detected([ENGLISH, TEXTS["es"] * 30]).code == "es"


@given(st.lists(st.text(), max_size=5), st.integers(1, 400))
def test_the_sample_is_bounded_one_line_and_from_the_text(texts: list[str], times: int) -> None:
    found = sample(texts * times)
    assert len(found) <= PIECES * (PIECE_CHARACTERS + 1)
    assert found == " ".join(found.split())
    assert set(found) <= set("".join(texts)) | {" "}


def test_the_sample_reaches_from_the_beginning_to_the_end() -> None:
    found = sample(["first " + "word " * 1000 + "last"])
    assert found.startswith("first")
    assert found.endswith("last")


def test_threads_agree() -> None:
    papers = [[text * 10] for text in TEXTS.values()] * 20
    alone = [detected(paper) for paper in papers]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(detected, papers)) == alone


def test_no_connection_is_ever_tried() -> None:
    program = (
        "import socket\n"
        "def refused(*_, **__): raise AssertionError('a connection')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = refused\n"
        "from jobs.corpus.screening.language import language_of\n"
        f"print(language_of({TEXTS['es']!r}).code)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("es\n", 0), done.stderr
