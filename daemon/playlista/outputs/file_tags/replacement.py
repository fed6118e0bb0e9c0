"""How a tagged copy takes the place of a music file: with its owner, rights and attributes, and never over an edit.

Input: a copy, the file that it was made of, and what that file was then. Output: the copy at the file's path, on the
disk; or the reason why not, and the file as another program left it. Between the last look and the rename there is
time for another program. So writers are kept out by a lease, and the two files are exchanged and looked at once more,
where the file system has such things.
"""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from dataclasses import dataclass

from playlista.errors import TagRefusal
from playlista.outputs.file_tags.refusal import RefusedError
from playlista.system.atomic_write import sync_folder
from playlista.system.file_exchange import ReadLease, WriterPresentError, exchange

_PIECE_BYTES = 2**20
#: Attributes that describe a file's bytes, kept by the kernel or a file system itself.
_OF_THE_BYTES = ("security.ima", "security.evm", "system.ntfs", "system.cifs", "btrfs.")
CHANGED_MEANWHILE = "was changed by another program meanwhile; try again"


@dataclass(frozen=True, slots=True)
class Original:
    """A file as it was when its copy was begun.

    digest : BLAKE2b of its bytes.
    """

    device: int
    inode: int
    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    digest: str

    @classmethod
    def of(cls, descriptor: int) -> Original:
        """Read the whole open file. Raises RefusedError where it is being changed."""
        before = os.fstat(descriptor)
        digest = digest_of(descriptor)
        if _stamps(os.fstat(descriptor)) != _stamps(before):
            raise RefusedError(CHANGED_MEANWHILE, TagRefusal.IN_USE)
        return cls(*_stamps(before), digest)

    def is_at(self, status: os.stat_result) -> bool:
        """Whether `status` is of this file, unchanged as far as stamps tell."""
        return _stamps(status) == (self.device, self.inode, self.size_bytes, self.mtime_ns, self.ctime_ns)

    def is_inode_of(self, status: os.stat_result) -> bool:
        """Whether `status` is of this file, changed or not."""
        return (status.st_dev, status.st_ino) == (self.device, self.inode)


def digest_of(descriptor: int) -> str:
    """BLAKE2b of the bytes of an open file."""
    digest, position = hashlib.blake2b(digest_size=32), 0
    while piece := os.pread(descriptor, _PIECE_BYTES, position):
        digest.update(piece)
        position += len(piece)
    return digest.hexdigest()


def copy_bytes(source: int, target: int) -> None:
    """Copy one open file into another, empty one."""
    position = 0
    while piece := os.pread(source, _PIECE_BYTES, position):
        position += len(piece)
        left = memoryview(piece)
        while left:
            left = left[os.write(target, left) :]


def keep_attributes(source: int, target: int) -> None:
    """Give the open file `target` the owner, group, rights, attributes (ACLs among them) and atime of `source`.

    Raises
    ------
    RefusedError : one of them cannot be kept.
    """
    wanted, made = os.fstat(source), os.fstat(target)
    if (wanted.st_uid, wanted.st_gid) != (made.st_uid, made.st_gid):
        try:
            os.fchown(target, wanted.st_uid, wanted.st_gid)
        except PermissionError as error:
            message = f"belongs to {wanted.st_uid}:{wanted.st_gid}, which this user cannot give a file"
            raise RefusedError(message, TagRefusal.RIGHTS) from error
    if stat.S_IMODE(os.fstat(target).st_mode) != stat.S_IMODE(wanted.st_mode):
        os.fchmod(target, stat.S_IMODE(wanted.st_mode))
    _keep_xattrs(source, target)
    os.utime(target, ns=(wanted.st_atime_ns, os.fstat(target).st_mtime_ns))


def _keep_xattrs(source: int, target: int) -> None:
    wanted, made = _xattrs(source), _xattrs(target)
    for name in made.keys() - wanted.keys():  # such as an ACL that the folder gives to new files
        with suppress(OSError):
            os.removexattr(target, name)
    for name, value in wanted.items():
        if made.get(name) == value:
            continue
        try:
            os.setxattr(target, name, value)
        except OSError as error:
            message = f"its attribute {name} cannot be kept ({error.strerror})"
            raise RefusedError(message, TagRefusal.RIGHTS) from error


def _xattrs(descriptor: int) -> dict[str, bytes]:
    try:
        names = os.listxattr(descriptor)
    except OSError:  # a file system without attributes
        return {}
    return {name: os.getxattr(descriptor, name) for name in names if not name.startswith(_OF_THE_BYTES)}


def put_in_place(copy: str, target: str, descriptor: int, original: Original) -> None:
    """Let the file at `copy` take the place of the one at `target`, open as `descriptor`, if that is `original` still.

    Raises
    ------
    RefusedError : it is not; what is at `target` was left there.
    OSError : the folder cannot be written.
    """
    try:
        with ReadLease(descriptor) as lease:
            if not original.is_at(os.stat(target)) or digest_of(descriptor) != original.digest:
                raise RefusedError(CHANGED_MEANWHILE, TagRefusal.IN_USE)
            if not exchange(copy, target):
                os.replace(copy, target)
                sync_folder(os.path.dirname(target))
                return
            if not _is_untouched(copy, original) or lease.is_wanted_by_writer():
                exchange(copy, target)
                raise RefusedError(CHANGED_MEANWHILE, TagRefusal.IN_USE)
            sync_folder(os.path.dirname(target))
            os.unlink(copy)  # the original
    except WriterPresentError as error:
        message = "is open for writing in another program; try again when it is done"
        raise RefusedError(message, TagRefusal.IN_USE) from error


def _is_untouched(path: str, original: Original) -> bool:
    """Whether the file that was moved to `path` is the original; its ctime is of the move."""
    status = os.stat(path, follow_symlinks=False)
    return original.is_inode_of(status) and (status.st_size, status.st_mtime_ns) == (
        original.size_bytes,
        original.mtime_ns,
    )


def _stamps(status: os.stat_result) -> tuple[int, int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
