#!/bin/sh
# Run the product on emulated 64-bit ARM: from a clone of what is committed here, `make run` over a folder of music and
# `make test-fast`; then its values and this machine's as a table.
#
#   make test-arm64 MUSIC=/path/to/a/few/short/tracks [TESTS="tests/musicnn tests/features"]
#
# Needs root and `sh deploy/tools.sh image`. Emulated code runs about ten times slower: name some TESTS where the whole
# is too much, and a folder of a few short tracks. What was installed stays in build/arm64 for the next time.
set -eu
cd "$(dirname "$0")/../.."
music=$(readlink -f "${1:?say which folder of music}")
tests=${2:-}
built=$PWD/build/arm64
root=$built/root
clone=$root/opt/playlista

say() { echo "arm64: $*"; }

# arm COMMAND...: in the root, with the music and with what pip needs to reach its registry. Compiling every module of
# every package would take most of the time, so that is left to their first import (pip's word for it is 0).
arm() {
    PIP_NO_COMPILE=0 BIND="$music:/music $(for file in resolv.conf hosts ssl/certs/ca-certificates.crt; do
        echo "/etc/$file:/etc/$file"
    done)" HOME=/root python3 deploy/arm64/emulate.py sh deploy/arm64/enter.sh "$root" "$@"
}

mkdir -p "$built"
sh deploy/arm64/root.sh "$root" python3,python3-venv,make,git,gcc,libc6-dev,ca-certificates
if [ -d "$clone" ]; then
    git -C "$clone" fetch --quiet "$PWD" HEAD && git -C "$clone" reset --quiet --hard FETCH_HEAD
else
    git clone --quiet "$PWD" "$clone"
fi

say "make run over $music on $(arm uname -m)"
arm sh /opt/playlista/deploy/arm64/run-once.sh /music /tmp/data >"$built/arm64.jsonl"
say "the same here, by the same ffmpeg: without one on PATH it is the one that is installed with the packages"
PATH=$PWD/.venv/bin MODELS_DIR=build/models .venv/bin/playlista analyze --json "$music" >"$built/here.jsonl" 2>/dev/null || true
.venv/bin/python -m deploy.arm64.compare "$built/here.jsonl" "$built/arm64.jsonl" | tee "$built/values.md"

say "the test tools for it, unpacked from here: pip itself would take most of an hour, emulated"
.venv/bin/uv pip install --quiet --python-platform aarch64-unknown-linux-gnu --python-version 3.11 --only-binary :all: \
    --require-hashes --link-mode copy --target "$clone/.venv/lib/python3.11/site-packages" \
    --requirement requirements-test.lock
touch "$clone/.venv/.tested-$(cd "$clone" && cat requirements.lock requirements-test.lock pyproject.toml | cksum | cut -d' ' -f1)"

say "make test-fast ${tests:+TESTS=\"$tests\"}"
arm make --directory /opt/playlista test-fast TESTS="$tests"
