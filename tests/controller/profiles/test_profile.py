"""Profiles: what is built in, what the file says, and what overrides it."""

from pathlib import Path
from typing import Any

import pytest

from controller.profiles.new_profile import Answers, write_profile
from controller.profiles.profile import Profile, load_profile
from controller.profiles.variables import variables_of
from jobs.errors import ConfigurationError

DIGEST = "@sha256:" + "0" * 64
FILE = f"""
default_profile = "gke"

[profiles.gke]
context = "gke_project_zone_cluster"
bucket = "gs://papers/runs"
parallelism = 64
[profiles.gke.images]
worker = "registry/worker{DIGEST}"
trainer = "registry/trainer{DIGEST}"
exporter = "registry/exporter{DIGEST}"
[profiles.gke.trainer]
cpu = "90"
memory = "300Gi"
tpu = "v3-8"

[profiles.kind]
bucket = "/bucket"
bucket_volume = "bucket"
[profiles.kind.images]
worker = "worker:1"
trainer = "trainer:1"
exporter = "trainer:1"
tags_allowed = true
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "covid-ctl.toml"
    path.write_text(FILE)
    return path


def test_without_a_file_the_profile_is_local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    profile = load_profile(None, environment={})
    assert profile.is_local
    assert profile.bucket == str(tmp_path / "bucket")
    assert load_profile(None, environment={}, bucket="gs://bucket/prefix").bucket == "gs://bucket/prefix"


def test_the_files_default_is_taken_unless_another_is_named(config: Path) -> None:
    assert load_profile(None, environment={}, config=config).name == "gke"
    assert load_profile("kind", environment={}, config=config).bucket == "/bucket"
    assert load_profile(None, environment={"COVID_CTL_PROFILE": "kind"}, config=config).name == "kind"
    assert load_profile("local", environment={}, config=config).is_local


def test_flags_win_over_variables_and_these_over_the_file(config: Path) -> None:
    variables = {"COVID_CTL_PARALLELISM": "8", "COVID_CTL_BUCKET": "gs://other", "COVID_CTL_TRAINER__MEMORY": "100Gi"}
    profile = load_profile(None, environment=variables, config=config, bucket="gs://third", parallelism=None)
    assert (profile.bucket, profile.parallelism, profile.trainer.memory) == ("gs://third", 8, "100Gi")
    assert profile.trainer.tpu == "v3-8"  # the rest of the section stays


def test_the_file_may_be_named_by_a_variable(config: Path) -> None:
    assert load_profile(None, environment={"COVID_CTL_CONFIG": str(config)}).name == "gke"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("parallelism = 64", "paralelism = 64", "profile gke: paralelism: no such field; did you mean parallelism?"),
        ("[profiles.gke.trainer]", "[profiles.gke.trainr]", "trainr: no such field; did you mean trainer?"),
        ('cpu = "90"', 'cpus = "90"', "trainer.cpus: no such field; did you mean cpu?"),
        ('cpu = "90"', 'cpu = "many"', "trainer.cpu: 'many' has another form; write it as 4 or 500m"),
        ('tpu = "v3-8"', 'tpu = "v9-8"', "trainer.tpu: unknown TPU slice v9-8 .known: v3-8, v5litepod-8"),
        ('tpu = "v3-8"', 'tpu = "v3-32"', "trainer.tpu: v3-32 has several hosts, and training runs on one: v3-8 is"),
        ('tpu = "v3-8"', 'tpu = "v6e-16"', "trainer.tpu: v6e-16 has several hosts, .* v6e-8 is the largest such slice"),
        ('tpu = "v3-8"', 'tpu = "v5litepod-4"', "trainer.tpu: v5litepod-4 is a part of a host; v5litepod-8 is the"),
        ("parallelism = 64", "parallelism = 0", "parallelism: 0 is less than 1"),
        (
            "parallelism = 64",
            'scratch = "1Gi"',
            "scratch: no such field; it is workers.scratch, trainer.scratch or exporter",
        ),
        ('default_profile = "gke"', 'default = "gke"', "default: no such field; did you mean default_profile?"),
        ('default_profile = "gke"', 'default_profile = "gk"', "profile gk: not in .*; did you mean gke?"),
        (f"worker{DIGEST}", "worker:latest", "images.worker: registry/worker:latest has no digest"),
        ('bucket = "gs://papers/runs"', 'bucket = "/data"', "bucket: /data is a directory, which pods do not see"),
        ('tpu = "v3-8"', 'tpu = "v3-8"\nflex_start = true', "trainer: flex_start is not offered for v3-8"),
        ('tpu = "v3-8"', 'tpu = "v3-8"\ngpu = { count = 1 }', "trainer: tpu and gpu exclude each other"),
        ('tpu = "v3-8"', 'gpu = { kind = "nvidia-l5" }', "unknown GPU nvidia-l5; did you mean nvidia-l4"),
        (
            'tpu = "v3-8"',
            'gpu = { kind = "nvidia-l4", count = 3 }',
            "no machine type has 3 of nvidia-l4: they have 1, 2, 4, 8",
        ),
        (
            'tpu = "v3-8"',
            'gpu = { kind = "nvidia-h100-80gb", count = 16 }',
            "no machine type has 16 of nvidia-h100-80gb",
        ),
        ('tpu = "v3-8"', "gpu = { count = 0 }", "trainer.gpu.count: 0 is not more than 0"),
        ('tpu = "v3-8"', 'gpu = { kynd = "nvidia-l4" }', "trainer.gpu.kynd: no such field; did you mean kind"),
        ('tpu = "v3-8"', "flex_start = true\nspot = true", "trainer: flex_start and spot exclude each other"),
        (
            'tpu = "v3-8"',
            'tpu = "v6e-8"\nflex_start = true',
            "trainer.flex_start needs a Kueue queue, which asks for the nodes",
        ),
        ('tpu = "v3-8"', 'node_selector = { "a b" = "c" }', "trainer.node_selector.a b"),
        (
            'tpu = "v3-8"',
            'node_selector = { a = "no spaces" }',
            "trainer.node_selector.a: 'no spaces' is not a valid label value",
        ),
        ('tpu = "v3-8"', 'tolerations = [{ operator = "Equal" }]', "trainer.tolerations.0: operator Equal needs a key"),
        ('tpu = "v3-8"', 'tolerations = [{ key = "a", operator = "Exists", value = "b" }]', "Exists takes no value"),
        (
            'tpu = "v3-8"',
            'tolerations = [{ key = "a", effekt = "NoExecute" }]',
            "effekt: no such field; did you mean effect",
        ),
        ('tpu = "v3-8"', 'tolerations = [{ key = "a", seconds = 3 }]', "seconds are for effect NoExecute alone"),
        (
            "parallelism = 64",
            'labels = { "covid-ctl/kind" = "x" }',
            "labels: covid-ctl/kind is set by covid-ctl itself",
        ),
        ("parallelism = 64", 'labels = { "kueue.x-k8s.io/queue-name" = "x" }', "is set by covid-ctl itself"),
        ("parallelism = 64", 'annotations = { "app.kubernetes.io/name" = "x" }', "is set by covid-ctl itself"),
        (
            "parallelism = 64",
            'priority_class = "High Priority"',
            "'High Priority' is not a valid object name",
        ),
        (
            "parallelism = 64",
            'image_pull_secrets = ["My Secret"]',
            "image_pull_secrets.0: 'My Secret' is not a valid object name",
        ),
        ('tpu = "v3-8"', 'tpu = "v5e-8"', "'v5e-8' is not the name of a slice; write it as v5litepod-8"),
        ('tpu = "v3-8"', 'tpu = "V3-8"', "'V3-8' is not the name of a slice; write it as v3-8"),
        ('tpu = "v3-8"', 'tpu = "v5e-16"', "v5e-16 has several hosts, .* v5litepod-8 is the largest"),
        ('tpu = "v3-8"', 'tpu = "v3-0"', "unknown TPU slice v3-0"),
        ('tpu = "v3-8"', "gpu = { count = 1000 }", "trainer.gpu.count: 1000 is more than 64"),
        ('tpu = "v3-8"', 'gpu = { kind = "nvidia-tesla-t4" }', "for another one leave kind out"),
        ('tpu = "v3-8"', 'scratch = "16K"', "trainer.scratch: '16K' has another form; write it as 16Gi or 500M"),
        ('tpu = "v3-8"', 'scratch = "16"', "trainer.scratch: 16 is 16 bytes, less than a pod can start with"),
        ('memory = "300Gi"', 'memory = "500m"', "trainer.memory: '500m' has another form"),
        ('memory = "300Gi"', 'memory = "0Gi"', "trainer.memory: 0Gi is 0 bytes"),
        ('cpu = "90"', 'cpu = "4Gi"', "trainer.cpu: '4Gi' has another form; write it as 4 or 500m"),
        ('cpu = "90"', 'cpu = "0"', "trainer.cpu: a pod needs more than 0 CPUs"),
        ('tpu = "v3-8"', "flex_start = true\n[profiles.gke.workers]\ncpu = 1\nmemory = '2Gi'", "is for TPUs and GPUs"),
        (
            'tpu = "v3-8"',
            'gpu = { kind = "nvidia-l4" }\nnode_selector = { "cloud.google.com/gke-accelerator" = "nvidia-t4" }',
            "trainer: node_selector asks for .*=nvidia-t4, but .* for .*=nvidia-l4",
        ),
        ('tpu = "v3-8"', 'tolerations = [{ key = "a", effect = "Never" }]', "'Never' is not NoSchedule, PreferNoS"),
        (
            'tpu = "v3-8"',
            'tolerations = [{ key = "a", effect = "NoExecute", seconds = 99999999999999 }]',
            "seconds: 99999999999999 is not less than",
        ),
        ("parallelism = 64", "parallelism = 10000000", "parallelism: 10000000 is more than 100,000"),
        (
            "parallelism = 64",
            'service_account = "My Account"',
            "'My Account' is not a valid object name",
        ),
        ("parallelism = 64", 'queue = "Mine!"', "queue: 'Mine!' is not a valid object name"),
        ("parallelism = 64", f'queue = "{"q" * 64}"', "has more than 63 characters, and a label names the queue"),
        ("parallelism = 64", 'bucket_volume = "claim"', "bucket: gs://papers/runs is on no volume"),
        ("parallelism = 64", 'zone = "us-central1"', "zone: us-central1 is a region; a zone of it is us-central1-a"),
        ("parallelism = 64", "labels = { team = 42 }", "labels.team: 42 is not text: write it in quotes"),
        ("parallelism = 64", f'labels = {{ team = "{"x" * 64}" }}', "is not a valid label value: at most 63 letters"),
        ("parallelism = 64", 'labels = { "a..b/team" = "x" }', "'a..b/team' is not a valid key: NAME or DOMAIN/NAME"),
        ("parallelism = 64", 'labels = { job-name = "x" }', "labels: job-name is set by Kubernetes itself"),
        (
            "parallelism = 64",
            'annotations = { "cluster-autoscaler.kubernetes.io/safe-to-evict" = "true" }',
            "safe-to-evict is set by covid-ctl itself",
        ),
        ("parallelism = 64", f'annotations = {{ a = "{"x" * 200_000}" }}', "they have 200,001 bytes"),
        ("parallelism = 64", 'env = { "A B" = "x" }', "env: 'A B' is not a valid variable name"),
        ("parallelism = 64", 'env = { TMPDIR = "/x" }', "env: TMPDIR is set by covid-ctl itself"),
        ("parallelism = 64", 'env = { A = "a\\u0000b" }', "env: the value of A has a NUL character"),
        (f"worker{DIGEST}", f"a b{DIGEST}", "images.worker: 'registry/a b.*' is not a valid image name"),
        (
            f"worker{DIGEST}",
            f"Worker{DIGEST}",
            "is not a valid image name: .* the path in lower case",
        ),
        (
            f"worker{DIGEST}",
            "worker@sha256:00",
            "what ends it is neither a tag nor a whole digest",
        ),
        ('bucket = "gs://papers/runs"', 'bucket = "s3://papers"', "bucket: s3://papers is out of reach for pods"),
        ('"gs://papers/runs"', '"data"\nbucket_volume = "claim"', "bucket: data is not absolute"),
        ("[profiles.kind]", "[profiles.local]", "profiles.local: that one is built in"),
        ("[profiles.gke]", "[profiles.gke", "not TOML"),
        ('cpu = "90"', 'cpu = "90"\ncpu = "80"', "not TOML: line 14, column 11: Cannot overwrite a value"),
        ('cpu = "90"', "cpu = " + "[" * 5000, "not TOML: maximum recursion depth"),
    ],
)
def test_a_wrong_file_is_refused_by_field_and_reason(config: Path, old: str, new: str, message: str) -> None:
    assert old in FILE
    config.write_text(FILE.replace(old, new, 1))
    with pytest.raises(ConfigurationError, match=message):
        load_profile(None, environment={}, config=config)


@pytest.mark.parametrize(
    "line",
    [
        f'controller = "localhost:5000/a/b{DIGEST}"',
        f'controller = "Registry.example.org:443/team/a_b--c.d:v1{DIGEST}"',
        f'controller = "us-central1-docker.pkg.dev/my-project/covid-ctl/controller{DIGEST}"',
        f'controller = "controller{DIGEST}"',
    ],
)
def test_the_names_that_images_may_have(config: Path, line: str) -> None:
    config.write_text(FILE.replace("[profiles.gke.images]", f"[profiles.gke.images]\n{line}", 1))
    assert load_profile(None, environment={}, config=config).images.controller in line


def test_a_number_of_cpus_needs_no_quotes(config: Path) -> None:
    config.write_text(FILE.replace('cpu = "90"', "cpu = 90"))
    assert load_profile(None, environment={}, config=config).trainer.cpu == "90"


def test_a_variable_sets_what_a_section_that_is_not_there_would_hold(config: Path) -> None:
    variables = {"COVID_CTL_TRAINER__TPU": "", "COVID_CTL_EXPORTER__GPU__KIND": "nvidia-l4"}
    variables |= {"COVID_CTL_EXPORTER__CPU": "4", "COVID_CTL_EXPORTER__MEMORY": "16Gi"}
    gpu = load_profile(None, environment=variables, config=config).exporter.gpu
    assert gpu
    assert (gpu.kind, gpu.count) == ("nvidia-l4", 1)


def test_every_documented_variable_is_known_and_the_others_are_in_the_file_alone(config: Path) -> None:
    for variable in variables_of(Profile):
        load_profile(None, environment={variable: ""}, config=config)
    for variable in ("COVID_CTL_LABELS", "COVID_CTL_LABELS__TEAM", "COVID_CTL_TRAINER__TOLERATIONS"):
        with pytest.raises(ConfigurationError, match="holds several values: only covid-ctl"):
            load_profile(None, environment={variable: "x"}, config=config)


def test_a_variable_for_what_the_file_has_wrong_is_no_traceback(config: Path) -> None:
    config.write_text(FILE.replace("[profiles.kind]", '[profiles.odd]\ntrainer = "x"\n[profiles.kind]'))
    with pytest.raises(ConfigurationError, match="bucket: it is missing"):
        load_profile("odd", environment={"COVID_CTL_TRAINER__CPU": "4"}, config=config)


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_profile(None, environment={}, config=tmp_path / "absent.toml")


def test_a_misspelt_variable_is_refused(config: Path) -> None:
    said = r"COVID_CTL_BUKET: no such setting; did you mean COVID_CTL_BUCKET\?\n  next: unset COVID_CTL_BUKET"
    with pytest.raises(ConfigurationError, match=said):
        load_profile(None, environment={"COVID_CTL_BUKET": "x"}, config=config)


def answers(**changed: str) -> Answers:
    values: dict[str, Any] = {
        "name": "gke",
        "bucket": "gs://papers/runs",
        "context": "gke_project_zone_cluster",
        "namespace": "covid-ctl",
        "worker_image": f"worker{DIGEST}",
        "trainer_image": f"trainer{DIGEST}",
        "exporter_image": f"exporter{DIGEST}",
        "controller_image": "",
        "tpu": "v3-8",
        "zone": "us-central1-b",
        "project": "",
        "queue": "",
    }
    return Answers(**{**values, **changed})


def test_a_new_profile_can_be_used_at_once_and_joins_others(tmp_path: Path) -> None:
    path = tmp_path / "covid-ctl.toml"
    write_profile(path, answers())
    write_profile(path, answers(name="second", tpu="", context='the "best"'))
    first, second = (load_profile(name, environment={}, config=path) for name in (None, "second"))
    assert (first.name, first.trainer.tpu, first.zone, first.queue) == ("gke", "v3-8", "us-central1-b", "")
    assert (second.trainer.tpu, second.context) == ("", 'the "best"')


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({}, "profile gke is there already"),
        ({"name": "other", "worker_image": "worker:latest"}, "worker:latest has no digest"),
        ({"name": "My GKE"}, "begins with a letter"),
        ({"name": "other", "bucket": "/data"}, "is a directory"),
        ({"name": "other", "namespace": "Not A Label"}, "namespace: 'Not A Label' has another form"),
    ],
)
def test_what_does_not_do_leaves_the_file_as_it_was(tmp_path: Path, changed: dict[str, str], message: str) -> None:
    path = tmp_path / "covid-ctl.toml"
    write_profile(path, answers())
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match=message):
        write_profile(path, answers(**changed))
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [before]
