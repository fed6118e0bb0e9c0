#!/bin/sh
# `make run` over a folder until every file in it is analyzed; the results on stdout: run-once.sh MUSIC DATA
set -eu
cd "$(dirname "$0")/../.."
music=$1
data=$2
wanted=$(find "$music" -type f | wc -l)
rm -rf "$data"

LISTEN_ADDRESS=127.0.0.1:19346 setsid make run MUSIC="$music" DATA="$data" >&2 &
group=$!
trap 'kill -TERM -$group 2>/dev/null || true' EXIT
until [ "$(.venv/bin/playlista list --json --data "$data" 2>/dev/null | wc -l)" -ge "$wanted" ]; do
    kill -0 $group || exit 1
    sleep 5
done
kill -TERM -$group
wait $group || true
.venv/bin/playlista doctor --music "$music" --data "$data" >&2 || true
MUSICNN_RUNTIME=essentia .venv/bin/playlista analyze "$music" >&2 || true
.venv/bin/playlista export --format jsonl --data "$data"
