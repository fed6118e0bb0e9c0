#!/bin/sh
# Make a root file system of Debian bookworm for 64-bit ARM: root.sh FOLDER PACKAGE,PACKAGE...
#
# debootstrap unpacks it on this machine and configures it under emulation. Needs root, debootstrap, qemu-user-static.
set -eu
folder=$1
packages=$2
here=$(dirname "$0")

[ ! -e "$folder/.ready" ] || exit 0
echo "arm64: making a Debian root in $folder (minutes)"
rm -rf "$folder"
debootstrap --foreign --arch=arm64 --variant=minbase --include="$packages" bookworm "$folder" >"$folder.log" 2>&1 ||
    { tail -n 20 "$folder.log" >&2 && exit 1; }
# As in a container of lxc, where it makes no device files: enter.sh brings the devices of this machine.
container=lxc python3 "$here/emulate.py" sh "$here/enter.sh" "$folder" /debootstrap/debootstrap --second-stage \
    >>"$folder.log" 2>&1 || { tail -n 20 "$folder.log" >&2 && exit 1; }
rm -rf "$folder"/var/cache/apt/archives/*.deb "$folder"/var/lib/apt/lists/*
: >"$folder/.ready"
