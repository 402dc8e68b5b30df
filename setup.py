"""The compiled part: everything else is in pyproject.toml."""

from setuptools import Extension, setup

CORPUS = {
    "cleaning": ("prefilter", "sentences", "line_numbers", "notice", "hyphens"),
    "screening": ("minhash", "language"),
}

setup(
    ext_modules=[
        Extension("jobs._native", sources=["jobs/native/texts.c"], extra_compile_args=["-O3", "-std=c11"]),
        Extension(
            "jobs.examples._native",
            sources=[f"jobs/examples/native/{name}.c" for name in ("wordpiece", "creation", "tfrecord")],
            depends=[f"jobs/examples/native/{name}.h" for name in ("example", "random", "tfrecord")],
            extra_compile_args=["-O3", "-std=c11"],
        ),
        *(
            Extension(
                f"jobs.{room}._native",
                sources=[f"jobs/{room}/native/{name}.c" for name in names],
                include_dirs=["jobs/inference/native"],
                depends=[f"jobs/inference/native/{name}.h" for name in ("panels", "threads")],
                # Products and sums may be fused, where the processor can.
                extra_compile_args=["-O3", "-std=c11", "-ffp-contract=fast", "-pthread", "-Wno-psabi"],
                extra_link_args=["-pthread"],
            )
            for room, names in {"inference": ("panels", "layers"), "search": ("scan",)}.items()
        ),
        *(
            Extension(
                f"jobs.corpus.{room}._native",
                sources=[f"jobs/corpus/{room}/native/{name}.c" for name in names],
                include_dirs=["jobs/corpus/native"],
                depends=[
                    "jobs/corpus/native/vectorised.h",
                    *(f"jobs/corpus/cleaning/native/{name}.h" for name in ("bits", "kinds")),
                ],
                extra_compile_args=["-O3", "-std=c11"],
            )
            for room, names in CORPUS.items()
        ),
    ]
)
