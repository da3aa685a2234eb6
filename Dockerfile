# The site as an image: web, workers, clock and DNS servers all run from it (compose.yaml).
# Tags name versions. Where you build for long, pin digests: docker buildx imagetools inspect TAG.
ARG PYTHON=python:3.14.6-slim-trixie

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
WORKDIR /srv/mxplain
RUN python -m venv /opt/venv
COPY requirements.lock ./
# Only files whose hashes the lock file knows. No compiler is needed: all but dkimpy, which is
# Python alone, come as wheels.
RUN /opt/venv/bin/pip install --no-cache-dir --only-binary :all: --no-binary dkimpy \
        --require-hashes --requirement requirements.lock
COPY manage.py ./
COPY portal portal
COPY lookups lookups
COPY learn learn
COPY templates templates
COPY static static
COPY locale locale
# What every start would make again: translations, static files, byte code,
# and the certificate of the classroom's authority.
RUN /opt/venv/bin/python -m babel.messages.frontend --quiet compile --directory locale \
        --domain django \
    && MXPLAIN_VAR=/tmp/var MXPLAIN_STATIC_ROOT=/srv/mxplain/static-files \
        /opt/venv/bin/python manage.py collectstatic --no-input --verbosity 0 \
    && /opt/venv/bin/python -c "from pathlib import Path; \
        from learn.classroom.authority import Authority; Authority(Path('classroom'))" \
    && /opt/venv/bin/python -m compileall -q portal lookups learn \
    && rm -rf /tmp/var

FROM ${PYTHON}
# pg_dump and pg_restore for `manage.py backup`; of the server's version in compose.yaml.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client-17=17.* \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 mxplain \
    && useradd --uid 10001 --gid 10001 --home-dir /var/lib/mxplain --shell /usr/sbin/nologin mxplain \
    && install --directory --owner mxplain --group mxplain --mode 0750 /var/lib/mxplain
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/mxplain /srv/mxplain
WORKDIR /srv/mxplain
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONWARNINGS=ignore \
    MXPLAIN_VAR=/var/lib/mxplain \
    MXPLAIN_STATIC_ROOT=/srv/mxplain/static-files
USER 10001:10001
VOLUME /var/lib/mxplain
EXPOSE 8000
CMD ["uvicorn", "portal.asgi:application", "--host", "0.0.0.0", "--port", "8000"]
