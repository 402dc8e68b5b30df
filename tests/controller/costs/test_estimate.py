"""What steps are said to take and to cost, before they run."""

from typing import Any

import pytest

from controller.costs.estimate import Estimate, estimate, kinds_of
from controller.kinds.pretrain import training_flops
from controller.profiles.gpus import Gpu
from controller.profiles.pool import Pool
from controller.profiles.profile import Images, Profile
from jobs.ranges import Range, dollars_text, time_text
from jobs.recipe import load_recipe
from jobs.spec import Kind

IMAGES = Images(worker="w", trainer="t", exporter="e")
TPU = Pool(cpu="90", memory="300Gi", tpu="v3-8")


def cluster(**fields: Any) -> Profile:
    fields = {"trainer": TPU, "zone": "us-central1-a", **fields}
    return Profile(name="gke", bucket="gs://papers", images=IMAGES, **fields)


def estimated(
    what: str, recipe: str = "bio", *, megabytes: float = 10_000, shards: int = 1, **fields: object
) -> Estimate:
    chosen = load_recipe(recipe)
    text = Range(megabytes * 1e6, megabytes * 1e6)
    return estimate(kinds_of(what, chosen), chosen, cluster(**fields), text=text, shards=shards)


@pytest.mark.parametrize(
    ("recipe", "spot", "zone", "time", "dollars"),
    [
        ("clinical", False, "us-central1-a", "8.4 to 11 h", "$67 to 89"),
        ("clinical", True, "us-central1-b", "8.4 to 11 h", "$17 to 23"),
        ("bio", False, "us-central1-a", "40 to 54 h", "$321 to 429"),
        ("bio", True, "us-central1-a", "40 to 54 h", "$82 to 109"),
        ("bio", False, "europe-west4-a", "40 to 54 h", "$354 to 472"),
        ("bio", True, "europe-west4-a", "40 to 54 h", "$90 to 120"),
    ],
)
def test_training_on_a_v3_8(recipe: str, spot: bool, zone: str, time: str, dollars: str) -> None:
    step = estimated("pretrain", recipe, zone=zone, trainer=TPU.model_copy(update={"spot": spot})).steps[-1]
    assert step.hours
    assert step.dollars
    assert (time_text(step.hours), dollars_text(step.dollars)) == (time, dollars)
    assert zone.rpartition("-")[0] in step.price


@pytest.mark.parametrize(
    ("tpu", "zone", "time", "dollars"),
    [
        ("v5litepod-8", "us-central1-a", "11 to 14 h", "$103 to 137"),
        ("v5p-8", "us-east5-a", "9.2 to 12 h", "$154 to 206"),
        ("v6e-8", "us-central1-b", "2.3 to 3.1 h", "$50 to 67"),
    ],
)
def test_bio_on_newer_slices(tpu: str, zone: str, time: str, dollars: str) -> None:
    step = estimated("pretrain", trainer=TPU.model_copy(update={"tpu": tpu}), zone=zone).steps[-1]
    assert step.hours
    assert step.dollars
    assert (time_text(step.hours), dollars_text(step.dollars)) == (time, dollars)


@pytest.mark.parametrize(
    ("gpu", "time"),
    [
        ({"kind": "nvidia-l4"}, "139 to 186 h"),
        ({"kind": "nvidia-a100-80gb", "count": 8}, "6.8 to 9 h"),
        ({"kind": "nvidia-h100-80gb", "count": 8}, "2.1 to 2.9 h"),
    ],
)
def test_bio_on_gpus_at_the_profile_s_price(gpu: dict[str, Any], time: str) -> None:
    pool = Pool(cpu="6", memory="24Gi", gpu=Gpu(**gpu), dollars_per_hour=2.0)
    step = estimated("pretrain", trainer=pool).steps[-1]
    assert step.hours
    assert step.dollars == step.hours * 2.0
    assert time_text(step.hours) == time
    assert step.on == f"{gpu.get('count', 1)} {gpu['kind']}"
    unpriced = estimated("pretrain", trainer=pool.model_copy(update={"dollars_per_hour": None}))
    assert unpriced.dollars is None
    assert any("no price is known for pretrain (the table has no GPUs)" in note for note in unpriced.notes)


def test_slices_are_told_side_by_side_at_the_prices_of_the_zone() -> None:
    found = estimated("pretrain", zone="europe-west4-a").notes
    told = {note.split(": ")[0]: note.split(": ")[1] for note in found if note.startswith("pretrain on a ")}
    assert list(told) == [f"pretrain on a {name}" for name in ("v5litepod-8", "v5p-8", "v6e-8")]
    assert all(told[name].count("europe-west4") == 2 for name in told)


