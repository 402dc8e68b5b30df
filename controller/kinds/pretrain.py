"""``pretrain``: examples, and perhaps published weights, become a trained model with its held-out scores."""

from __future__ import annotations

from controller.kinds import run_extension
from controller.kinds.declaration import ComputeWork, Extension, FromStep, StepKind, Submission, TrainingBatch
from controller.profiles.pool import Role
from jobs.artifact import Manifest
from jobs.flops import example_flops, run_flops
from jobs.layout import CHECKPOINTS
from jobs.recipe import Architecture, Recipe, Schedule
from jobs.spec import FIRST_STEP, Kind, Spec


def contradiction(recipe: Recipe, examples: Spec, made: Manifest | None) -> str:
    """What of the recipe the examples cannot give. Without this check, training would find out on the TPU node."""
    wanted = {
        "examples.max_seq_length": recipe.examples.max_seq_length,
        "examples.max_predictions_per_seq": recipe.examples.max_predictions_per_seq,
        "vocabulary.cased": recipe.vocabulary.cased,
    }
    theirs = {field: examples.settings.get(field.partition(".")[2], True) for field in wanted}
    if recipe.vocabulary.size and made and "vocabulary_size" in made.facts:
        field = "vocabulary.size + extend.add" if recipe.vocabulary.extend else "vocabulary.size"
        wanted[field], theirs[field] = recipe.vocabulary.entries, made.facts["vocabulary_size"]
    differing = [field for field in wanted if wanted[field] != theirs[field]]
    reasons = [f"{field} is {wanted[field]} in the recipe, {theirs[field]} in the examples" for field in differing]
    if recipe.schedule.early_stop_evaluations and made and not made.counts.get("examples", {}).get("validation"):
        reasons.append("schedule.early_stop_evaluations needs held-out examples, and there are none")
    return "; ".join(reasons)


def training_flops(recipe: Recipe) -> int:
    """Floating-point operations of the whole run, with the largest vocabulary that the recipe may learn."""
    example = example_flops(
        recipe.architecture,
        vocabulary=recipe.vocabulary.entries,
        length=recipe.examples.max_seq_length,
        predictions=recipe.examples.max_predictions_per_seq,
    )
    return run_flops(example, recipe.schedule)


def flops_of(spec: Spec) -> int | None:
    """The same of a step that was submitted; None where its settings do not tell."""
    try:
        settings = spec.settings
        example = example_flops(
            Architecture(**settings["architecture"]),
            vocabulary=(settings["vocabulary_size"] or 0) + settings.get("extend", {}).get("add", 0),
            length=settings["max_seq_length"],
            predictions=settings["max_predictions_per_seq"],
        )
        return run_flops(example, Schedule(**settings["schedule"]), settings.get(FIRST_STEP, 0))
    except (KeyError, TypeError, ValueError):
        return None


def batch(recipe: Recipe) -> TrainingBatch:
    schedule = recipe.schedule
    parts = None if schedule.accumulation == "auto" else schedule.accumulation
    return TrainingBatch("schedule", schedule.train_batch_size, parts, follows_formula=True)


def summary(manifest: Manifest) -> str:
    facts = manifest.facts
    # After an early end the weights are an earlier step's: what was scored later is not this model.
    scored = [scores for scores in facts["evaluations"] if scores["step"] <= facts["steps"]]
    if not scored:
        return f"{facts['steps']:,} steps, nothing held out to score them"
    first, last = scored[0], scored[-1]
    before = facts.get("extends", ())
    of_these = f" ({before[-1]['steps']:,} of them {before[-1]['name']}'s)" if before else ""
    return (
        f"{facts['steps']:,} steps{of_these}, held-out MLM loss {first['mlm_loss']:.3f} -> {last['mlm_loss']:.3f}, "
        f"accuracy {last['mlm_accuracy']:.1%}"
    )


KIND = StepKind(
    Kind.PRETRAIN,
    command=Kind.PRETRAIN,
    role=Role.TRAINER,
    inputs=(
        FromStep(
            "examples",
            Kind.PREPROCESS,
            chosen_by="examples",
            choosing="Train on this preprocess step's examples.",
            called="examples",
            must_fit=False,
            contradiction=contradiction,
        ),
        FromStep("initial_checkpoint", Kind.CHECKPOINT, optional=True),
    ),
    deadline_days=14,
    saves=CHECKPOINTS,
    extension=Extension(
        option="extend",
        choosing="Continue this finished pretrain step, with its optimizer's state, up to --to steps.",
        goal="schedule.train_steps",
        contradiction=run_extension.contradiction,
        steps=run_extension.steps_made,
        note=run_extension.note,
        label=lambda recipe: f"to{recipe.schedule.train_steps}",
    ),
    work=lambda recipe: ComputeWork(training_flops(recipe)),
    flops_of=flops_of,
    batch=batch,
    summary=summary,
    submission=Submission(
        "Train RECIPE (a name, or a YAML file) on preprocessed examples.",
        "Train a recipe on preprocessed examples.",
    ),
)
