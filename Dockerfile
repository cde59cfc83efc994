# The mill and its dashboard as an image: `make build-docker`. How to run it: docs/how-to/container.md.
#
# Any Debian with a Python from 3.11 on will do as the base. Name one with its digest to build the same again:
# --build-arg BASE=docker.io/library/python@sha256:...
ARG BASE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE} AS wheel
WORKDIR /source
RUN ["python", "-m", "venv", "/tools"]
COPY container/build.lock container/
RUN ["/tools/bin/pip", "install", "--no-cache-dir", "--require-hashes", "--only-binary", ":all:", "--requirement", "container/build.lock"]
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN ["/tools/bin/pip", "wheel", "--no-cache-dir", "--no-deps", "--no-build-isolation", "--wheel-dir", "/wheels", "."]

FROM ${BASE} AS installed
WORKDIR /source
# Without a pip of its own: what processors need besides is installed by that of the base, pip --python /opt/linemill.
RUN ["python", "-m", "venv", "--without-pip", "/opt/linemill"]
COPY container/run.lock container/
RUN ["python", "-m", "pip", "--python", "/opt/linemill/bin/python", "install", "--no-cache-dir", "--no-compile", \
     "--require-hashes", "--only-binary", ":all:", "--requirement", "container/run.lock"]
COPY --from=wheel /wheels /wheels
RUN ["python", "-m", "pip", "--python", "/opt/linemill/bin/python", "install", "--no-cache-dir", "--no-compile", \
     "--no-deps", "--no-index", "--find-links", "/wheels", "linemill"]
COPY container/healthy.py /opt/linemill/
# Nobody may write there, so it is compiled now; and a copy of a file may have another time, so none is looked at.
RUN ["python", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "/opt/linemill"]

FROM ${BASE}
LABEL org.opencontainers.image.title="linemill" \
      org.opencontainers.image.description="Every line of every file through plain Python, exactly once" \
      org.opencontainers.image.licenses="Apache-2.0"
# By number, so that a volume has the same owner whatever names the host knows.
RUN groupadd --gid 10001 linemill \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin linemill \
    && install --directory --owner 10001 --group 10001 /data
COPY --from=installed /opt/linemill /opt/linemill
ENV PATH=/opt/linemill/bin:$PATH
USER 10001:10001
# The pipeline, its inbox and outputs and the catalog: one volume, since a file is taken by being renamed.
WORKDIR /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["python", "-I", "/opt/linemill/healthy.py", "8000"]
ENTRYPOINT ["linemill"]
CMD ["watch", "--host", "0.0.0.0", "--port", "8000"]
