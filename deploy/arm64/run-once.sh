#!/bin/sh
# `make run` over a folder until every file in it is analyzed; the results on stdout: run-once.sh MUSIC DATA
set -eu
cd "$(dirname "$0")/../.."
music=$1
data=$2
wanted=$(find "$music" -type f | wc -l)
rm -rf "$data"

log=$(mktemp)
LISTEN_ADDRESS=127.0.0.1:19346 setsid make run MUSIC="$music" DATA="$data" >"$log" 2>&1 &
group=$!
trap 'kill -TERM -$group 2>/dev/null || true; cat "$log" >&2' EXIT
until [ "$(grep -cE 'track\.(analyzed|failed)' "$log")" -ge "$wanted" ]; do # the log, as it costs no emulated program
    kill -0 $group || exit 1
    sleep 5
done
kill -TERM -$group
wait $group || true
.venv/bin/playlista doctor --music "$music" --data "$data" >&2 || true
MUSICNN_RUNTIME=essentia .venv/bin/playlista analyze "$music" >&2 || true
.venv/bin/playlista export --format jsonl --data "$data"
