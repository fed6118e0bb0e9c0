# Three targets from one file, each for linux/amd64 and linux/arm64: `lean` (the default: MusiCNN by NumPy or ONNX
# Runtime), `cluster` (with dask besides) and `full` (on amd64 also by essentia's TensorFlow and by tensorflow-cpu, which
# have no wheels for ARM). They hold no package manager and no compiler: every dependency is a wheel that the lock files
# name by hash, and the kernels in C are compiled in a stage of their own.
# docs/deploy/image.md shows how to run it and how it was built and run where there is no registry.
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm
ARG COMPILER_IMAGE=python:3.11.14-bookworm

# The kernels are compiled in an image that has a compiler, and of it only they go on. The same Debian: the same libc.
FROM ${COMPILER_IMAGE} AS kernels
WORKDIR /build
COPY daemon/playlista/__init__.py playlista/
COPY daemon/playlista/native playlista/native
RUN python3 -m playlista.native.build --into . && ls kernels-*.so

# --- where things are installed; none of this but /opt/playlista reaches an image ---------------------------------
FROM ${PYTHON_IMAGE} AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
RUN python3 -m venv /opt/playlista
ENV PATH=/opt/playlista/bin:${PATH}

FROM builder AS installed-lean
COPY requirements-lean.lock ./
RUN pip install --only-binary :all: --require-hashes --requirement requirements-lean.lock
COPY LICENSE README.md pyproject.toml playlista.conf ./
COPY daemon daemon
RUN pip install --no-index --no-build-isolation --no-deps .

FROM builder AS installed-full
COPY requirements.lock ./
RUN pip install --only-binary :all: --require-hashes --requirement requirements.lock
COPY LICENSE README.md pyproject.toml playlista.conf ./
COPY daemon daemon
RUN pip install --no-index --no-build-isolation --no-deps .

# The published MusiCNN weights become a frozen graph here; at run time nothing is fetched.
FROM installed-lean AS model
RUN playlista models prepare --models /opt/playlista/models

# setuptools has made our package and is needed no more; tensorflow imports it, so that `full` keeps it.
FROM installed-lean AS environment-lean
RUN pip uninstall --yes pip setuptools
COPY --from=kernels /build/kernels-*.so /opt/playlista/lib/python3.11/site-packages/playlista/native/

FROM installed-lean AS environment-cluster
COPY requirements-dask.lock ./
RUN pip install --only-binary :all: --require-hashes --requirement requirements-dask.lock \
    && pip uninstall --yes pip setuptools
COPY --from=kernels /build/kernels-*.so /opt/playlista/lib/python3.11/site-packages/playlista/native/

FROM installed-full AS environment-full
RUN pip uninstall --yes pip
COPY --from=kernels /build/kernels-*.so /opt/playlista/lib/python3.11/site-packages/playlista/native/

# --- what both images are -----------------------------------------------------------------------------------------
FROM ${PYTHON_IMAGE} AS runtime
# Nothing about malloc or thread pools: the program decides them, and what stands here would overrule it.
ENV PATH=/opt/playlista/bin:${PATH} \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MUSIC_DIR=/music \
    DATA_DIR=/data \
    MODELS_DIR=/opt/playlista/models
# Any user may own the library: a named volume takes the mode of this folder when it is first used.
RUN find /usr/local -depth \( -name 'pip*' -o -name ensurepip -o -name 'setuptools*' \) -exec rm -rf {} + \
    && mkdir --parents /music /etc/playlista \
    && install --directory --mode=1777 /data
COPY deploy/image/entrypoint.sh deploy/image/healthcheck.py /opt/playlista/
COPY --from=model /opt/playlista/models /opt/playlista/models
# Behind everything that takes time: each build has another CREATED.
ARG VERSION=0.2.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG SOURCE=https://github.com/playlista/playlista
LABEL org.opencontainers.image.title="Playlista" \
      org.opencontainers.image.description="Watches a music folder and analyzes every track inside a small memory limit" \
      org.opencontainers.image.licenses="AGPL-3.0-or-later" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.url="${SOURCE}" \
      org.opencontainers.image.documentation="${SOURCE}/blob/v${VERSION}/docs/deploy/image.md"
WORKDIR /data
VOLUME ["/data"]
EXPOSE 9345
# 65534, or whoever --user names; as root (--user 0) the entrypoint gives way to PUID and PGID.
USER 65534:65534
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["/opt/playlista/bin/python", "-I", "/opt/playlista/healthcheck.py"]
ENTRYPOINT ["/opt/playlista/entrypoint.sh"]
CMD ["run"]

FROM runtime AS full
COPY --from=environment-full /opt/playlista /opt/playlista

FROM runtime AS cluster
COPY --from=environment-cluster /opt/playlista /opt/playlista

FROM runtime AS lean
COPY --from=environment-lean /opt/playlista /opt/playlista
