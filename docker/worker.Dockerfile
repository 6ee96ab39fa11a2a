# A worker: reads images, computes features. Build from the repository's root:
#   docker build -f docker/worker.Dockerfile -t seedal-worker .
# With FAISS on the GPU, too:
#   docker build -f docker/worker.Dockerfile --build-arg REQUIREMENTS=worker-cuda -t seedal-worker-cuda .
# torch's wheel of both brings CUDA along; without a GPU it computes on the CPU.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm
# hadolint ignore=DL3006
FROM ${PYTHON_IMAGE} AS build
# The solver's machine code is made at build time, for every processor of the architecture; one that
# you know may be faster (--build-arg CPU=haswell), and it must be the same where the image runs.
# numba files it under the sources' folder: -P takes the installed ones, not those beside it.
ARG CPU=generic
ARG REQUIREMENTS=worker
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python3 -m venv /opt/seedal
# What rarely changes first: a change of the code leaves this layer, of several GB, as it is.
COPY docker/requirements/ requirements/
RUN /opt/seedal/bin/pip install --require-hashes -r requirements/${REQUIREMENTS}.txt
COPY pyproject.toml README.md LICENSE ./
COPY solver/ solver/
COPY features/ features/
COPY app/ app/
COPY demo_world/ demo_world/
# The worker's lock pins the build back end, too (torch needs it).
RUN /opt/seedal/bin/pip install --no-deps --no-build-isolation . \
    && NUMBA_CPU_NAME=${CPU} NUMBA_CACHE_DIR=/opt/seedal/numba /opt/seedal/bin/python -P -m solver.warm_up
# Weights are fetched into the volume when they are first needed; --build-arg WEIGHTS=dino_vitb8 has
# those of a backbone in the image instead, and no others.
ARG WEIGHTS=
RUN mkdir -p /opt/seedal/weights \
    && if [ -n "${WEIGHTS}" ]; then HF_HOME=/opt/seedal/weights /opt/seedal/bin/seedal weights fetch "${WEIGHTS}"; fi

# hadolint ignore=DL3006
FROM ${PYTHON_IMAGE}
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="SeedAL Service: worker" \
      org.opencontainers.image.description="Which 3D scenes to label first: features of images" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
RUN useradd --system --uid 10001 --home-dir /data seedal \
    && install --directory --owner=seedal --group=seedal /data /demo
COPY --from=build /opt/seedal /opt/seedal
COPY docker/start.sh /opt/seedal/start
ARG CPU=generic
ARG WEIGHTS=
ARG WEIGHTS_HOME=${WEIGHTS:+/opt/seedal/weights}
ENV PATH=/opt/seedal/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SEEDAL_DATA_DIR=/data \
    HF_HOME=${WEIGHTS_HOME:-/data/weights} \
    NUMBA_CPU_NAME=${CPU} \
    NUMBA_CACHE_DIR=/tmp/numba
USER 10001
WORKDIR /data
VOLUME /data
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-m", "app.jobs.heartbeat"]
ENTRYPOINT ["/opt/seedal/start"]
CMD ["worker"]
