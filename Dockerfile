# The gateway in an image: settings in /etc/cention-gateway/config.toml, spool in the volume, nothing else is written.
# Runs as user 10001 with --read-only --tmpfs /tmp --cap-drop ALL. Ports below 1024 are not for that user everywhere, so
# that inside it listens on 2525 and 8080, whatever the settings say; publish them as 25 and behind a TLS proxy:
#   docker run -p 25:2525 -p 127.0.0.1:8080:8080 -v ./config.toml:/etc/cention-gateway/config.toml:ro \
#     -v cention-gateway:/var/lib/cention-gateway cention-gateway

FROM python:3.11-slim-bookworm AS builder
WORKDIR /source
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN python -m venv /opt/build \
    && /opt/build/bin/python -m pip install --no-cache-dir --require-hashes --only-binary :all: \
        --requirement requirements/build.txt
RUN python -m venv --without-pip /opt/cention-gateway \
    && /opt/build/bin/python -m pip --python /opt/cention-gateway/bin/python install --no-cache-dir --require-hashes \
        --only-binary :all: --requirement requirements/runtime.txt
COPY pyproject.toml README.md ./
COPY docs/man docs/man
COPY gateway gateway
RUN /opt/build/bin/python -m build --no-isolation --wheel --outdir dist . \
    && /opt/build/bin/python -m pip --python /opt/cention-gateway/bin/python install --no-cache-dir --no-deps \
        --no-index dist/*.whl

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /var/lib/cention-gateway cention-gateway \
    && install --directory --owner cention-gateway --group cention-gateway --mode 700 /var/lib/cention-gateway
COPY --from=builder /opt/cention-gateway /opt/cention-gateway
RUN /opt/cention-gateway/bin/cention-gateway --help >/dev/null
ENV PATH=/opt/cention-gateway/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    CENTION_GATEWAY_SMTP__LISTEN='["0.0.0.0:2525"]' \
    CENTION_GATEWAY_HTTP__LISTEN=0.0.0.0:8080
USER 10001
VOLUME /var/lib/cention-gateway
EXPOSE 2525 8080
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s CMD ["cention-gateway", "health", "--config", "/etc/cention-gateway/config.toml"]
ENTRYPOINT ["cention-gateway"]
CMD ["run", "--config", "/etc/cention-gateway/config.toml"]
