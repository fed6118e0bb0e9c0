#!/bin/sh
# Change into a root file system for ARM and run a command there, with the devices, /proc and /sys of this machine.
#
#   python3 deploy/arm64/emulate.py sh deploy/arm64/enter.sh ROOT COMMAND...
#
# Every file or folder in BIND (SOURCE:TARGET, several by spaces) appears inside. All mounts end with the namespace.
set -eu
root=$1
shift

bind() { # bind SOURCE TARGET: also where nothing lies at the target yet
    if [ -d "$1" ]; then
        mkdir -p "$2"
    elif [ ! -e "$2" ]; then
        mkdir -p "$(dirname "$2")"
        : >"$2"
    fi
    mount --rbind "$1" "$2"
}

mount --rbind "$root" "$root" # so that inside, / is a mount as on any machine
mount -t tmpfs none "$root/dev"
for device in null zero full random urandom tty; do
    bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts"
mkdir -m 1777 "$root/dev/shm"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
bind /proc "$root/proc"
bind /sys "$root/sys"

sh "$(dirname "$0")/cpuinfo.sh" >"$root/dev/cpuinfo"
bind "$root/dev/cpuinfo" "$root/proc/cpuinfo"

for pair in ${BIND:-}; do
    bind "${pair%%:*}" "$root${pair#*:}"
done
# What was set for this machine's processor, or for a folder of it, is wrong inside.
exec env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE -u PIP_FIND_LINKS LC_ALL=C.UTF-8 chroot "$root" "$@"
