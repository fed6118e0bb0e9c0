"""The libraries that benchmarks invent are whole: what they measure is what users have."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks import old_library, synthetic_library
from playlista.library.database import FILE_NAME, open_database
from playlista.library.sealed_text import sections_of
from playlista.library.stored_results import StoredResults
from playlista.library.track_filter import TrackFilter
from playlista.library.track_pages import TrackPages
from tests.libraries import quick_check


def test_a_library_of_copies_has_all_that_belongs_to_each_track(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synthetic_library, "INVENTED", 40)
    synthetic_library.build(tmp_path, 110)
    with open_database(os.fspath(tmp_path / FILE_NAME)) as database:
        assert quick_check(database) == []
        results = list(StoredResults(database).iterate())
        assert len({one.path for one in results}) == 110
        assert all(sections_of(one.text) and one.vector and one.chromaprint and one.names for one in results)
        page = TrackPages(database).page(TrackFilter(), limit=500)
        assert (page.total, len(page.tracks)) == (110, 110)
        assert {one.title for one in page.tracks if one.path.startswith("copy 2/")} <= {
            one.title for one in page.tracks if not one.path.startswith("copy ")
        }


def test_a_library_of_version_0_1_can_be_read_after_its_migration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(old_library, "INVENTED", 10)
    old_library.build(tmp_path, 25)
    with open_database(os.fspath(tmp_path / FILE_NAME)) as database:
        assert quick_check(database) == []
        found = [one.analysis() for one in StoredResults(database).iterate()]
    assert len(found) == 25
    assert all(one.health is None and one.audio and one.audio.channel_layout == "stereo" for one in found)
