"""The error tree, and the exit codes by which a container tells a Job what to do next."""

EXIT_INTERRUPTED = 143
"""SIGTERM arrived and the work so far was saved: run the index again."""


class CovidCtlError(Exception):
    """Something a person can act on: what it concerns, why it failed, and what to do next.

    ``container_exit_code`` follows the pod failure policy: 1 is retried, 42 fails the index,
    43, 44 and 47 fail the Job, 45 and 46 are retried without counting as failures.
    ``cli_exit_code`` is what ``covid-ctl`` itself returns.
    """

    container_exit_code = 1
    cli_exit_code = 1

    def __init__(self, thing: str, reason: str, remedy: str = "") -> None:
        super().__init__(thing, reason, remedy)
        self.thing = thing
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        line = f"{self.thing}: {self.reason}"
        return f"{line}\n  next: {self.remedy}" if self.remedy else line


class ConfigurationError(CovidCtlError):
    """The request cannot work however often it is tried (a recipe, a vocabulary, a corpus)."""

    container_exit_code = 43
    cli_exit_code = 2


class ShardError(CovidCtlError):
    """This shard's data cannot be processed; the other shards may go on."""

    container_exit_code = 42


class DivergedError(CovidCtlError):
    """Training left the finite numbers; repeating the same steps would do the same."""

    container_exit_code = 44


class LimitReachedError(CovidCtlError):
    """Training has taken the hours or dollars that it may. Its checkpoint is saved, and a higher limit continues it."""

    container_exit_code = 47


class StoreError(CovidCtlError):
    """The bucket could not be read or written."""


class StoreUnreachableError(StoreError):
    """The bucket did not answer, however often it was asked: waiting mends it, and it is nobody's failure."""

    container_exit_code = 45


class MissingObjectError(StoreError):
    """The bucket holds no object of that name."""


class InputNotCompleteError(MissingObjectError):
    """A step that this one reads is not complete (any more): the index is run again once it is."""

    container_exit_code = 46


class DamagedError(StoreError):
    """An object is not the one that its record describes: no retry mends it."""

    container_exit_code = 43


class Interrupted(CovidCtlError):
    """SIGTERM: the work so far is saved and the same command continues it."""

    container_exit_code = EXIT_INTERRUPTED


class PreflightError(CovidCtlError):
    """Something that a step needs is not there: nothing was started."""

    cli_exit_code = 3
