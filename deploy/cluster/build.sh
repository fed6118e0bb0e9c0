#!/bin/sh
# Build the programs of a Kubernetes API server into build/cluster/bin, once: etcd and kube-apiserver from their Go modules
# (six CPU minutes). programs/go.mod pins them, go.sum holds the checksums; a changed pin is built anew. Kubernetes' own
# libraries lie in its repository as folders that are not part of its module: go.mod replaces each by its release.
set -eu
cd "$(dirname "$0")/../.."

PROGRAMS=deploy/cluster/programs
BIN=$PWD/build/cluster/bin

say() { echo "deploy/cluster: $*"; }

if ! command -v go >/dev/null 2>&1; then
    say "kube-apiserver is built by Go, which is not here: install Go 1.24 or later" >&2
    exit 3
fi

stamp=build/cluster/.built-$(cat "$0" "$PROGRAMS/go.mod" "$PROGRAMS/go.sum" | cksum | cut -d' ' -f1)
[ -e "$stamp" ] && exit 0

build() { # build NAME PACKAGE [LDFLAGS]
    say "building $1 (once; minutes)"
    nice -n 10 go -C "$PROGRAMS" build -mod=readonly -trimpath -buildvcs=false -ldflags "-s -w ${3:-}" -o "$BIN/$1" "$2"
}

mkdir -p "$BIN"
rm -f build/cluster/.built-*
version=$(sed -n 's,^[[:space:]]*k8s.io/kubernetes \(v[0-9.]*\).*,\1,p' "$PROGRAMS/go.mod")
minor=${version#v1.}
flags=-X\ k8s.io/component-base/version.git
build etcd go.etcd.io/etcd/server/v3
build kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver \
    "${flags}Version=$version ${flags}Major=1 ${flags}Minor=${minor%%.*}"
touch "$stamp"
