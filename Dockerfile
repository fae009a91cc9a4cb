# One image for all processes of OrderX; the command selects the process (docker-compose.yml).
FROM python:3.13-slim AS build
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
# Dependencies before the code, so that a code change does not reinstall them.
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" \
    > requirements.txt && pip install --constraint constraints.txt --requirement requirements.txt
COPY README.md ./
COPY kit kit
COPY domain domain
COPY saga saga
COPY workers workers
COPY api api
COPY ops ops
COPY migrations migrations
RUN pip install --no-deps . && pip uninstall --yes pip

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin orderx \
    && install --directory --owner=orderx --group=orderx /data
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER orderx
WORKDIR /data
ENTRYPOINT ["orderx"]
CMD ["--help"]
