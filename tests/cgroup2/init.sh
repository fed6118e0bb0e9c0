#!/bin/sh
# First process of the user-mode Linux that machine.py boots. The root file system is this machine's own, read-only; what is
# written goes to the disk in /mnt and to /run. Runs the cases and powers off.
# "project=" and "python=" of the kernel's command line arrive as variables of the environment.
: "${project:?}" "${python:?}"
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
mount -t proc none /proc
mount -t sysfs none /sys
mount -t cgroup2 none /sys/fs/cgroup
echo "+memory +pids" >/sys/fs/cgroup/cgroup.subtree_control
mount -t tmpfs none /run
mount -t ext4 /dev/ubda /mnt
mkdir -p /mnt/tmp /mnt/home
ip link set lo up 2>/dev/null || ifconfig lo up 2>/dev/null
export HOME=/mnt/home TMPDIR=/mnt/tmp PYTHONDONTWRITEBYTECODE=1 MODELS_DIR="$project/build/models"
cd "$project" && "$python" -m tests.cgroup2.inside
echo o >/proc/sysrq-trigger
sleep 60
