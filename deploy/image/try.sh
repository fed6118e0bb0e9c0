#!/bin/sh
# Build the images where no registry is reached, for amd64 and arm64, and run them for real, each in a memory cgroup of
# its own; then put both machines into one OCI index.
#
#   sh deploy/tools.sh image && sh deploy/image/try.sh MUSIC_FILE
#   PLATFORMS=arm64 IMAGES=lean sh deploy/image/try.sh MUSIC_FILE
#
# arm64 runs by qemu's user-mode emulation, about ten times slower. Needs root, Debian, and its buildah, podman, runc,
# debootstrap and qemu-user-static.
set -eu
cd "$(dirname "$0")/../.."

track=$(readlink -f "${1:?say which audio file to analyze}")
platforms=${PLATFORMS:-amd64 arm64}
images=${IMAGES:-lean full}
built=build/image
failures=0
mkdir -p "$built"

for platform in $platforms; do
    emulate=
    [ "$platform" != arm64 ] || [ "$(uname -m)" = aarch64 ] || emulate="python3 deploy/arm64/emulate.py"
    # shellcheck disable=SC2086 # each word of them is one
    $emulate sh deploy/image/try-platform.sh "$platform" "$track" $images || failures=$((failures + 1))
done

for image in $images; do
    echo "== the index of $image"
    buildah rmi "playlista-index:$image" >/dev/null 2>&1 || true
    buildah manifest create "playlista-index:$image" >/dev/null
    for platform in $platforms; do
        buildah manifest add "playlista-index:$image" "oci-archive:$built/$image-$platform.tar" >/dev/null
    done
    buildah manifest inspect "playlista-index:$image" |
        python3 -c 'import json, sys; [print("     ", *one["platform"].values()) for one in json.load(sys.stdin)["manifests"]]'
    buildah manifest push --quiet --all "playlista-index:$image" "oci:$built/index:$image" >/dev/null
    buildah rmi "playlista-index:$image" >/dev/null
done
exit $((failures > 0))
