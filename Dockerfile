# One image for each part, named by its target:
#   worker       the data steps; no tensorflow
#   trainer-tpu  pretraining on a TPU: v3, v5e, v5p or v6e
#   trainer-gpu  pretraining on NVIDIA GPUs
#   trainer-cpu  published checkpoints, pretraining without a TPU, and export
#   controller   covid-ctl and its tracker
#   search       the search page
#   everything   all of these in one, for tests/cluster
# docker build --target worker --tag covid-ctl-worker .        (buildah and podman take the same arguments)
# --build-arg PYTHON=NAME@sha256:... holds on to one base, which the images' labels then name.
# --build-arg REVISION=COMMIT has every record that the image writes name the commit.
# --label org.opencontainers.image.revision=... notes the commit: buildah would take an ARG in a LABEL from its cache.
ARG PYTHON=docker.io/library/python:3.11-slim-bookworm

FROM ${PYTHON} AS base
# SOURCE_DATE_EPOCH (1980, where zip's calendar starts) has bytecode go by its source's content, not by its time, and
# gives wheels one date. So files come out the same at any time, and a layer whose times are set anew still starts fast.
ENV PYTHONUNBUFFERED=1 PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1 SOURCE_DATE_EPOCH=315532800 \
    PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
# The standard library comes without bytecode, and a root that is read-only never gets any.
RUN python -m compileall -q -x '/(site-packages|tests?)/' /usr/local/lib/python3.11
ARG PYTHON
LABEL org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.base.name=${PYTHON}

FROM base AS wheel
RUN apt-get update \
 && apt-get install --yes --no-install-recommends gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
COPY images/build.lock /build.lock
RUN pip install --require-hashes --requirement /build.lock
WORKDIR /source
COPY pyproject.toml setup.py README.md LICENSE ./
COPY jobs jobs
COPY controller controller
ARG REVISION=
RUN test -z "${REVISION}" || printf '%s\n' "${REVISION}" > jobs/commit.txt
RUN pip wheel . --no-deps --no-build-isolation --wheel-dir /wheels

# What every image ends with: our package, its name, a user that is not root.
# libclang and tensorflow's headers, 0.35 GB, serve those who build against it: trainers go without.
FROM base AS worker
COPY images/worker.lock /requirements.lock
RUN pip install --require-hashes --requirement /requirements.lock
COPY --from=wheel /wheels /wheels
RUN pip install --no-deps /wheels/*.whl
LABEL org.opencontainers.image.title=covid-ctl-worker
USER 65532:65532
ENTRYPOINT ["python", "-m", "jobs"]

FROM base AS trainer-tpu
COPY images/trainer-tpu.lock /requirements.lock
RUN pip install --require-hashes --requirement /requirements.lock \
 && pip uninstall --yes libclang && rm -r /usr/local/lib/python3.11/site-packages/tensorflow/include
COPY --from=wheel /wheels /wheels
RUN pip install --no-deps /wheels/*.whl
LABEL org.opencontainers.image.title=covid-ctl-trainer-tpu
USER 65532:65532
ENTRYPOINT ["python", "-m", "jobs"]

FROM base AS trainer-gpu
COPY images/trainer-gpu.lock /requirements.lock
RUN pip install --require-hashes --requirement /requirements.lock \
 && pip uninstall --yes libclang && rm -r /usr/local/lib/python3.11/site-packages/tensorflow/include
COPY --from=wheel /wheels /wheels
RUN pip install --no-deps /wheels/*.whl
# Where GKE puts the driver's libraries; elsewhere the container runtime puts them where they are found.
ENV LD_LIBRARY_PATH=/usr/local/nvidia/lib64 NVIDIA_DRIVER_CAPABILITIES=compute,utility
LABEL org.opencontainers.image.title=covid-ctl-trainer-gpu
USER 65532:65532
ENTRYPOINT ["python", "-m", "jobs"]

FROM base AS trainer-cpu
COPY images/trainer-cpu.lock /requirements.lock
RUN pip install --require-hashes --requirement /requirements.lock \
 && pip uninstall --yes libclang && rm -r /usr/local/lib/python3.11/site-packages/tensorflow/include
COPY --from=wheel /wheels /wheels
RUN pip install --no-deps /wheels/*.whl
LABEL org.opencontainers.image.title=covid-ctl-trainer-cpu
USER 65532:65532
ENTRYPOINT ["python", "-m", "jobs"]

FROM base AS controller
COPY images/controller.lock /requirements.lock
RUN pip install --require-hashes --requirement /requirements.lock
COPY --from=wheel /wheels /wheels
RUN pip install --no-deps /wheels/*.whl
LABEL org.opencontainers.image.title=covid-ctl-controller
USER 65532:65532
ENTRYPOINT ["covid-ctl"]

FROM base AS search
COPY images/search.lock /requirements.lock
RUN pip install --require-hashes --requirement /requirements.lock
COPY --from=wheel /wheels /wheels
RUN pip install --no-deps /wheels/*.whl
LABEL org.opencontainers.image.title=covid-ctl-search
USER 65532:65532
ENTRYPOINT ["covid-ctl", "search", "--serve"]

FROM base AS everything
COPY requirements.lock /requirements.lock
RUN pip install --require-hashes --requirement /requirements.lock
COPY --from=wheel /wheels /wheels
RUN pip install --no-deps /wheels/*.whl
LABEL org.opencontainers.image.title=covid-ctl-everything
USER 65532:65532
ENTRYPOINT ["covid-ctl"]
