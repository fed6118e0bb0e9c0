"""Where results may be written: whole, into what cannot be replaced, and never over a file of another kind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from playlista.errors import PlaylistaError
from playlista.system import output_files
from playlista.system.output_files import OutputKind, output_file, output_stream
from tests.libraries import child_environment

LIST = OutputKind("a list", lambda head: head.startswith(b"LIST"), (".list",))


def put(path: Path | str, content: bytes = b"LIST new", *, force: bool = False) -> None:
    with output_stream(os.fspath(path), LIST, force=force) as stream:
        stream.write(content)


@pytest.mark.parametrize("former", [None, b"", b"LIST former"])
def test_nothing_an_empty_file_and_one_of_the_kind_are_replaced(tmp_path: Path, former: bytes | None) -> None:
    place = tmp_path / "place"
    if former is not None:
        place.write_bytes(former)
    put(place)
    assert place.read_bytes() == b"LIST new"
    assert os.listdir(tmp_path) == ["place"]


def test_a_file_of_another_kind_is_replaced_only_by_force(tmp_path: Path) -> None:
    place = tmp_path / "song.mp3"
    place.write_bytes(b"ID3 music")
    with pytest.raises(PlaylistaError, match=r"song\.mp3: exists and is not a list; --force replaces it"):
        put(place)
    assert place.read_bytes() == b"ID3 music"
    put(place, force=True)
    assert place.read_bytes() == b"LIST new"


@pytest.mark.parametrize(("content", "is_one"), [(b"any text\n", True), (b"caf\xe9\n", True), (b"ID3\x04\0", False)])
def test_a_text_under_a_name_of_the_kind_is_replaced_and_music_under_it_is_not(
    tmp_path: Path, content: bytes, is_one: bool
) -> None:
    place, link = tmp_path / "Place.List", tmp_path / "link"
    place.write_bytes(content)
    link.symlink_to(place)
    if is_one:
        put(link)
    else:
        with pytest.raises(PlaylistaError, match="is not a list"):
            put(link)
    assert place.read_bytes() == (b"LIST new" if is_one else content)


def test_a_link_stays_and_its_target_gets_the_content(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"LIST former")
    link.symlink_to("target")
    put(link)
    assert link.is_symlink()
    assert target.read_bytes() == b"LIST new"
    dangling = tmp_path / "dangling"
    dangling.symlink_to("made")
    put(dangling)
    assert (tmp_path / "made").read_bytes() == b"LIST new"


def test_a_link_to_a_file_of_another_kind_protects_it(tmp_path: Path) -> None:
    (tmp_path / "song.mp3").write_bytes(b"ID3 music")
    (tmp_path / "list.m3u").symlink_to("song.mp3")
    with pytest.raises(PlaylistaError, match="is not a list"):
        put(tmp_path / "list.m3u")
    assert (tmp_path / "song.mp3").read_bytes() == b"ID3 music"


def test_hard_links_stay_one_file(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"LIST former and longer")
    os.link(tmp_path / "one", tmp_path / "two")
    put(tmp_path / "one")
    assert (tmp_path / "two").read_bytes() == b"LIST new"
    assert (tmp_path / "one").samefile(tmp_path / "two")


def test_a_fifo_is_written_into(tmp_path: Path) -> None:
    fifo, received = tmp_path / "fifo", []
    os.mkfifo(fifo)
    reader = threading.Thread(target=lambda: received.append(fifo.read_bytes()))
    reader.start()
    with output_file(os.fspath(fifo), LIST) as temporary:
        Path(temporary).write_bytes(b"anything")
    reader.join()
    assert received == [b"anything"]
    assert fifo.is_fifo()


def test_a_fifo_that_nobody_reads_is_said_and_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output_files, "FIFO_DEADLINE_SECONDS", 0.2)
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(PlaylistaError, match="no program reads this FIFO"):
        put(tmp_path / "fifo")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make device nodes")
def test_a_device_node_is_written_into_and_stays_one(tmp_path: Path) -> None:
    node = tmp_path / "null"
    try:
        os.mknod(node, 0o020666, os.makedev(1, 3))
        node.open("wb").close()
    except OSError:
        pytest.skip("device nodes cannot be made or opened here")
    put(node)
    assert node.is_char_device()


@pytest.mark.parametrize("named", ["-", "/dev/stdout", "/dev/fd/1"])
def test_stdout_is_written_where_it_stands(tmp_path: Path, named: str) -> None:
    code = """if True:
        import sys
        from playlista.system.output_files import OutputKind, output_stream
        with output_stream(sys.argv[1], OutputKind("a list", bytes)) as stream:
            stream.write(b"results")
    """
    place = tmp_path / "appended"
    place.write_bytes(b"before ")
    with place.open("ab") as stdout:
        subprocess.run([sys.executable, "-c", code, named], stdout=stdout, env=child_environment(), check=True)
    assert place.read_bytes() == b"before results"


def test_a_folder_and_a_missing_folder_are_said_in_one_line(tmp_path: Path) -> None:
    for place, why in ((tmp_path, "is a folder"), (tmp_path / "missing" / "list", "No such file or directory")):
        with pytest.raises(PlaylistaError, match=why) as raised:
            put(place)
        assert "\n" not in str(raised.value)


def test_a_block_that_fails_leaves_the_former_file(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.write_bytes(b"LIST former")
    with suppress(ZeroDivisionError), output_stream(os.fspath(place), LIST) as stream:
        stream.write(b"LIST half")
        raise ZeroDivisionError
    assert place.read_bytes() == b"LIST former"
