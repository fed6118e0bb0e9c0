#!/bin/sh
# Build both images where no registry is reached, and run them for real, each in a memory cgroup of its own.
#
#   sh deploy/tools.sh image && sh deploy/image/try.sh MUSIC_FILE
#
# The base comes from debootstrap: Debian bookworm with its Python 3.11, imported under the name that the Dockerfile
# asks for. All else is the Dockerfile as it is. Needs root, Debian and its buildah, podman and runc.
set -eu
cd "$(dirname "$0")/../.."

track=$(readlink -f "${1:?say which audio file to analyze}")
base=docker.io/library/$(sed -n 's/^ARG PYTHON_IMAGE=//p' Dockerfile)
work=$(mktemp -d)
trap 'podman --log-level fatal rm --force --ignore playlista-try >/dev/null 2>&1; rm -rf "$work"' EXIT
failures=0

say() { echo "== $*"; }

expect() { # expect WHAT CONDITION...: one line, and a failure at the end if the condition does not hold
    what=$1
    shift
    if "$@"; then echo "ok    $what"; else echo "FAIL  $what" && failures=$((failures + 1)); fi
}

make_base() {
    buildah inspect --type image "$base" >/dev/null 2>&1 && return
    say "making $base"
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm "$work/base" >/dev/null
    ln -s /usr/bin/python3 "$work/base/usr/local/bin/python3"
    rm -rf "$work"/base/var/cache/apt/archives/*.deb "$work"/base/var/lib/apt/lists/* "$work"/base/dev/*
    printf 'FROM scratch\nCOPY base /\n' >"$work/Dockerfile"
    buildah build --quiet --isolation chroot --tag "$base" --file "$work/Dockerfile" "$work" >/dev/null
}

build() { # The machine's own trusted certificates, as its registries may be behind a mirror.
    say "building $1"
    buildah build --quiet --isolation chroot --layers --pull-never --target "$1" --tag "playlista:$1" \
        --build-arg REVISION="$(git rev-parse --short HEAD 2>/dev/null || echo unknown)" --format docker \
        --volume /etc/ssl/certs/ca-certificates.crt:/etc/ssl/certs/ca-certificates.crt:ro . >/dev/null
}

run() { # Read-only root, no swap; the limits of open files and processes are said, as not every host lets them be raised.
    podman --log-level fatal --runtime runc --cgroup-manager cgroupfs run --no-healthcheck --network host --ulimit nofile=1024:1024 \
        --ulimit nproc=1024:1024 --memory 256m --memory-swap 256m --read-only --read-only-tmpfs=false \
        --tmpfs /tmp:size=256m,mode=1777 --volume "$work/music:/music:ro" "$@"
}

json() { python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }

measure() { # What is in the image, and what is not
    size=$(podman --log-level fatal image inspect "playlista:$1" --format '{{.Size}}')
    echo "      unpacked: $((size / 1000000)) MB"
    [ "$1" != lean ] || expect "lean is at most 900 MB" [ "$size" -le 900000000 ]
    expect "no compiler and no pip" run --rm --entrypoint /bin/sh "playlista:$1" -c \
        '! command -v gcc cc g++ clang make pip pip3 >/dev/null && ! python -m pip --version 2>/dev/null'
    expect "starts as 65534" [ "$(run --rm --entrypoint id "playlista:$1" -u)" = 65534 ]
    expect "labels" [ -n "$(podman --log-level fatal image inspect "playlista:$1" --format '{{index .Labels "org.opencontainers.image.licenses"}}')" ]
}

analyze() {
    rm -rf "$work/data"
    mkdir -p "$work/data"
    chmod 0777 "$work/data"
    run --rm --volume "$work/data:/data" "playlista:$1" analyze --json "/music/$name" 2>"$work/err" >"$work/result" || true
    expect "analyzes a track with tags" [ "$(json '["status"]' <"$work/result")" = analyzed ]
    json '["rhythm"]["bpm"]' <"$work/result" | sed 's/^/      bpm /'
    json '["memory"]["peak_rss_bytes"] // 2**20' <"$work/result" | sed 's/^/      peak RSS MiB /'
    expect "with 50 tags" [ "$(json '["tags"].__len__()' <"$work/result")" = 50 ]
}

daemon() { # daemon IMAGE USER WANTED_UID OPTION...: starts, analyzes, is healthy, stops in time, owns its files
    image=$1 user=$2 wanted=$3
    shift 3
    rm -rf "$work/data"
    mkdir -p "$work/data"
    chmod 0777 "$work/data"
    run --detach --name playlista-try --user "$user" --volume "$work/data:/data" --env LISTEN_ADDRESS=127.0.0.1:19345 \
        --env WATCH_SETTLE_SECONDS=0 "$@" "playlista:$image" >/dev/null
    waited=0
    until podman --log-level fatal exec playlista-try playlista list --json 2>/dev/null | grep -q analyzed || [ $waited -ge 60 ]; do
        [ "$(podman --log-level fatal inspect playlista-try --format '{{.State.Running}}')" = true ] || waited=59
        sleep 1
        waited=$((waited + 1))
    done
    expect "as $user: the track is in the library" [ $waited -lt 60 ]
    [ $waited -lt 60 ] || podman --log-level fatal logs playlista-try
    expect "as $user: HEALTHCHECK" podman --log-level fatal exec playlista-try /opt/playlista/bin/python -I /opt/playlista/healthcheck.py
    process=$(podman --log-level fatal inspect playlista-try --format '{{.State.Pid}}')
    expect "as $user: runs as $wanted" [ "$(stat -c %u "/proc/$process")" = "$wanted" ]
    expect "as $user: the root file system cannot be written" podman --log-level fatal exec playlista-try sh -c '! touch /opt/x 2>/dev/null'
    started=$(date +%s%N)
    podman --log-level fatal stop --time 20 playlista-try >/dev/null
    took=$((($(date +%s%N) - started) / 1000000))
    expect "as $user: SIGTERM to PID 1 ends it in under 5 s ($took ms)" [ $took -lt 5000 ]
    expect "as $user: exit code 0" [ "$(podman --log-level fatal inspect playlista-try --format '{{.State.ExitCode}}')" = 0 ]
    expect "as $user: the database belongs to $wanted" [ "$(stat -c %u "$work"/data/*.db* "$work"/data/*.sqlite* 2>/dev/null | head -1)" = "$wanted" ]
    stat -c '      %a %n' "$work"/data/* | sed "s#$work##"
    podman --log-level fatal rm playlista-try >/dev/null
}

name=track.${track##*.}
mkdir -p "$work/music"
cp "$track" "$work/music/$name"
chmod -R a+rX "$work"
podman --log-level fatal rm --force --ignore playlista-try >/dev/null
make_base
for image in ${IMAGES:-lean full}; do
    build "$image"
    say "running $image"
    measure "$image"
    analyze "$image"
done
say "users"
daemon lean 65534:65534 65534
daemon lean 1000:1000 1000
daemon lean 0:0 1026 --env PUID=1026 --env PGID=100 --env UMASK=027
say "$failures failed"
exit $((failures > 0))
