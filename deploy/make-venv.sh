#!/bin/sh
# Make a virtual environment with the first Python that fits: 3.11, 3.12 or 3.13, with the venv module.
set -eu
venv=$1
for python in python3 python3.12 python3.13 python3.11; do
    "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || continue
    found=$python
    echo "playlista: making $venv with $("$python" --version)"
    if "$python" -m venv "$venv" >"$venv.log" 2>&1; then
        rm -f "$venv.log"
        exit 0
    fi
    cat "$venv.log" >&2
    rm -rf "$venv" "$venv.log"
done
if [ -n "${found:-}" ]; then
    echo "playlista: $found cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv" >&2
else
    echo "playlista: no Python 3.11, 3.12 or 3.13 on PATH; on Debian and Ubuntu: apt-get install python3 python3-venv" >&2
fi
exit 1
