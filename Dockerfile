# `elt` with the drivers of DuckDB and PostgreSQL: not root, a read-only root file system, no shell at run time.
# It writes to /srv/elt alone, which may be a tmpfs or an emptyDir: what is loaded, ledger included, is in the destination.
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
COPY requirements.lock requirements-dev.lock ./
# the driver of PostgreSQL is an extra: its version and hashes are those of the tests
RUN sed -n '/^psycopg2-binary==/,/[^\\]$/p' requirements-dev.lock > driver.lock \
    && pip install --no-cache-dir --no-deps --require-hashes --target /app -r requirements.lock -r driver.lock
COPY pyproject.toml README.md destinations.toml ./
COPY models models
COPY sources sources
COPY sandbox sandbox
COPY pipelines pipelines
RUN PYTHONPATH=/app pip install --no-cache-dir --no-deps --no-build-isolation --target /app .

FROM python:3.11-slim-bookworm
COPY --from=build /app /app
ENV PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/srv/elt/home \
    DLT_DATA_DIR=/srv/elt/home/dlt \
    XDG_CACHE_HOME=/srv/elt/home/cache
USER 65532:65532
WORKDIR /srv/elt
ENTRYPOINT ["python3", "-m", "pipelines.cli"]
