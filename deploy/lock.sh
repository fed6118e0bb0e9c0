#!/bin/sh
# Write the lock files from pyproject.toml: exact versions with hashes for Python 3.11 to 3.13 on x86-64 and 64-bit
# ARM, no index address.
set -eu
PATH="$PWD/.venv/bin:$PATH"
compile() {
    target=$1
    shift
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
        --no-annotate --output-file "$target" "$@" pyproject.toml
    echo "$target: $(grep -c '==' "$target") packages"
}
compile requirements.lock --extra tensorflow --extra onnx --extra build
compile requirements-lean.lock --extra onnx --extra build --constraint requirements.lock \
    --excludes deploy/lean-excludes.txt
compile requirements-test.lock --extra tensorflow --extra onnx --extra build --extra test --extra dask \
    --constraint requirements.lock
compile requirements-soak.lock --extra soak --constraint requirements-test.lock
compile requirements-dask.lock --extra dask --constraint requirements-test.lock --excludes deploy/lean-excludes.txt
