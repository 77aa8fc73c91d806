# The tracker as an image: `docker build -t tracker .`
#
# Built in one stage, run from another that has neither compiler nor Node, in which nothing
# belongs to the user that runs. What differs between sites, and every secret, comes with the
# environment (README.md, docs/operations.md). The base images can be named by digest:
# --build-arg BUILD_IMAGE=python:3.11-bookworm@sha256:… --build-arg RUN_IMAGE=…
ARG BUILD_IMAGE=python:3.11-bookworm
ARG RUN_IMAGE=python:3.11-slim-bookworm

FROM ${BUILD_IMAGE} AS build
WORKDIR /opt/tracker

# What the server runs on, and nothing else: archives whose hash is not locked are refused.
COPY requirements/base.txt requirements/build.txt requirements/
RUN python -m venv /opt/venv \
 && /opt/venv/bin/python -m pip install --no-cache-dir --no-deps --require-hashes -r requirements/base.txt

# Scripts, styles and translations, made by what `make run` makes them by.
COPY Makefile package.json package-lock.json .npmrc ./
RUN make PYTHON=python3 node_modules/.made
COPY . .
RUN SECRET_KEY="for the build only" make PYTHON=python3 setup var/static/staticfiles.json \
 && python -m compileall -q zaozhuang districts projects

FROM ${RUN_IMAGE}
RUN groupadd --system --gid 10001 tracker \
 && useradd --system --uid 10001 --gid tracker --no-create-home --home-dir /nonexistent \
      --shell /usr/sbin/nologin tracker \
 && install --directory --owner=tracker --group=tracker --mode=0700 /var/lib/tracker/backups
WORKDIR /opt/tracker
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/tracker/manage.py /opt/tracker/LICENSE ./
COPY --from=build /opt/tracker/zaozhuang zaozhuang
COPY --from=build /opt/tracker/districts districts
COPY --from=build /opt/tracker/projects projects
COPY --from=build /opt/tracker/templates templates
COPY --from=build /opt/tracker/locale locale
COPY --from=build /opt/tracker/fixtures fixtures
COPY --from=build /opt/tracker/docs/third-party.md docs/third-party.md
COPY --from=build /opt/tracker/deploy/healthcheck.py deploy/healthcheck.py
COPY --from=build /opt/tracker/assets/dist assets/dist
COPY --from=build /opt/tracker/var/static var/static
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PRODUCTION=1 \
    BIND=0.0.0.0 \
    PORT=8000
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "deploy/healthcheck.py"]
CMD ["python", "-m", "gunicorn", "--config", "zaozhuang/gunicorn.py", "zaozhuang.wsgi"]
