#!/bin/sh
# Build the plugin for Navidrome into build/integrations/playlista.ndp, after its tests. Needs Go.
#
#   sh integrations/navidrome/build.sh                the plugin kit comes from the Go module proxy
#   NAVIDROME_SOURCE=DIR sh integrations/...build.sh  it comes from a checkout of Navidrome: DIR/plugins/pdk/go
set -eu
cd "$(dirname "$0")"
OUT=../../build/integrations
KIT=github.com/navidrome/navidrome/plugins/pdk/go

command -v go >/dev/null || { echo "integrations/navidrome: install Go first" >&2; exit 1; }
mkdir -p "$OUT/navidrome"
OUT=$(cd "$OUT" && pwd)
# go.mod is used as a copy: what Go writes into it depends on where the kit comes from.
cp go.mod "$OUT/navidrome/go.mod"
cp go.sum "$OUT/navidrome/go.sum"
if [ -n "${NAVIDROME_SOURCE:-}" ]; then
    go mod edit -replace "$KIT=$NAVIDROME_SOURCE/plugins/pdk/go" "$OUT/navidrome/go.mod"
fi
go vet -mod=mod -modfile="$OUT/navidrome/go.mod" .
go test -mod=mod -modfile="$OUT/navidrome/go.mod" .
GOOS=wasip1 GOARCH=wasm go build -mod=mod -modfile="$OUT/navidrome/go.mod" -buildmode=c-shared -trimpath -ldflags='-s -w' \
    -o "$OUT/navidrome/plugin.wasm" .
# Python's zipfile, so that no zip program is needed, with one date: the same source makes the same file.
python3 - "$OUT" <<'ZIP'
import sys, zipfile
from pathlib import Path
out = Path(sys.argv[1])
with zipfile.ZipFile(out / "playlista.ndp", "w", zipfile.ZIP_DEFLATED) as package:
    for name, source in ("manifest.json", Path("manifest.json")), ("plugin.wasm", out / "navidrome/plugin.wasm"):
        package.writestr(zipfile.ZipInfo(name), source.read_bytes(), zipfile.ZIP_DEFLATED, 9)
ZIP
echo "integrations/navidrome: wrote build/integrations/playlista.ndp"
