"""Starting processes that tests send signals to."""

import signal


def as_from_a_terminal() -> None:
    """For ``preexec_fn``: a script's background jobs ignore SIGINT, and a process inherits what its parent ignores."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
