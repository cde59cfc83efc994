#!/bin/sh
# Run the image `linemill` over a folder of this machine: `make run-docker`.
#
# usage: run.sh [FOLDER]
set -eu
. "$(dirname "$0")/engine.sh"

folder=$(CDPATH='' cd -- "${1:-.}" && pwd -P)
if [ ! -f "$folder/pipeline.yaml" ]; then
    say "There is no pipeline.yaml in $folder. Name the folder of a pipeline: make run-docker FOLDER=examples/inbox"
    exit 1
fi
case $folder in *:*)
    say "A folder whose path has a colon in it cannot be given to a container: $folder. Rename it, or link to it from elsewhere and mount that by hand."
    exit 1
esac
# Whoever owns the folder is who works in it: what the container writes belongs to that user, and nobody is root.
owner=$(ls -ldn "$folder" | awk '{ print $3 ":" $4 }')
if [ "${owner%%:*}" = 0 ]; then
    say "$folder belongs to root, and the mill does not run as root. Give it to a user: chown -R 10001:10001 '$folder'"
    exit 1
fi
engine=$(engine docker podman)
alone=
if [ "$engine" = docker ]; then
    alone=--init # passes signals on, and buries what processors leave behind
elif [ "$(id -u)" != 0 ]; then
    alone="--userns keep-id" # or the owner of the folder would be somebody else in there
fi

in_container() {
    # shellcheck disable=SC2086 -- words, or none
    "$engine" run --rm --pull never $alone --user "$owner" --volume "$folder:/data:z" --read-only --tmpfs /tmp \
        --cap-drop ALL --security-opt no-new-privileges "$@"
}

tokens=
# Before the first start there is no catalog, and so no token.
[ ! -e "$folder/.linemill/catalog.db" ] || tokens=$(in_container linemill token list --json)
if ! printf '%s' "$tokens" | grep -q '"is_valid": *true'; then
    say "There is no token yet. This is one, of an admin; it is shown only this once:"
    in_container linemill token create --role admin
fi
say "Open http://127.0.0.1:8000 and sign in with a token. More of them: docs/how-to/container.md"
# The mill ends by itself within 30 s of being asked to (watch.stop_timeout).
in_container --name linemill --publish 127.0.0.1:8000:8000 --stop-timeout 40 linemill
