"""Whether this machine lets the daemon do its work: one finding a subject, each with its remedy.

Input: settings. Output: findings. Nothing is changed, and no music file is opened.
"""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from playlista.analysis.mood_model import load_mood_model
from playlista.cluster.dask_settings import configure_dask
from playlista.cluster.local import require_memory
from playlista.cluster.security import credentials_for, probe
from playlista.config import Settings
from playlista.decode.readers.ffmpeg_child import FfmpegMissingError, ffmpeg_health, ffmpeg_path
from playlista.errors import ModelError, PlaylistaError
from playlista.library.database_errors import NO_TEMPORARY_FOLDER
from playlista.memory.advice import ADVISED_MIB, LEAST_MIB
from playlista.memory.cgroup import Cgroup
from playlista.memory.child import child_limit
from playlista.memory.headroom import HIGH_WATERMARK, headroom
from playlista.musicnn.choice import choose_runtime
from playlista.musicnn.files import ModelFiles
from playlista.musicnn.runtimes.runtime import installed_runtimes
from playlista.native.library import choose_kernels
from playlista.outputs.playlists.kept import rules_in_force
from playlista.outputs.playlists.rules import RuleError
from playlista.serve.audiomuse.media_servers import media_server
from playlista.system.mountinfo import Mount, mount_of, parse_mountinfo, read_mountinfo
from playlista.system.processor import cpu_flags
from playlista.system.units import MEBIBYTE


class Verdict(StrEnum):
    """How a finding stands."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line for people; BAD means that something will not work."""

    subject: str
    verdict: Verdict
    text: str


def examine(settings: Settings, root: Path = Path("/")) -> Iterator[Finding]:
    """Every finding, in the order in which a start would run into them."""
    yield Finding("settings", Verdict.GOOD, "every value can be used")
    checks: tuple[Callable[[Settings, Path], Finding], ...] = (
        _music_folder,
        _data_folder,
        _temporary_folder,
        _music_mount,
        _data_mount,
        _playlists,
        _tags,
        _plugins,
        _cluster,
        _inotify,
        _memory,
        _processor,
        _model,
        _mood_model,
        _runtime,
        _kernels,
        _ffmpeg,
    )
    for check in checks:
        yield check(settings, root)


def _music_folder(settings: Settings, root: Path) -> Finding:  # noqa: ARG001 - one signature for all
    folder = settings.music_dir
    if not os.path.isdir(folder):
        text = f"{folder}: no folder that this user can reach; set MUSIC_DIR or --music, or give it the rights"
        return Finding("music", Verdict.BAD, text)
    if not os.access(folder, os.R_OK | os.X_OK, effective_ids=True):
        return Finding("music", Verdict.BAD, f"{folder}: this user cannot read it; give uid {os.geteuid()} read rights")
    return Finding("music", Verdict.GOOD, f"{folder} can be read")


def _data_folder(settings: Settings, root: Path) -> Finding:  # noqa: ARG001
    folder = settings.data_dir
    standing = next(place for place in (folder, *folder.absolute().parents) if os.path.exists(place))
    if not os.access(standing, os.W_OK | os.X_OK, effective_ids=True):
        text = f"{folder}: this user cannot write it; give uid {os.geteuid()} write rights, or set DATA_DIR"
        return Finding("data", Verdict.BAD, text)
    free = os.statvfs(standing).f_bavail * os.statvfs(standing).f_frsize
    if free < 100 * MEBIBYTE:
        return Finding("data", Verdict.WARN, f"{folder}: only {free // MEBIBYTE} MB free; 10,000 tracks take 70 MB")
    return Finding("data", Verdict.GOOD, f"{folder} can be written, {free // MEBIBYTE} MB free")


def _temporary_folder(settings: Settings, root: Path) -> Finding:  # noqa: ARG001
    """SQLite sorts in it, and stores no result where there is none."""
    try:
        return Finding("temporary", Verdict.GOOD, f"{tempfile.gettempdir()} can be written")
    except FileNotFoundError:
        return Finding("temporary", Verdict.BAD, NO_TEMPORARY_FOLDER)


