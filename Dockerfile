# One image for every process of citybrain: `docker run citybrain worker index`, `citybrain wall`, ...
FROM python:3.11-slim-bookworm

# The project's own packages win over whatever a dependency might bring under the same names.
ENV PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /app

# The packages first: they change less often than the code.
COPY requirements.lock ./
RUN pip install --require-hashes --only-binary :all: -r requirements.lock

COPY pyproject.toml README.md LICENSE ./
COPY citybrain ./citybrain
COPY streams ./streams
COPY dashboard ./dashboard
COPY store ./store
COPY config ./config
COPY models ./models
RUN pip install --no-deps --no-build-isolation --editable . \
    && useradd --uid 10001 --create-home citybrain \
    && install --directory --owner citybrain --group citybrain /data

USER citybrain
VOLUME /data
EXPOSE 8050

ENTRYPOINT ["citybrain"]
CMD ["--help"]
