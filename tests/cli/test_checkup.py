"""``playlista doctor``: each thing that will not work is found before a start, with its remedy."""

from __future__ import annotations

import socket
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from playlista.cli.checkup import Finding, Verdict, examine
from playlista.config import Settings
from tests.places import unprivileged_folder
from tests.serve.media_server import PASSWORD, USER, media_server_double


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "music").mkdir()
    return replace(Settings(), music_dir=tmp_path / "music", data_dir=tmp_path / "data")


def found(settings: Settings, root: Path = Path("/")) -> dict[str, Finding]:
    """The findings by subject."""
    return {finding.subject: finding for finding in examine(settings, root)}


def machine(root: Path, *, mount: str = "ext4", watches: int = 100_000, flags: str = "sse2 avx avx2 fma") -> Path:
    """A /proc with what a check-up reads."""
    for name, text in {
        "proc/self/mountinfo": f"1 0 8:1 / / rw,relatime - {mount} /dev/sda1 rw\n",
        "proc/sys/fs/inotify/max_user_watches": f"{watches}\n",
        "proc/cpuinfo": f"processor : 0\nflags : {flags}\n",
        "proc/meminfo": "MemTotal: 8000000 kB\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_a_machine_that_will_do_has_nothing_bad(settings: Settings, tmp_path: Path) -> None:
    findings = found(settings, machine(tmp_path))
    assert [one for one in findings.values() if one.verdict is Verdict.BAD] == []
    assert findings["watching"].text == "ext4 reports changes: inotify"
    assert findings["processor"].text.endswith("avx, avx2, fma")


def test_a_machine_without_a_temporary_folder_is_bad(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/nowhere"])
    finding = found(settings)["temporary"]
    assert (finding.verdict, "TMPDIR" in finding.text) == (Verdict.BAD, True)


def test_a_cluster_that_would_not_work_is_bad_and_says_why(settings: Settings, tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="playlista[dask] is not installed")
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        assert found(replace(settings, dask_scheduler=f"tcp://{address}"))["cluster"].verdict is Verdict.GOOD
    away = found(replace(settings, dask_scheduler=f"tcp://{address}"))["cluster"]
    assert (away.verdict, "cannot be reached" in away.text) == (Verdict.BAD, True)
    unknown = found(replace(settings, dask_scheduler=f"tls://{address}"))["cluster"]
    assert (unknown.verdict, "CLUSTER_TLS_DIR" in unknown.text) == (Verdict.BAD, True)
    too_many = found(replace(settings, workers=200), machine(tmp_path))["cluster"]
    assert (too_many.verdict, "lower WORKERS" in too_many.text) == (Verdict.BAD, True)
    assert found(settings)["cluster"].verdict is Verdict.GOOD


def test_a_missing_music_folder_is_bad_and_names_the_setting(settings: Settings, tmp_path: Path) -> None:
    finding = found(replace(settings, music_dir=tmp_path / "nowhere"))["music"]
    assert finding.verdict is Verdict.BAD
    assert "set MUSIC_DIR or --music" in finding.text


def test_a_data_folder_that_cannot_be_written_is_bad(settings: Settings) -> None:
    with unprivileged_folder() as folder:
        folder.chmod(0o500)
        finding = found(replace(settings, data_dir=folder / "data"))["data"]
    assert finding.verdict is Verdict.BAD
    assert "cannot write it" in finding.text


def test_a_music_folder_behind_one_that_may_not_be_entered_is_bad_and_no_crash(settings: Settings) -> None:
    with unprivileged_folder() as folder:
        (folder / "closed" / "music").mkdir(parents=True)
        (folder / "closed").chmod(0)
        finding = found(replace(settings, music_dir=folder / "closed" / "music"))["music"]
        (folder / "closed").chmod(0o700)
    assert finding.verdict is Verdict.BAD
    assert "no folder that this user can reach" in finding.text


@pytest.mark.parametrize(
    ("mode", "verdict"), [("auto", Verdict.WARN), ("inotify", Verdict.BAD), ("polling", Verdict.GOOD)]
)
def test_a_network_mount_is_polled_and_bad_only_where_inotify_is_demanded(
    settings: Settings, tmp_path: Path, mode: str, verdict: Verdict
) -> None:
    findings = found(replace(settings, watch_mode=mode), machine(tmp_path, mount="nfs4"))
    assert findings["watching"].verdict is verdict
    assert findings["database"].verdict is Verdict.WARN


def test_too_few_watches_are_said_with_the_sysctl(settings: Settings, tmp_path: Path) -> None:
    for number in range(20):
        (settings.music_dir / str(number)).mkdir()
    finding = found(settings, machine(tmp_path, watches=10))["inotify"]
    assert finding.verdict is Verdict.WARN
    assert "sysctl fs.inotify.max_user_watches=42" in finding.text


def test_without_avx_tensorflow_is_refused_before_it_dies(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_avx = machine(tmp_path, flags="sse2")
    assert "no AVX: every MUSICNN_RUNTIME but tensorflow works" in found(settings, without_avx)["processor"].text
    monkeypatch.setattr("playlista.cli.checkup.installed_runtimes", lambda: {"numpy", "tensorflow"})
    finding = found(replace(settings, musicnn_runtime="tensorflow"), without_avx)["runtime"]
    assert finding.verdict is Verdict.BAD
    assert "AVX" in finding.text


def test_on_arm_nothing_is_said_of_avx(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    arm = machine(tmp_path)
    (arm / "proc/cpuinfo").write_text("processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd crc32\n")
    finding = found(settings, arm)["processor"]
    assert finding.verdict is Verdict.GOOD
    assert finding.text.startswith("aarch64, ")
    assert "AVX" not in finding.text


def test_a_model_that_is_not_prepared_is_said_with_the_command(settings: Settings) -> None:
    finding = found(settings)["model"]
    assert finding.verdict is Verdict.WARN
    assert "playlista models prepare" in finding.text


def test_playlists_are_checked_for_their_folder_and_their_rules(settings: Settings, tmp_path: Path) -> None:
    assert found(settings)["playlists"].text == "none are kept; PLAYLIST_DIR switches them on"
    kept = replace(settings, playlist_dir=tmp_path / "music")
    assert found(kept)["playlists"].text == f"3 are kept in {tmp_path}/music"
    (tmp_path / "music" / "playlists.toml").write_text("[A]\nlimit = 0\n")
    wrong = found(kept)["playlists"]
    assert wrong.verdict is Verdict.BAD
    assert wrong.text.startswith(f"{tmp_path}/music/playlists.toml:2: 'A': limit is a whole number")


def test_a_media_server_is_asked_for_its_songs(settings: Settings) -> None:
    assert found(settings)["plugins"].text.endswith("AUDIOMUSE_API switches it on")
    song = {"id": "1", "path": "/m/a/1.mp3", "title": "One", "artist": "Anna"}
    with media_server_double("subsonic", [song]) as server:
        asked = replace(
            settings,
            audiomuse_api=True,
            media_server="subsonic",
            media_server_url=server.url,
            media_server_user=USER,
            media_server_password=PASSWORD,
        )
        assert found(asked)["plugins"].verdict is Verdict.GOOD
        server.songs.clear()
        assert found(asked)["plugins"].verdict is Verdict.WARN
        wrong = found(replace(asked, media_server_password="another"))["plugins"]
        assert wrong.verdict is Verdict.BAD
        assert "MEDIA_SERVER_USER" in wrong.text


def test_writing_tags_is_checked_against_the_mount_and_the_rights(settings: Settings, tmp_path: Path) -> None:
    assert found(settings)["tags"].text == "music files are never modified; TAG_WRITE switches it on"
    wanted = replace(settings, tag_write=("bpm", "key"))
    assert found(wanted)["tags"] == Finding("tags", Verdict.GOOD, "bpm, key are written into the music files")
    mounted = machine(tmp_path)
    (mounted / "proc/self").mkdir(parents=True, exist_ok=True)
    line = f"26 1 8:1 / {settings.music_dir} {{}} - ext4 /dev/sda1 rw"
    (mounted / "proc/self/mountinfo").write_text(line.format("ro,relatime"))
    assert found(wanted, mounted)["tags"].verdict is Verdict.BAD
    assert "mounted read-only" in found(wanted, mounted)["tags"].text
    (mounted / "proc/self/mountinfo").write_text(line.format("rw,relatime"))
    assert found(wanted, mounted)["tags"].verdict is Verdict.GOOD
