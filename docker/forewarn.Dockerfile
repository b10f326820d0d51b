# syntax=docker/dockerfile:1
# One image for every process of forewarn: worker, projector, API, canary and the commands.
# Build it from the top of the repository:
#   docker build --file docker/forewarn.Dockerfile --tag forewarn:0.1.0 .
# Pinned by version, not by digest: none could be looked up where this was written. The Python
# packages are pinned with their hashes, by uv.lock. pip's own configuration (an index of yours) is
# taken from a secret of the build and stays out of the image:
#   docker build --secret id=pip,src=pip.conf …

FROM python:3.11.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
RUN --mount=type=secret,id=pip,target=/etc/pip.conf,required=false \
    python -m venv /opt/forewarn && pip install --no-deps uv==0.13.9
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv export --quiet --frozen --no-dev --no-emit-project --no-header \
      --format requirements-txt --output-file run.txt \
    && uv export --quiet --frozen --only-dev --no-emit-project --no-header --no-hashes \
      --format requirements-txt --output-file build.txt
RUN --mount=type=secret,id=pip,target=/etc/pip.conf,required=false \
    /opt/forewarn/bin/pip install --no-deps --require-hashes --requirement run.txt
COPY schemas schemas
COPY detectors detectors
COPY alerts alerts
COPY streams streams
COPY api api
COPY forewarn forewarn
# The tools that make the wheel are those of the lock, and stay in this stage.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf,required=false \
    PIP_CONSTRAINT=build.txt pip wheel --no-deps --wheel-dir wheel . \
    && /opt/forewarn/bin/pip install --no-deps wheel/*.whl \
    && /opt/forewarn/bin/python -m compileall -q /opt/forewarn/lib

FROM python:3.11.13-slim-bookworm
LABEL org.opencontainers.image.title="forewarn" org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin forewarn
COPY --from=build /opt/forewarn /opt/forewarn
ENV PATH=/opt/forewarn/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    FOREWARN_KEYS_FILE=/run/secrets/forewarn-keys
USER 10001:10001
WORKDIR /opt/forewarn
ENTRYPOINT ["forewarn"]
CMD ["--help"]
