"""Why a step does not go on, as one paragraph: the cause, not only the symptom."""

from typing import Any

import pytest

from controller.status.derive import State
from controller.status.explain import explain
from controller.status.step_status import StepProgress, StepState

NOW = 1_800_000_000.0
AGAIN = "the same command continues it: covid-ctl submit"


def step(
    name: str,
    state: State,
    reason: str = "",
    *,
    remedy: str = "",
    missing: tuple[str, ...] = (),
    extends: str = "",
    **counts: Any,
) -> StepState:
    return StepState(
        name, name.split("-")[0], "", state, reason, StepProgress(1, 4), NOW - 3 * 3600, "covid-ctl submit", remedy,
        missing=missing, extends=extends, **counts,
    )  # fmt: skip


FAILED = step("ingest-1", State.FAILED, "cord19: 12 % of rows are malformed", remedy=AGAIN)
RUNNING = step("signatures-2", State.RUNNING, missing=())
WAITING = step("vocabulary-3", State.WAITING, "waits for its input ingest-1", missing=("ingest-1",))
INPUTS = {found.name: found for found in (FAILED, RUNNING, WAITING)}
TIME = "was submitted 3 h ago, has 1 of 4 shards done"


@pytest.mark.parametrize(
    ("found", "text", "advice"),
    [
        (
            step("a-1", State.COMPLETE),
            "a-1 is complete: there is nothing to wait for. It was submitted 3 h ago.",
            ["see what it made: covid-ctl artifacts a-1"],
        ),
        (
            step("a-1", State.COMPLETE, extends="a-0"),
            "a-1 is complete: there is nothing to wait for. It was submitted 3 h ago and extends a-0.",
            ["see what it made: covid-ctl artifacts a-1"],
        ),
        (
            step("a-1", State.RUNNING, active=3),
            "a-1 runs. It was submitted 3 h ago, has 1 of 4 shards done and has 3 shards under way.", [],
        ),
        (
            step("a-1", State.RUNNING, "2 of 4 pods: Unschedulable: no node", remedy="covid-ctl doctor", preempted=2),
            f"a-1 runs, but 2 of 4 pods: Unschedulable: no node. It {TIME} and was preempted twice (which costs no "
            "retry).", ["covid-ctl doctor"],
        ),
        (
            step("a-1", State.PENDING, "quota: exceeded quota: q.", remedy="raise it", retries=1, failed=1),
            "a-1 has its Job, and no pod of it runs: quota: exceeded quota: q. It was submitted 3 h ago, has 1 of 4 "
            "shards done, has lost one shard for good and was retried once.", ["raise it"],
        ),
        (
            step("pretrain-1", State.INTERRUPTED, "silent for 2 h", remedy=AGAIN, checkpoint=1200),
            f"pretrain-1 is interrupted: silent for 2 h. It {TIME} and has its newest checkpoint at step 1,200.",
            ["see what its workers said: covid-ctl logs pretrain-1", AGAIN],
        ),
        (
            step("a-1", State.FAILED, "FailedIndexes: 1,3", remedy="read covid-ctl logs; raise it"),
            "a-1 has failed: FailedIndexes: 1,3. It was submitted 3 h ago and has 1 of 4 shards done.",
            ["read covid-ctl logs; raise it"],
        ),
        (
            step("a-1", State.WAITING, "waits for the queue tpu to admit it", remedy="kubectl get workloads"),
            "a-1 waits for the queue tpu to admit it. It was submitted 3 h ago and has 1 of 4 shards done.",
            ["kubectl get workloads"],
        ),
    ],
)  # fmt: skip
def test_a_step_by_itself(found: StepState, text: str, advice: list[str]) -> None:
    explained = explain(found, {}, now=NOW)
    assert (explained.text, list(explained.remedies), explained.cause) == (text, advice, found.name)


def test_what_waits_is_explained_by_what_it_waits_for_in_the_end() -> None:
    reason = "waits for its inputs signatures-2, vocabulary-3"
    found = step("preprocess-4", State.WAITING, reason, missing=("signatures-2", "vocabulary-3"))
    held_up = step("vocabulary-3", State.FAILED, "no words", remedy=AGAIN)
    explained = explain(found, INPUTS | {"vocabulary-3": held_up}, now=NOW)
    assert explained.cause == "vocabulary-3"
    assert explained.text == (
        f"preprocess-4 {reason}. vocabulary-3 has failed: no words. "
        "vocabulary-3 was submitted 3 h ago and has 1 of 4 shards done."
    )
    assert explained.remedies == ("see what its workers said: covid-ctl logs vocabulary-3", AGAIN)


def test_a_chain_is_followed_to_its_end() -> None:
    found = step("preprocess-4", State.WAITING, "waits for its input vocabulary-3", missing=("vocabulary-3",))
    explained = explain(found, INPUTS, now=NOW)
    assert explained.cause == "ingest-1"
    assert "vocabulary-3 waits for its input ingest-1. ingest-1 has failed: cord19" in explained.text


@pytest.mark.parametrize("order", [("signatures-2", "pending-1"), ("pending-1", "signatures-2")])
def test_of_several_inputs_the_one_that_does_not_run_is_the_cause(order: tuple[str, ...]) -> None:
    found = step("preprocess-4", State.WAITING, "waits", missing=order)
    pending = step("pending-1", State.PENDING, "Unschedulable")
    assert explain(found, INPUTS | {"pending-1": pending}, now=NOW).cause == "pending-1"


def test_an_input_that_nobody_knows_ends_the_chain() -> None:
    found = step("preprocess-4", State.WAITING, "waits for its input ingest-9", missing=("ingest-9",))
    assert explain(found, {}, now=NOW).cause == "preprocess-4"


def test_a_cluster_that_does_not_answer_is_said() -> None:
    found = step("a-1", State.UNKNOWN, "pending: Unschedulable (2 h ago)")
    text = explain(found, {}, now=NOW, unreachable="https://x: refused").text
    assert text.startswith("a-1 is not complete; last known of it: pending: Unschedulable (2 h ago).")
    assert text.endswith("The cluster could not be asked (https://x: refused): this is what the bucket knows.")


@pytest.mark.parametrize("state", State)
def test_every_state_has_its_words(state: State) -> None:
    text = explain(step("a-1", state, "so it is"), {}, now=NOW).text
    assert text.startswith("a-1 ")
    assert state is State.COMPLETE or "so it is" in text
