"""Whether the track that was at work killed the process, or something that happened to the machine."""

from __future__ import annotations

from pathlib import Path

from playlista.daemon.former_life import machine_was_restarted
from tests.libraries import open_rooms, track_file


def boot(root: Path, boot_id: str) -> None:
    place = root / "proc/sys/kernel/random/boot_id"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"{boot_id}\n")


def test_another_boot_id_tells_a_restart_once(tmp_path: Path) -> None:
    with open_rooms(tmp_path) as rooms:
        boot(tmp_path, "first")
        assert not machine_was_restarted(rooms.library, tmp_path), "the first life has no former one"
        assert not machine_was_restarted(rooms.library, tmp_path)
        boot(tmp_path, "second")
        assert machine_was_restarted(rooms.library, tmp_path)
        assert not machine_was_restarted(rooms.library, tmp_path)


def test_a_kernel_that_tells_no_boot_id_tells_no_restart(tmp_path: Path) -> None:
    with open_rooms(tmp_path) as rooms:
        assert not machine_was_restarted(rooms.library, tmp_path)


def test_what_was_at_work_when_the_power_went_counts_no_attempt(tmp_path: Path) -> None:
    with open_rooms(tmp_path) as rooms:
        rooms.queue.enqueue([track_file("song.mp3")], "scan")
        assert rooms.queue.claim() is not None
        assert rooms.queue.release_claimed() == ["song.mp3"]
        assert rooms.queue.recover_claimed() == []
        job = rooms.queue.claim()

    assert job is not None
    assert (job.attempts, job.alone_reduced) == (1, False)
