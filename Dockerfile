# One image for web, worker, beat and the migration; docker-compose.yml says which command each one runs.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN useradd --uid 10001 --create-home jubilee && install -d -o jubilee -g jubilee /var/lib/jubilee
WORKDIR /app

# The libraries first: they change less often than the code, and the build keeps what did not change.
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN mkdir engine triggers workers web cli \
    && pip install --quiet --constraint constraints.txt --editable .
COPY . .
RUN pip install --quiet --no-deps --editable .

USER jubilee
ENV JUBILEE_HOME=/var/lib/jubilee
EXPOSE 8000
CMD ["jubilee", "serve"]
