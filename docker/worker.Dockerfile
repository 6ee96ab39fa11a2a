# A worker: reads images, computes features. CPU, or CUDA where the container is given a GPU.
# Build from the repository's root:
#   docker build -f docker/worker.Dockerfile -t seedal-worker .
FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /opt/seedal
# What rarely changes first: a change of the code leaves this layer, of several GB, as it is.
COPY docker/requirements/ requirements/
RUN /opt/seedal/bin/pip install --require-hashes -r requirements/worker.txt
COPY pyproject.toml README.md LICENSE ./
COPY api_schemas/ api_schemas/
COPY solver/ solver/
COPY features/ features/
COPY app/ app/
# The worker's lock pins the build back end, too (torch needs it).
RUN /opt/seedal/bin/pip install --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data seedal \
    && install --directory --owner=seedal --group=seedal /data
COPY --from=build /opt/seedal /opt/seedal
ENV PATH=/opt/seedal/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SEEDAL_DATA_DIR=/data \
    HF_HOME=/data/weights \
    NUMBA_CACHE_DIR=/data/cache/numba
USER seedal
WORKDIR /data
VOLUME /data
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-m", "app.jobs.heartbeat"]
ENTRYPOINT ["seedal"]
CMD ["worker"]