def _music_mount(settings: Settings, root: Path) -> Finding:
    mount = _mount_under(settings.music_dir, root)
    if mount is None or settings.watch_mode == "polling":
        return Finding("watching", Verdict.GOOD, "the folder is compared with the database again and again")
    if mount.reports_changes:
        return Finding("watching", Verdict.GOOD, f"{mount.kind} reports changes: inotify")
    verdict = Verdict.BAD if settings.watch_mode == "inotify" else Verdict.WARN
    return Finding("watching", verdict, f"{mount.kind} reports no changes: polling; set WATCH_MODE=auto or polling")


def _data_mount(settings: Settings, root: Path) -> Finding:
    mount = _mount_under(settings.data_dir, root)
    if mount is not None and mount.is_network:
        text = f"{settings.data_dir} lies on {mount.kind}; a database is slow and at risk there: use a local disk"
        return Finding("database", Verdict.WARN, text)
    return Finding("database", Verdict.GOOD, f"on {mount.kind if mount else 'a file system'} of this machine")


def _playlists(settings: Settings, root: Path) -> Finding:  # noqa: ARG001
    folder = settings.playlist_dir
    try:
        rules = rules_in_force(settings)
    except RuleError as error:
        return Finding("playlists", Verdict.BAD, str(error))
    if folder is None:
        return Finding("playlists", Verdict.GOOD, "none are kept; PLAYLIST_DIR switches them on")
    place = folder if folder.exists() else folder.absolute().parent
    if not os.access(place, os.W_OK | os.X_OK, effective_ids=True):
        text = f"{folder}: this user cannot write it; give uid {os.geteuid()} write rights, or mount it for writing"
        return Finding("playlists", Verdict.BAD, text)
    return Finding("playlists", Verdict.GOOD, f"{len(rules)} are kept in {folder}")


def _plugins(settings: Settings, root: Path) -> Finding:  # noqa: ARG001
    if not settings.audiomuse_api:
        return Finding("plugins", Verdict.GOOD, "AudioMuse-AI's are not answered; AUDIOMUSE_API switches it on")
    if settings.media_server == "none":
        return Finding("plugins", Verdict.GOOD, "AudioMuse-AI's are answered, by our ids; MEDIA_SERVER sets a player's")
    server = media_server(
        settings.media_server, settings.media_server_url, settings.media_server_user, settings.media_server_password
    )
    try:
        has_songs = next(server.pages(), None) is not None
    except PlaylistaError as error:
        return Finding("plugins", Verdict.BAD, str(error))
    if not has_songs:
        return Finding("plugins", Verdict.WARN, f"{server.url}: this user sees no songs there; give it the library")
    return Finding("plugins", Verdict.GOOD, f"AudioMuse-AI's are answered, by the ids of {server.url}")


def _cluster(settings: Settings, root: Path) -> Finding:
    """As the daemon's start would find it; a worker or scheduler has certificates of its own."""
    address = settings.dask_scheduler
    if not settings.has_cluster:
        return Finding("cluster", Verdict.GOOD, "none, the daemon analyzes by itself; see WORKERS and DASK_SCHEDULER")
    try:
        configure_dask()
        if not address:
            require_memory(settings, Cgroup(root).memory_limit().bytes)
            return Finding("cluster", Verdict.GOOD, f"{settings.workers} workers on this machine")
        probe(
            address,
            credentials_for(address, "daemon", tls_dir=settings.cluster_tls_dir, insecure=settings.cluster_insecure),
        )
    except PlaylistaError as error:
        return Finding("cluster", Verdict.BAD, str(error))
    return Finding("cluster", Verdict.GOOD, f"the scheduler {address} answers")


def _tags(settings: Settings, root: Path) -> Finding:
    if not settings.tag_write:
        return Finding("tags", Verdict.GOOD, "music files are never modified; TAG_WRITE switches it on")
    mount = _mount_under(settings.music_dir, root)
    if mount is not None and mount.is_read_only:
        text = f"{settings.music_dir} is mounted read-only: mount it for writing (no :ro), or clear TAG_WRITE"
        return Finding("tags", Verdict.BAD, text)
    if not os.access(settings.music_dir, os.W_OK | os.X_OK, effective_ids=True):
        text = f"{settings.music_dir}: this user cannot write it; give uid {os.geteuid()} write rights to the folders"
        return Finding("tags", Verdict.WARN, text)
    return Finding("tags", Verdict.GOOD, f"{', '.join(settings.tag_write)} are written into the music files")


