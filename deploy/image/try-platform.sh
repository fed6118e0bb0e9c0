#!/bin/sh
# Build the images for one machine and run them: try-platform.sh amd64|arm64 MUSIC_FILE IMAGE...
#
# Part of try.sh, which runs this for arm64 under emulation. The bases come from debootstrap: Debian bookworm with its
# Python 3.11, one of them with a compiler, imported under the names that the Dockerfile asks for. All else is the
# Dockerfile as it is.
set -eu
platform=$1
track=$2
shift 2

built=build/image
storage=$PWD/$built/storage-$platform # of its own: the overlays of a user namespace differ from those of the host
work=$(mktemp -d)
rm -rf "$storage/libpod" # it remembers the folder of the run before
failures=0
deadline=60 stop_ms=5000 pause=1 memory=256m
# Emulated: slower, and the emulator's own translated code takes 170 MB.
[ "$platform" != arm64 ] || deadline=1800 stop_ms=20000 pause=20 memory=640m

podman() {
    command podman --root "$storage" --runroot "$work/run" --log-level fatal --runtime runc --cgroup-manager cgroupfs "$@"
}

buildah() { command buildah --root "$storage" --runroot "$work/run" "$@"; }

# shellcheck disable=SC2317 # the trap reaches it
clean_up() {
    podman rm --force --ignore playlista-try >/dev/null 2>&1 || true
    umount "$storage/overlay" 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT

say() { echo "== $platform: $*"; }

expect() { # expect WHAT CONDITION...: one line, and a failure at the end if the condition does not hold
    what=$1
    shift
    if "$@"; then echo "ok    $what"; else echo "FAIL  $what" && failures=$((failures + 1)); fi
}

make_base() { # make_base ARGUMENT ROOT PACKAGES: the image that this ARG of the Dockerfile names
    base=docker.io/library/$(sed -n "s/^ARG $1=//p" Dockerfile)
    root=$built/$2-$platform
    packages=$3
    buildah inspect --type image "$base" >/dev/null 2>&1 && return
    say "making $base"
    if [ "$platform" = arm64 ]; then
        sh deploy/arm64/root.sh "$root" "$packages"
    elif [ ! -e "$root/.ready" ]; then
        debootstrap --variant=minbase --include="$packages" bookworm "$root" >/dev/null
        : >"$root/.ready"
    fi
    ln -sf /usr/bin/python3 "$root/usr/local/bin/python3"
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "${root:?}"/dev/*
    printf 'FROM scratch\nCOPY %s-%s /\n' "$2" "$platform" >"$work/Dockerfile"
    buildah build --quiet --platform "linux/$platform" --isolation chroot --tag "$base" --file "$work/Dockerfile" \
        "$built" >/dev/null
}

build() { # The machine's own trusted certificates, as its registries may be behind a mirror.
    say "building $1"
    buildah build --quiet --platform "linux/$platform" --isolation chroot --layers --pull-never --target "$1" \
        --tag "playlista:$1" --build-arg REVISION="$(git rev-parse HEAD 2>/dev/null || echo unknown)" \
        --build-arg CREATED="$(date --utc +%Y-%m-%dT%H:%M:%SZ)" --format docker \
        --volume /etc/ssl/certs/ca-certificates.crt:/etc/ssl/certs/ca-certificates.crt:ro . >/dev/null
    rm -f "$built/$1-$platform.tar"
    buildah push "playlista:$1" "oci-archive:$built/$1-$platform.tar:$1" 2>/dev/null >/dev/null
}

run() { # Read-only root, no swap; the limits of open files and processes are said, as not every host lets them be raised.
    # shellcheck disable=SC2086 # an option and its value
    podman run ${cpuinfo:+--volume $cpuinfo:/proc/cpuinfo:ro} --platform "linux/$platform" --pull never \
        --no-healthcheck --network none --ulimit nofile=1024:1024 \
        --ulimit nproc=1024:1024 --memory $memory --memory-swap $memory --read-only --read-only-tmpfs=false \
        --tmpfs /tmp:size=256m,mode=1777 --volume "$work/music:/music:ro" "$@"
}

json() { python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }

measure() { # What is in the image, and what is not
    size=$(podman image inspect "playlista:$1" --format '{{.Size}}')
    echo "      unpacked: $((size / 1000000)) MB"
    [ "$1" != lean ] || expect "lean is at most 600 MB" [ "$size" -le 600000000 ]
    expect "no compiler and no pip" run --rm --entrypoint /bin/sh "playlista:$1" -c \
        '! command -v gcc cc g++ clang make pip pip3 >/dev/null && ! python -m pip --version 2>/dev/null'
    expect "starts as 65534" [ "$(run --rm --entrypoint id "playlista:$1" -u)" = 65534 ]
    expect "computes by compiled kernels" run --rm --entrypoint /bin/sh "playlista:$1" -c \
        'playlista doctor | grep -q "kernels .*compiled kernels compute"'
    for label in licenses version revision created source url documentation; do
        expect "label $label" [ -n "$(podman image inspect "playlista:$1" --format "{{index .Labels \"org.opencontainers.image.$label\"}}")" ]
    done
    expect "is for $platform" [ "$(podman image inspect "playlista:$1" --format '{{.Architecture}}')" = "$platform" ]
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
    until podman exec playlista-try playlista list --json 2>/dev/null | grep -q analyzed || [ $waited -ge "$deadline" ]; do
        [ "$(podman inspect playlista-try --format '{{.State.Running}}')" = true ] || waited=$deadline
        sleep $pause
        waited=$((waited + pause))
    done
    expect "as $user: the track is in the library" [ $waited -lt "$deadline" ]
    [ $waited -lt "$deadline" ] || podman logs playlista-try
    expect "as $user: HEALTHCHECK" podman exec playlista-try /opt/playlista/bin/python -I /opt/playlista/healthcheck.py
    process=$(podman inspect playlista-try --format '{{.State.Pid}}')
    expect "as $user: runs as $wanted" [ "$(stat -c %u "/proc/$process")" = "$wanted" ]
    expect "as $user: the root file system cannot be written" podman exec playlista-try sh -c '! touch /opt/x 2>/dev/null'
    started=$(date +%s%N)
    podman stop --time 20 playlista-try >/dev/null
    took=$((($(date +%s%N) - started) / 1000000))
    expect "as $user: SIGTERM to PID 1 ends it in under $((stop_ms / 1000)) s ($took ms)" [ $took -lt $stop_ms ]
    expect "as $user: exit code 0" [ "$(podman inspect playlista-try --format '{{.State.ExitCode}}')" = 0 ]
    expect "as $user: the database belongs to $wanted" [ "$(stat -c %u "$work"/data/*.db* "$work"/data/*.sqlite* 2>/dev/null | head -1)" = "$wanted" ]
    stat -c '      %a %n' "$work"/data/* | sed "s#$work##"
    podman rm playlista-try >/dev/null
}

cpuinfo=
if [ "$platform" = arm64 ]; then
    cpuinfo=$work/cpuinfo
    sh deploy/arm64/cpuinfo.sh >"$cpuinfo"
fi
name=track.${track##*.}
mkdir -p "$work/music"
cp "$track" "$work/music/$name"
chmod -R a+rX "$work"
make_base PYTHON_IMAGE base python3,python3-venv,ca-certificates
make_base COMPILER_IMAGE compiler python3,gcc,libc6-dev
for image in "$@"; do
    build "$image"
    say "running $image"
    measure "$image"
    analyze "$image"
done
say "users"
daemon "$1" 65534:65534 65534
if [ "$platform" = amd64 ]; then # the entrypoint is the same shell script on both
    daemon "$1" 1000:1000 1000
    daemon "$1" 0:0 1026 --env PUID=1026 --env PGID=100 --env UMASK=027
fi
say "$failures failed"
exit $((failures > 0))
