#!/bin/sh
# Build the image `linemill` from this checkout: `make build-docker`. What is given goes to the engine: --build-arg BASE=...
set -eu
cd "$(dirname "$0")/.."
. container/engine.sh

engine=$(engine docker podman buildah)
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' src/linemill/__init__.py)
[ -n "$version" ] || { say "src/linemill/__init__.py names no version"; exit 1; }
# The images of the two others cannot say how to tell whether they are healthy, unless they are in docker's format.
[ "$engine" = docker ] || set -- --format docker "$@"

exec "$engine" build --tag linemill --tag "linemill:$version" --label "org.opencontainers.image.version=$version" "$@" .
