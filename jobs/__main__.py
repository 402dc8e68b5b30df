"""``python -m jobs KIND --bucket B --name NAME``: the only way a container starts.

The shard is ``JOB_COMPLETION_INDEX``, as Kubernetes sets it in Indexed Jobs; scratch space is below
``TMPDIR``. Exit codes are those of ``jobs.errors``; exit 0 means that the shard is committed.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import signal
import sys
import tempfile
import traceback
from pathlib import Path

import structlog

from jobs.artifact import Artifact
from jobs.errors import EXIT_INTERRUPTED, ConfigurationError, CovidCtlError, Interrupted, StoreError
from jobs.patience import Patience
from jobs.spec import Kind
from jobs.steps.context import StepContext
from jobs.store import Store

_LONGEST_REASON = 1000
"""Characters: of a failed container the kubelet keeps the last 2,048 bytes."""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m jobs", description="Run one shard of one step.")
    parser.add_argument("kind", choices=[str(kind) for kind in Kind])
    parser.add_argument("--bucket", required=True, help="gs://BUCKET/PREFIX or a directory")
    parser.add_argument("--name", required=True, help="the step's name; its spec is in the bucket")
    parser.add_argument("--corpus", default="", help="where the corpus lies (ingest)")
    parser.add_argument("--checkpoint", default="", help="where the published checkpoint lies (checkpoint)")
    parser.add_argument("--against", default="", help="where a published model lies to compare with (evaluate)")
    parser.add_argument("--dollars-per-hour", type=float, help="price of this container, for max_dollars")
    parser.add_argument(
        "--runtime",
        action="append",
        default=[],
        type=_assignment,
        metavar="FIELD=VALUE",
        help="a setting that changes no output byte, such as log_every=100; may be repeated",
    )
    args = parser.parse_args(argv)

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    log = structlog.get_logger()

    # No Event: its lock is not re-entrant, and each thread of a parent that is killed sends its child the signal.
    told_to_stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: told_to_stop.append(number))

    def is_stopping() -> bool:
        return bool(told_to_stop)

    try:
        shard = _shard()
        store = Store(args.bucket, patience=Patience(stopping=is_stopping))
        artifact = Artifact.open(store, args.name)
        if artifact.spec.kind != args.kind:
            reason = f"its kind is {artifact.spec.kind}, not {args.kind}"
            raise ConfigurationError(args.name, reason, "give the KIND that its name begins with")
        if shard >= artifact.spec.shards:
            reason = f"JOB_COMPLETION_INDEX asks for shard {shard}, it has {artifact.spec.shards}, counted from 0"
            raise ConfigurationError(args.name, reason, "submit it again: covid-ctl makes Jobs of as many indexes")
        artifact.check_version()
        if artifact.manifest() is not None:
            log.info("step.already_complete", step=artifact.name)
            return 0
        # Imported once the request is known to make sense: a step may import tensorflow.
        step = importlib.import_module(f"jobs.steps.{args.kind}")

        def run() -> None:
            # What a step no longer waits for may still be writing there.
            with tempfile.TemporaryDirectory(prefix="covid-ctl-", ignore_cleanup_errors=True) as scratch:
                places = (args.corpus, args.checkpoint, args.against)
                given = (*places, args.dollars_per_hour, dict(args.runtime))
                step.run(StepContext(artifact, shard, Path(scratch), is_stopping, *given))
            log.info("shard.committed", step=artifact.name, shard=shard)

        if artifact.make(shard, run, getattr(step, "finalize", None)):
            log.info("step.completed", step=artifact.name)
    except Interrupted as interrupted:
        log.warning("step.interrupted", step=args.name, reason=interrupted.reason)
        return EXIT_INTERRUPTED
    except (CovidCtlError, OSError) as caught:
        error = caught if isinstance(caught, CovidCtlError) else _of_system(caught)
        reason = error.reason if len(error.reason) <= _LONGEST_REASON else error.reason[:_LONGEST_REASON] + " ..."
        log.error("step.failed", step=args.name, thing=error.thing, reason=reason, remedy=error.remedy)
        return error.container_exit_code
    return 0


def _assignment(text: str) -> tuple[str, str]:
    field, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form FIELD=VALUE")
    return field, value


def _of_system(error: OSError) -> CovidCtlError:
    place = error.filename or tempfile.gettempdir()
    return StoreError(str(place), error.strerror or repr(error), "check the disk, or set TMPDIR to another one")


def _shard() -> int:
    text = os.environ.get("JOB_COMPLETION_INDEX", "0")
    if not text.isdecimal():
        reason = f"{text!r} is no shard number"
        raise ConfigurationError("JOB_COMPLETION_INDEX", reason, "set it to one from 0, or unset it for shard 0")
    return int(text)


if __name__ == "__main__":
    try:
        code = main()
    except Exception:
        traceback.print_exc()
        code = CovidCtlError.container_exit_code
    sys.stdout.flush()
    sys.stderr.flush()
    # Python would first wait for all threads, and one may hang in a request that nobody wants the answer of.
    os._exit(code)