def _mount_under(folder: Path, root: Path) -> Mount | None:
    return mount_of(os.path.realpath(folder), parse_mountinfo(read_mountinfo(str(root / "proc/self/mountinfo"))))


def _inotify(settings: Settings, root: Path) -> Finding:
    try:
        watches = int((root / "proc/sys/fs/inotify/max_user_watches").read_text())
    except (OSError, ValueError):
        return Finding("inotify", Verdict.WARN, "its limits cannot be read; where it fails, polling takes over")
    folders = sum(1 for _ in os.walk(settings.music_dir))
    if folders * 1.1 > watches:
        remedy = f"sysctl fs.inotify.max_user_watches={2 * folders} on the host; until then, polling takes over"
        return Finding("inotify", Verdict.WARN, f"{folders} folders, {watches} watches: {remedy}")
    return Finding("inotify", Verdict.GOOD, f"{folders} folders, {watches} watches")


def _memory(settings: Settings, root: Path) -> Finding:  # noqa: ARG001
    limit = Cgroup(root).memory_limit()
    text = f"limit {limit.bytes // MEBIBYTE} MB ({limit.source})"
    if limit.bytes < LEAST_MIB * MEBIBYTE:
        return Finding("memory", Verdict.WARN, f"{text}; give it {ADVISED_MIB} MiB, or set MUSICNN_RUNTIME=off")
    return Finding("memory", Verdict.GOOD, text)


def _processor(settings: Settings, root: Path) -> Finding:  # noqa: ARG001
    flags = cpu_flags(root / "proc/cpuinfo")
    text = f"{platform.machine()}, {Cgroup(root).cpu_threads()} threads"
    if flags is None:
        return Finding("processor", Verdict.GOOD, text)
    known = [name for name in ("avx", "avx2", "avx512f", "fma") if name in flags]
    if not known:
        return Finding("processor", Verdict.GOOD, f"{text}, no AVX: every MUSICNN_RUNTIME but tensorflow works")
    return Finding("processor", Verdict.GOOD, f"{text}, {', '.join(known)}")


def _model(settings: Settings, root: Path) -> Finding:  # noqa: ARG001
    try:
        files = ModelFiles.find(settings.models_path)
    except ModelError as error:
        return Finding("model", Verdict.BAD, str(error))
    if files is None:
        verdict = Verdict.GOOD if settings.musicnn_runtime == "off" else Verdict.WARN
        return Finding("model", verdict, f"none in {settings.models_path}, so no tags; run: playlista models prepare")
    return Finding("model", Verdict.GOOD, f"ready in {files.folder}")


def _runtime(settings: Settings, root: Path) -> Finding:
    try:
        choice = choose_runtime(
            settings.musicnn_runtime,
            limit_bytes=Cgroup(root).memory_limit().bytes,
            installed=installed_runtimes(),
            cpu_flags=cpu_flags(root / "proc/cpuinfo"),
        )
    except ModelError as error:
        return Finding("runtime", Verdict.BAD, str(error))
    wanted = settings.musicnn_runtime != "off"
    return Finding("runtime", Verdict.WARN if choice.name is None and wanted else Verdict.GOOD, choice.why)


def _kernels(settings: Settings, root: Path) -> Finding:  # noqa: ARG001
    """Not having them costs time and nothing else, so it is no fault."""
    return Finding("kernels", Verdict.GOOD, choose_kernels(settings.native_kernels).why)


def _mood_model(settings: Settings, root: Path) -> Finding:
    model = load_mood_model(settings, Cgroup(root))
    return Finding("mood model", Verdict.BAD if model.is_wanted and model.network is None else Verdict.GOOD, model.why)


def _ffmpeg(settings: Settings, root: Path) -> Finding:  # noqa: ARG001
    try:
        path = ffmpeg_path()
    except FfmpegMissingError:
        text = "none on PATH and imageio-ffmpeg is missing: M4A, WMA, APE and WavPack have to wait; install ffmpeg"
        return Finding("ffmpeg", Verdict.BAD, text)
    free_bytes = headroom(Cgroup(root).occupancies(), HIGH_WATERMARK).free_bytes
    why = ffmpeg_health().check(child_limit(free_bytes))
    return Finding("ffmpeg", Verdict.BAD, f"{path}: {why}") if why else Finding("ffmpeg", Verdict.GOOD, path)
