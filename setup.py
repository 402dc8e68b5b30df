"""The compiled part: everything else is in pyproject.toml."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "jobs.examples._native",
            sources=[f"jobs/examples/native/{name}.c" for name in ("wordpiece", "creation", "tfrecord")],
            depends=[f"jobs/examples/native/{name}.h" for name in ("example", "random", "tfrecord")],
            extra_compile_args=["-O3", "-std=c11"],
        ),
        Extension(
            "jobs.corpus._native",
            sources=[f"jobs/corpus/native/{name}.c" for name in ("minhash", "needs")],
            depends=["jobs/corpus/native/vectorised.h"],
            extra_compile_args=["-O3", "-std=c11"],
        ),
    ]
)
