"""The whole main job under random SIGKILLs of covid-ctl and its containers; ``make test-chaos``."""

import random
import time
from pathlib import Path

import pytest
import yaml

from tests.e2e.command import covid_ctl, outputs
from tests.e2e.processes import containers, gone, kill, needs_linux, start, wait_for

pytestmark = [pytest.mark.chaos, needs_linux]

COMMAND = ["submit", "export", "--with-inputs", "--shards", "4"]


def smaller_recipe(directory: Path) -> str:
    recipe = yaml.safe_load(covid_ctl("recipes", "show", "tiny").out)
    recipe["architecture"] |= {"hidden_size": 32, "intermediate_size": 64}
    recipe["vocabulary"]["learn"] = 800
    recipe["schedule"] |= {"train_batch_size": 8, "train_steps": 300, "warmup_steps": 6, "checkpoint_every": 20}
    path = directory / "smaller.yaml"
    path.write_text(yaml.safe_dump(recipe))
    return str(path)


def results(bucket: Path) -> dict[str, bytes]:
    """Every output of every step."""
    return {
        f"{step.name}/{path}": data
        for step in bucket.iterdir()
        if (step / "manifest.json").exists()
        for path, data in outputs(bucket, step.name).items()
    }


@pytest.mark.parametrize("seed", range(3))
def test_the_result_is_that_of_an_undisturbed_run(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    command = [*COMMAND, smaller_recipe(tmp_path)]
    undisturbed = covid_ctl(*command, bucket=tmp_path / "undisturbed")
    assert undisturbed.code == 0, undisturbed.err

    disturbed = tmp_path / "disturbed"
    kills = 0
    while kills < 12:
        running = start(*command, bucket=disturbed)
        while running.poll() is None and kills < 12:
            time.sleep(rng.uniform(0.3, 6))
            victims = [running.pid, *containers(running.pid)] if rng.random() < 0.5 else containers(running.pid)
            if victims and running.poll() is None:
                kill(rng.choice(victims))
                kills += 1
        left = containers(running.pid)
        kill(running.pid)
        running.communicate()
        wait_for(lambda left=left: all(gone(pid) for pid in left))  # type: ignore[misc]
        if (disturbed / "ledger").exists() and running.returncode == 0:
            break
    done = covid_ctl(*command, bucket=disturbed)
    assert done.code == 0, done.err
    assert results(disturbed) == results(tmp_path / "undisturbed")
