#!/bin/sh
# PID 1 until the last line, which the daemon replaces: signals reach it as they come.
#
# Started as root it takes PUID and PGID (65534 unless set), gives them the data folder, and continues as they: NAS
# interfaces that know no --user set these. Started as anybody else it only sets the umask.
set -eu

umask "${UMASK:-022}"

if [ "$(id -u)" -ne 0 ]; then
    exec playlista "$@"
fi

user=${PUID:-65534}
group=${PGID:-65534}
case "$user$group" in
    *[!0-9]*)
        echo "playlista: PUID=$user PGID=$group: both have to be numbers; id -u and id -g on the NAS show yours" >&2
        exit 2
        ;;
esac

find "${DATA_DIR:-/data}" -xdev ! \( -user "$user" -group "$group" \) -exec chown -h "$user:$group" {} + || {
    echo "playlista: ${DATA_DIR:-/data} cannot be given to $user:$group; own it yourself and start with --user" >&2
    exit 1
}
exec setpriv --reuid "$user" --regid "$group" --clear-groups --no-new-privs -- playlista "$@"