def test_machines_of_gpus_are_told_side_by_side() -> None:
    own = Pool(cpu="6", memory="24Gi", gpu=Gpu(kind="nvidia-l4"))
    (told,) = (note for note in estimated("pretrain", trainer=own).notes if "on 8 GPUs" in note)
    assert told.startswith("pretrain on 8 GPUs: nvidia-tesla-a100 6.8 to 9 h, nvidia-a100-80gb 6.8 to 9 h, nvidia-h100")
    assert "nvidia-l4 17 to 23 h" in next(note for note in estimated("pretrain").notes if "on 8 GPUs" in note)


def test_what_gpus_of_no_known_kind_take_is_not_known() -> None:
    unnamed = Pool(cpu="6", memory="24Gi", gpu=Gpu(count=2), dollars_per_hour=2.0)
    found = estimated("pretrain", trainer=unnamed)
    assert (found.steps[-1].hours, found.steps[-1].dollars, found.hours) == (None, None, None)
    assert found.steps[-1].basis.endswith("FLOP, on GPUs whose kind the profile does not name")


def test_a_profiles_own_price_takes_the_tables_place() -> None:
    step = estimated("pretrain", trainer=TPU.model_copy(update={"dollars_per_hour": 1.0}), zone="").steps[-1]
    assert step.dollars == step.hours
    assert step.price == "$1/h by profile gke"


@pytest.mark.parametrize("zone", ["", "mars-north1-a"])
def test_where_no_price_is_known_there_is_none_and_a_word_about_it(zone: str) -> None:
    found = estimated("pretrain", zone=zone)
    assert found.hours
    assert found.dollars is None
    assert any("dollars_per_hour" in note and (zone or "no zone") in note for note in found.notes)


def test_more_shards_take_less_time_for_a_little_more_money() -> None:
    one, many = (estimated("preprocess", shards=shards, parallelism=32).steps[-1] for shards in (1, 64))
    assert one.hours
    assert one.dollars
    assert many.hours
    assert many.dollars
    assert (one.pods, many.pods) == (1, 32)
    assert many.hours.high < one.hours.high / 10
    assert one.dollars.low < many.dollars.low < 2 * one.dollars.low


def test_the_total_is_of_all_steps_or_not_known() -> None:
    known = estimated("all")
    kinds = ["ingest", "signatures", "preprocess", "checkpoint", "pretrain", "export"]
    kinds += ["tune", "control", "evaluate", "embed", "index"]
    assert [step.kind for step in known.steps] == kinds
    assert known.hours
    assert known.hours.low == pytest.approx(sum(step.hours.low for step in known.steps if step.hours))
    recipe = load_recipe("bio")
    assert estimate(kinds_of("all", recipe), recipe, cluster(), text=None).hours is None


def test_a_recipe_that_learns_its_vocabulary_has_a_step_for_it() -> None:
    assert Kind.VOCABULARY in kinds_of("preprocess", load_recipe("tiny"))


def test_longer_training_is_more_work_in_proportion() -> None:
    half, whole = (training_flops(load_recipe("bio", {"schedule.train_steps": n})) for n in ("100000", "200000"))
    assert whole / half == pytest.approx(2, rel=1e-3)


def test_without_a_tpu_the_estimate_tells_what_one_would_take() -> None:
    found = estimated("pretrain", trainer=Pool(cpu="4", memory="16Gi"))
    assert any(note.startswith("pretrain on a v3-8: 40 to 54 h; $321 to 429 on demand") for note in found.notes)


@pytest.mark.parametrize(
    ("hours", "text"),
    [
        (Range(40.3, 53.7), "40 to 54 h"),
        (Range(9.0, 9.01), "9 h"),
        (Range(0.5, 1.0), "30 to 60 min"),
        (Range(0.001, 0.01), "3.6 to 36 s"),
        (Range(49_612, 231_522), "5.7 to 26 years"),
    ],
)
def test_times_are_told_in_their_unit_with_the_digits_that_are_meant(hours: Range, text: str) -> None:
    assert time_text(hours) == text


@pytest.mark.parametrize(
    ("dollars", "text"),
    [(Range(321.4, 428.6), "$321 to 429"), (Range(1.234, 5.678), "$1.2 to 5.7"), (Range(0, 0.001), "under $0.01")],
)
def test_money_is_told_as_a_range(dollars: Range, text: str) -> None:
    assert dollars_text(dollars) == text


def test_a_large_corpus_and_a_high_price_are_told_in_digits() -> None:
    step = estimated(
        "preprocess", megabytes=20_000, workers=Pool(cpu="4", memory="8Gi", dollars_per_hour=1_234.0)
    ).steps[0]
    assert step.basis == "20,000 MB of text"
    assert step.price.startswith("$1,230/h")
