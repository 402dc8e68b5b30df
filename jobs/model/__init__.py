"""BERT in TensorFlow, its optimizer, its checkpoints and the training loop."""

import os
import sys
import tempfile


def _import_tensorflow() -> None:
    """TensorFlow greets on file descriptor 2 as it is imported, newer ones whatever the log level.

    A container's standard error is our JSON lines, so the greeting is held back; it is shown when the
    import fails, for it then says why.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as greeting:
        os.dup2(greeting.fileno(), 2)
        try:
            import tensorflow  # noqa: F401
        except BaseException:
            greeting.seek(0)
            os.write(stderr, greeting.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


_import_tensorflow()
