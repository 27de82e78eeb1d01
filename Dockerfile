# One image for every process of Tocsin; docker-compose.yml says which command each one runs.

FROM python:3.13-slim-trixie AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.txt requirements-apprise.txt /tmp/
RUN python -m venv /opt/tocsin && /opt/tocsin/bin/pip install --require-hashes -r /tmp/requirements.txt \
    -r /tmp/requirements-apprise.txt

FROM python:3.13-slim-trixie
ENV PATH=/opt/tocsin/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=config.settings \
    TOCSIN_NO_BOOTSTRAP=1 \
    TOCSIN_DATA_DIR=/var/lib/tocsin \
    TOCSIN_STATIC_ROOT=/srv/static \
    TOCSIN_STATUS_DIR=/srv/status
# The volumes below take over the owner of these folders.
RUN useradd --system --uid 10001 --user-group --home-dir /var/lib/tocsin tocsin \
    && install -d -o tocsin -g tocsin /var/lib/tocsin /srv/static /srv/status
COPY --from=packages /opt/tocsin /opt/tocsin
WORKDIR /app
COPY . .
RUN python -m compileall -q /app
USER 10001:10001
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--no-ws", "--workers", "2", \
     "--blocking-threads", "8", "--log-level", "warning", "config.wsgi:application"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "docker/healthy.py", "http://127.0.0.1:8000/readyz"]
