"""mountinfo: which mount holds a path, and what it is good for."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playlista.system.mountinfo import Mount, mount_of, mounts_within, parse_mountinfo, read_mountinfo

#: The example line of proc_pid_mountinfo(5), and lines in its form as seen on NAS systems and in containers.
MOUNTINFO = r"""36 35 98:0 / / rw,noatime master:1 - ext3 /dev/root rw,errors=continue
40 36 0:34 / /music rw,relatime - nfs4 nas:/volume1/music rw,vers=4.1
41 36 0:35 / /mnt/two\040words rw,relatime shared:7 propagate_from:2 - fuse.mergerfs 1:2\011x rw
42 40 8:17 /albums /music/local rw - ext4 /dev/sdb1 rw
43 42 0:40 / /music/local rw - tmpfs tmpfs rw
44 36 0:41 / /musical rw - btrfs /dev/sdc rw
"""


@pytest.fixture
def mounts() -> list[Mount]:
    return parse_mountinfo(MOUNTINFO)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext3"),
        ("/home/x", "ext3"),
        ("/music", "nfs4"),
        ("/music/a/b", "nfs4"),
        ("/musical/a", "btrfs"),
        ("/mnt/two words/a", "fuse.mergerfs"),
        ("/music/local/a", "tmpfs"),  # the later of two mounts on one point lies on top
    ],
)
def test_a_path_lies_on_the_mount_with_the_longest_matching_point(mounts: list[Mount], path: str, kind: str) -> None:
    mount = mount_of(path, mounts)
    assert mount is not None
    assert mount.kind == kind


def test_names_come_out_of_their_octal_escapes(mounts: list[Mount]) -> None:
    assert mounts[2] == Mount(os.makedev(0, 35), "/", "/mnt/two words", "fuse.mergerfs", "1:2\tx", frozenset({"rw"}))


def test_mounts_inside_a_folder_are_found_with_the_one_that_holds_it(mounts: list[Mount]) -> None:
    assert mounts_within("/music", mounts) == [mounts[1], mounts[3], mounts[4]]
    assert mounts_within("/home/me/music", mounts) == [mounts[0]]


@pytest.mark.parametrize(
    ("kind", "network", "reports_changes"),
    [
        ("ext4", False, True),
        ("btrfs", False, True),
        ("overlay", False, True),
        ("tmpfs", False, True),
        ("zfs", False, True),
        ("fuseblk", False, True),
        ("nfs", True, False),
        ("cifs", True, False),
        ("9p", True, False),
        ("virtiofs", True, False),
        ("fuse.sshfs", True, False),
        ("fuse.rclone", True, False),
        ("fuse.mergerfs", False, False),
        ("fuse.shfs", False, False),
        ("fuse", False, False),
    ],
)
def test_kinds_are_told_apart_by_where_their_files_lie(kind: str, network: bool, reports_changes: bool) -> None:
    mount = Mount(0, "/", "/", kind, "x")
    assert (mount.is_network, mount.reports_changes) == (network, reports_changes)


@pytest.mark.parametrize(
    ("kind", "lasting"), [("ext4", True), ("nfs4", True), ("fuseblk", True), ("cifs", False), ("fuse.sshfs", False)]
)
def test_inodes_last_where_a_disk_or_a_server_keeps_them(kind: str, lasting: bool) -> None:
    assert Mount(0, "/", "/", kind, "x").has_lasting_inodes == lasting


def test_nothing_is_known_without_mountinfo() -> None:
    assert read_mountinfo("/nonexistent/mountinfo") == ""
    assert mount_of("/music", parse_mountinfo("")) is None


def test_the_mount_of_this_very_file_is_found_on_this_machine() -> None:
    text = read_mountinfo()
    if not text:
        pytest.skip("no /proc/self/mountinfo here")
    assert mount_of(os.path.realpath(__file__), parse_mountinfo(text)) is not None


@given(st.text())
def test_no_text_is_too_strange_to_be_parsed(text: str) -> None:
    assert all(isinstance(mount, Mount) for mount in parse_mountinfo(text))


@given(st.binary(min_size=1, max_size=30).filter(lambda raw: b"\0" not in raw))
def test_any_name_survives_the_kernels_escaping(name: bytes) -> None:
    escaped = b"".join(rb"\%03o" % byte if byte in b" \t\n\\" else bytes([byte]) for byte in name)
    line = os.fsdecode(b"5 1 0:1 / /" + escaped + b" rw - ext4 x rw")
    (mount,) = parse_mountinfo(line)
    assert os.fsencode(mount.mount_point) == b"/" + name
