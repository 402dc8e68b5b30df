"""Errors are in our words: no phrase of a library, no traceback, and always what to do next."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from controller.cli import main
from jobs.errors import CovidCtlError
from jobs.library_errors import in_our_words
from jobs.patience import Patience
from jobs.store import Store
from tests.gcs_server import Fault, GcsServer

LIBRARY = re.compile(
    r"Traceback|Errno|os error|Generic \w+ error|Error performing|error sending request|Debug source|non-2xx"
    r"|Input should|should match pattern|validation error|after validation|valid (?:tuple|dict|integer|string|boolean)"
    r"|constrained-|literal\[|pydantic|instance of"
    r"|while (?:parsing|scanning|constructing)|unicode string|node content|block end|stream end"
    r"|codec can't|Expecting |JSONDecode|Error\('|Error -\d|\(char \d"
    r"|HTTPConnection|Max retries|urllib3|obstore|reqwest|google\.auth|NotImplemented|object at 0x"
)
PLACE = "--profile local --bucket {bucket}"
PLAN = f"submit preprocess tiny --dry-run {PLACE}"
FILES: dict[str, bytes] = {
    "bad.yaml": b"a: [1, 2\nb: }", "tab.yaml": b"name:\n\t- x", "open.yaml": b"a: 'x", "colon.yaml": b"a: b: c",
    "list.yaml": b"- 1", "bin.yaml": b"\xff\xfe\x00", "date.yaml": b"name: 2020-99-99", "alias.yaml": b"a: *b",
    "bad.toml": b"[profiles.x\n", "bin.toml": b"\xff\xff", "twice.toml": b"[a]\n[a]\n",
    "types.toml": b'[profiles.x]\nbucket = 3\nparallelism = "many"\nimage_pull_secrets = "a"\nimages = "w"\n'
                  b'labels = { "-x" = "y" }\nworkers = { cpu = "a lot", memory = 5, spot = "yes!" }\n',
    "corpus.zip": b"PK\x03\x04nonsense", "corpus.tar.gz": b"\x1f\x8b\x08nonsense", "empty.txt": b"",
    "vocab.txt": b"\xff\xfe\n", "tokenizer.json": b'{"model": ', "qrels": b"a b\n", "topics.xml": b"<topics><x>",
    "data.jsonl": b"[1\n", "file": b"x", "kubeconfig": b"a: [",
    "gke.toml": b'[profiles.g]\nbucket = "gs://b/p"\n[profiles.g.images]\ntags_allowed = true\n'
                b'worker = "a/b:1"\ntrainer = "a/b:1"\nexporter = "a/b:1"\n',
}  # fmt: skip
SETTINGS = (
    "corpus.sections=title", "corpus.sections=[titel]", "corpus.sections=[]", "corpus.sections={{a: 1}}",
    "schedule.train_steps=many", "schedule.train_steps=1.5", "schedule.train_steps=-1", "schedule.train_steps=null",
    "schedule.learning_rate=[1]", "schedule.learning_rate=.nan", "schedule.accumulation=x", "schedule.accumulation=0",
    "schedule.precision=float16", "schedule=3", "schedule=null", "vocabulary.cased=maybe", "name=Tiny!", "name=3",
    "corpus.published_from=yesterday", "corpus.languages=english", "corpus.languages=[xx]", "a=[", "a.b=1",
    "publication.authors=Ann", "initial_checkpoint=x", "initial_checkpoint={{name: 3}}", "embedder.control=3",
    "examples.max_seq_length=100000000000000000000000", "description=2020-01-01", "speed=1",
    "vocabulary.extend={{add: x}}", "corpus.licenses=[1]",
)  # fmt: skip
LINES = (
    *(f"recipes show tiny --set {shlex.quote(setting)}" for setting in SETTINGS),
    *(f"recipes show {name}" for name in FILES if name.endswith(".yaml")),
    *(f"COVID_CTL_CONFIG={name} status --profile x" for name in FILES if name.endswith(".toml")),
    "recipes show adir.yaml", "recipes show none.yaml", "COVID_CTL_CONFIG=adir status", "COVID_CTL_CONFIG=none status",
    "COVID_CTL_PARALLELISM=x status", "COVID_CTL_TRAINER__MEMORY=much status",
    "status --profile local --bucket file", "status --profile local --bucket /dev/null/x",
    "submit preprocess tiny --corpus sample --profile local --bucket /proc/x",
    *(f"status --profile local --bucket {bucket}" for bucket in ("gs://", "gs:///x", "ftp://x", "s3://x/y")),
    *(f"{PLAN} --corpus {name}" for name in ("corpus.zip", "corpus.tar.gz", "empty.txt", "none", "adir", "gs://")),
    *(f"{PLAN} --corpus sample --vocab {name}" for name in ("vocab.txt", "tokenizer.json", "adir", "none")),
    *(f"vocab report tiny --vocab {name} {PLACE}" for name in ("vocab.txt", "tokenizer.json", "adir", "none")),
    *(
        f"submit evaluate tiny --with-inputs --dry-run --corpus sample {PLACE} {words}"
        for words in ("--qrels qrels --topics topics.xml", "--qrels adir --topics none", "--data data.jsonl",
                      "--data none", "--against none", "--against adir")
    ),
    *(
        f"{command} {name} {PLACE}"
        for command in ("status", "explain", "logs", "cancel", "artifacts", "report", "verify")
        for name in ("none", "/", "../x", "a//b", "ingest-00000000/x", "ingest-0000000\u00e9")
    ),
    f"search x --index / {PLACE}", f"publish tiny --to /proc/x --export / {PLACE}",
    f"submit export tiny --run / {PLACE}",
    "judge --qrels qrels --topics topics.xml",
    "estimate all tiny --corpus corpus.zip", "estimate all tiny --corpus none",
    "init --name gke --context c --namespace n --bucket gs://x --worker-image a@b --trainer-image b --exporter-image c"
    " --config bad.toml",
    "KUBECONFIG=kubeconfig COVID_CTL_CONFIG=gke.toml tracker --once --profile g",
    "KUBECONFIG=adir COVID_CTL_CONFIG=gke.toml tracker --once --profile g",
)  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_a_bad_input_is_answered_in_our_words(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket = tmp_path / "bucket"
    for folder in (bucket / "ledger", tmp_path / "adir", tmp_path / "adir.yaml"):
        folder.mkdir(parents=True)
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    words = shlex.split(line.format(bucket=bucket))
    while re.match(r"[A-Z_]+=", words[0]):
        monkeypatch.setenv(*words.pop(0).split("=", 1))
    monkeypatch.setattr(sys, "argv", ["covid-ctl", *words])
    with pytest.raises(SystemExit) as ended:
        main.main()
    said = capsys.readouterr().err
    assert ended.value.code in (1, 2, 3)
    assert said.startswith("covid-ctl: ")
    assert "\n  next: " in said
    assert not LIBRARY.search(said), said


FAULTS = [
    *(Fault(status) for status in (400, 401, 403, 404, 412, 429, 500, 502, 503, 599)),
    Fault(0, reset=True), Fault(200, truncated=True),
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.status}{'r' * fault.reset}{'t' * fault.truncated}")
def test_what_a_bucket_answers_is_told_in_our_words(fault: Fault, gcs: GcsServer) -> None:
    store = Store("gs://tests/p", patience=Patience(seconds=0, request_seconds=1))
    store.put("a", b"x" * 1000)
    gcs.fail(fault)
    said = []
    for ask in (store.find, store.objects, lambda path: store.put(path, b"x"), lambda path: store.create(path, b"x")):
        try:
            ask("a")
        except CovidCtlError as error:
            said.append(error)
    assert said
    assert [error for error in said if LIBRARY.search(str(error)) or not error.remedy] == []


@pytest.mark.parametrize("server", ["http://127.0.0.1:1", "http://no-such-host.invalid"])
def test_so_is_a_bucket_that_is_not_there(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server)
    with pytest.raises(CovidCtlError) as raised:
        Store("gs://tests/p", patience=Patience(seconds=0, request_seconds=5)).objects("a")
    assert not LIBRARY.search(str(raised.value))
    assert raised.value.reason in ("connection refused", "its name is unknown")


def test_an_error_without_a_text_has_a_reason() -> None:
    assert in_our_words(ValueError()) == "ValueError"
    assert in_our_words(FileNotFoundError(2, os.strerror(2), "x")) == "no such file or directory"
