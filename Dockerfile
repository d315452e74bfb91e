# The serving image: no torch, no compiler, no shell needed, nothing fetched when it runs.
#
#   docker build -t paperwire .
#   docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
#     -v paperwire:/var/lib/paperwire -v ./keys.json:/etc/paperwire/keys.json:ro -p 8000:8000 paperwire
#
# docs/operations.md says more.

ARG PYTHON=3.12

FROM python:${PYTHON}-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/paperwire
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY models models
COPY training training
COPY service service
RUN /opt/paperwire/bin/pip install --no-cache-dir --disable-pip-version-check '.[postgres]'

FROM python:${PYTHON}-slim-bookworm
LABEL org.opencontainers.image.title="Paperwire" \
      org.opencontainers.image.description="Tags research papers with themes: calibrated, explained, offline." \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 paperwire \
 && useradd --uid 10001 --gid paperwire --no-create-home --home-dir /var/lib/paperwire --shell /usr/sbin/nologin paperwire \
 && install -d -o paperwire -g paperwire -m 0750 /var/lib/paperwire
COPY --from=build /opt/paperwire /opt/paperwire
ENV PATH=/opt/paperwire/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PAPERWIRE_HOST=0.0.0.0 \
    PAPERWIRE_KEYS_FILE=/etc/paperwire/keys.json \
    PAPERWIRE_MODELS=/var/lib/paperwire/models \
    PAPERWIRE_STORE=/var/lib/paperwire/papers.db
USER 10001:10001
WORKDIR /var/lib/paperwire
VOLUME /var/lib/paperwire
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/ready', timeout=2)"]
ENTRYPOINT ["paperwire"]
CMD ["serve"]
