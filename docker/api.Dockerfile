# The API: no torch, no FAISS. Build from the repository's root:
#   docker build -f docker/api.Dockerfile -t seedal-api .
ARG PYTHON_IMAGE=python:3.11-slim-bookworm
# hadolint ignore=DL3006
FROM ${PYTHON_IMAGE} AS build
# The solver's machine code is made at build time, for every processor of the architecture; one that
# you know may be faster (--build-arg CPU=haswell), and it must be the same where the image runs.
# numba files it under the sources' folder: -P takes the installed ones, not those beside it.
ARG CPU=generic
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python3 -m venv /opt/seedal
# What rarely changes first: a change of the code leaves this layer as it is.
COPY docker/requirements/ requirements/
RUN /opt/seedal/bin/pip install --require-hashes -r requirements/api.txt
# The build back end, pinned where the worker's lock pins it; it stays out of the image.
RUN python3 -m venv /tmp/back-end \
    && sed -n '/^setuptools==/,/[^\\]$/p' requirements/worker.txt > requirements/build.txt \
    && /tmp/back-end/bin/pip install --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY solver/ solver/
COPY features/ features/
COPY app/ app/
COPY demo_world/ demo_world/
RUN /tmp/back-end/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /tmp/wheel . \
    && /opt/seedal/bin/pip install --no-deps /tmp/wheel/*.whl
RUN NUMBA_CPU_NAME=${CPU} NUMBA_CACHE_DIR=/opt/seedal/numba /opt/seedal/bin/python -P -m solver.warm_up

# hadolint ignore=DL3006
FROM ${PYTHON_IMAGE}
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="SeedAL Service: API" \
      org.opencontainers.image.description="Which 3D scenes to label first: HTTP API and explorer" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
RUN useradd --system --uid 10001 --home-dir /data seedal \
    && install --directory --owner=seedal --group=seedal /data /demo
COPY --from=build /opt/seedal /opt/seedal
COPY docker/start.sh /opt/seedal/start
ARG CPU=generic
ENV PATH=/opt/seedal/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SEEDAL_DATA_DIR=/data \
    NUMBA_CPU_NAME=${CPU} \
    NUMBA_CACHE_DIR=/tmp/numba
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=5 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["/opt/seedal/start"]
CMD ["serve", "--no-worker", "--port", "8000"]
