# The service and the worker; without `merx dev` and the sandbox.
FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
RUN apt-get update && apt-get install -y --no-install-recommends build-essential && rm -rf /var/lib/apt/lists/*
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --package merx --no-default-features && cp target/release/merx /merx

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home merx
COPY --from=build /merx /usr/local/bin/merx
USER 10001
ENV MERX_BIND=0.0.0.0:8080 MERX_LOG_FORMAT=json
EXPOSE 8080
ENTRYPOINT ["merx"]
CMD ["serve"]
