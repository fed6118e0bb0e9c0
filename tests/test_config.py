"""Settings: where they come from, who wins, and how every mistake is told."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from ipaddress import ip_network
from itertools import pairwise
from pathlib import Path

import pytest

from playlista.config import Settings, load_settings, parse_config, setting_sources
from playlista.errors import ConfigError

#: The block of the memory optimization guide that users were told to put into playlista.conf.
GUIDE = {
    "MEMORY_OPTIMIZATION_ENABLED": "true",
    "MEMORY_OPTIMIZED_SAMPLE_RATE": "22050",
    "MEMORY_OPTIMIZED_BIT_DEPTH": "16",
    "MEMORY_OPTIMIZED_CHUNK_DURATION_SECONDS": "3",
    "MEMORY_OPTIMIZED_MEMORY_LIMIT_PERCENT": "10",
    "MEMORY_OPTIMIZED_MAX_MB_PER_TRACK": "100",
    "MEMORY_REDUCE_SAMPLE_RATE": "true",
    "MEMORY_USE_FLOAT16": "true",
    "MEMORY_STREAMING_ENABLED": "true",
    "MEMORY_MAPPING_ENABLED": "true",
    "MEMORY_FORCE_CLEANUP": "true",
    "MEMORY_MONITORING_ENABLED": "true",
    "TF_GPU_THREAD_MODE": "gpu_private",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "CUDA_VISIBLE_DEVICES": "-1",
}


def write_config(folder: Path, *lines: str) -> Path:
    path = folder / "playlista.conf"
    path.write_text("\n".join(lines))
    return path


def test_the_shipped_file_names_every_setting_with_its_default(project_root: Path) -> None:
    shipped = project_root / "playlista.conf"
    assert set(parse_config(shipped.read_text(), "playlista.conf")) == {
        entry.name.upper() for entry in fields(Settings)
    }
    assert load_settings(shipped, environment={}) == Settings()


def test_the_shipped_file_holds_the_values_of_the_guide(project_root: Path) -> None:
    shipped = parse_config((project_root / "playlista.conf").read_text(), "playlista.conf")
    assert {key: shipped[key].text for key in GUIDE} == GUIDE


def test_every_line_of_the_shipped_file_is_commented(project_root: Path) -> None:
    lines = (project_root / "playlista.conf").read_text().splitlines()
    pairs = pairwise(lines)
    uncommented = [line for before, line in pairs if line[:1].isupper() and not before.startswith("# ")]
    assert uncommented == []


def test_the_environment_wins_over_the_file_and_a_flag_over_both(tmp_path: Path) -> None:
    config = write_config(tmp_path, "MAX_ATTEMPTS=4", "LOG_LEVEL=debug", "WATCH_MODE=polling")
    settings = load_settings(
        config, environment={"LOG_LEVEL": "warning", "WATCH_MODE": "inotify"}, flags={"WATCH_MODE": "auto"}
    )
    assert (settings.max_attempts, settings.log_level, settings.watch_mode) == (4, "warning", "auto")


def test_an_empty_environment_variable_counts_as_unset(tmp_path: Path) -> None:
    config = write_config(tmp_path, "LOG_LEVEL=debug")
    assert load_settings(config, environment={"LOG_LEVEL": ""}).log_level == "debug"


def test_comments_blank_lines_and_quotes_are_understood(tmp_path: Path) -> None:
    config = write_config(tmp_path, "", "  # a comment", 'MUSIC_DIR = "/srv/My Music" # trailing', "LOG_LEVEL=error")
    assert load_settings(config, environment={}).music_dir == Path("/srv/My Music")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("MEMORY_OPTIMIZED_SAMPLERATE=22050", "did you mean MEMORY_OPTIMIZED_SAMPLE_RATE"),
        ("COLOUR=blue", "unknown key COLOUR"),
        ("MAX_ATTEMPTS=three", "a whole number from 1 to 100"),
        ("MAX_ATTEMPTS=2.5", "a whole number from 1 to 100"),
        ("MAX_ATTEMPTS=0", "a whole number from 1 to 100"),
        ("MEMORY_OPTIMIZED_MEMORY_LIMIT_PERCENT=101", "a number from 0.1 to 100"),
        ("MEMORY_OPTIMIZED_MEMORY_LIMIT_PERCENT=nan", "a number from 0.1 to 100"),
        ("MEMORY_OPTIMIZED_BIT_DEPTH=24", "16 or 32"),
        ("MEMORY_USE_FLOAT16=maybe", "true or false"),
        ("WATCH_MODE=fanotify", "one of auto, inotify, polling"),
        ("LISTEN_ADDRESS=9345", "HOST:PORT"),
        ("LISTEN_ADDRESS=0.0.0.0:99999", "HOST:PORT"),
        ("MUSIC_DIR=", "a path"),
        ("just a sentence", "is not a KEY=value line"),
    ],
)
def test_a_wrong_line_is_told_with_its_place_and_what_is_allowed(tmp_path: Path, line: str, says: str) -> None:
    config = write_config(tmp_path, "# first line", line)
    with pytest.raises(ConfigError) as caught:
        load_settings(config, environment={})
    assert str(caught.value).startswith(f"{config}:2: ")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    config = write_config(tmp_path, "MAX_ATTEMPTS=3", "MAX_ATTEMPTS=4")
    with pytest.raises(ConfigError, match="set twice"):
        load_settings(config, environment={})


def test_a_wrong_environment_variable_and_a_wrong_flag_say_where_they_stand() -> None:
    with pytest.raises(ConfigError, match="environment: LOG_LEVEL='loud'"):
        load_settings(None, environment={"LOG_LEVEL": "loud"})
    with pytest.raises(ConfigError, match="command line: LISTEN_ADDRESS='nowhere'"):
        load_settings(None, environment={}, flags={"LISTEN_ADDRESS": "nowhere"})


def test_a_named_file_that_is_missing_or_binary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_settings(tmp_path / "absent.conf", environment={})
    binary = tmp_path / "binary.conf"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_settings(binary, environment={})


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().max_attempts = 5  # type: ignore[misc]


def test_the_master_switch_turns_reduction_and_float16_off() -> None:
    off = load_settings(None, environment={"MEMORY_OPTIMIZATION_ENABLED": "false"})
    assert (off.analysis_rate_hz, off.analysis_is_float16) == (44100, False)
    assert (Settings().analysis_rate_hz, Settings().analysis_is_float16) == (22050, True)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('MUSIC_DIR="/music/Best of #1"', "/music/Best of #1"),
        ("MUSIC_DIR='/music/Best of #1'  # the hits", "/music/Best of #1"),
        ('MUSIC_DIR = "/music/it\'s"', "/music/it's"),
        ("MUSIC_DIR=/music/Best of #1", "/music/Best of"),
        ("MUSIC_DIR=/music/#1", "/music/#1"),
        ("MODELS_DIR= # none", ""),
        ('MODELS_DIR=""', ""),
        ("LISTEN_ADDRESS=[::]:9345", "[::]:9345"),
    ],
)
def test_what_stands_in_quotes_is_read_whole(line: str, value: str) -> None:
    (source,) = parse_config(line, "playlista.conf").values()
    assert source.text == value


@pytest.mark.parametrize("line", ['MUSIC_DIR="/music', 'MUSIC_DIR="/music" /other', "MUSIC_DIR='/music\""])
def test_a_quote_that_is_not_closed_is_told_with_its_line(line: str) -> None:
    with pytest.raises(ConfigError, match=r"playlista\.conf:1: .+ has no closing"):
        parse_config(line, "playlista.conf")


def test_a_file_of_a_windows_editor_is_read(tmp_path: Path) -> None:
    path = tmp_path / "playlista.conf"
    path.write_bytes(b"\xef\xbb\xbfMUSIC_DIR=/music\r\nLOG_LEVEL=debug\r\n")
    settings = load_settings(path, environment={})
    assert (settings.music_dir, settings.log_level) == (Path("/music"), "debug")


def test_where_a_value_comes_from_is_told(tmp_path: Path) -> None:
    config = write_config(tmp_path, "MAX_ATTEMPTS=4", "LOG_LEVEL=debug", "WATCH_MODE=polling")
    found = setting_sources(config, environment={"LOG_LEVEL": "info"}, flags={"WATCH_MODE": "auto", "MUSIC_DIR": None})
    assert found == {"MAX_ATTEMPTS": "file", "LOG_LEVEL": "environment", "WATCH_MODE": "flag"}


@pytest.mark.parametrize(
    "text",
    [
        'AUTH_TOKEN="hunter2hunter2',
        "AUTH_TOKEN: hunter2hunter2",
        "auth_token: hunter2hunter2",
        "AUTH_TOKEN=a-long-token\nhunter2hunter2",
        "AUTH_TOKEN='hunter2hunter2' and more",
    ],
)
def test_a_line_that_may_hold_a_secret_is_refused_without_its_text(text: str) -> None:
    with pytest.raises(ConfigError, match=r"playlista\.conf:\d: ") as refused:
        parse_config(text, "playlista.conf")
    assert "hunter2" not in str(refused.value)


def test_a_pattern_that_git_would_refuse_is_told_in_the_line_of_the_setting() -> None:
    with pytest.raises(ConfigError, match=r"WATCH_IGNORE='\*\.tmp;!' is not allowed; it takes gitignore patterns"):
        load_settings(None, environment={"WATCH_IGNORE": "*.tmp;!"})
    assert load_settings(None, environment={"WATCH_IGNORE": "*.tmp; !a"}).watch_ignore == ("*.tmp", "!a")


def test_settings_that_are_printed_hide_the_secret() -> None:
    assert "hunter2" not in repr(Settings(auth_token="hunter2hunter2"))


def test_a_wrong_value_of_any_length_makes_a_short_line() -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings(None, environment={"TEMPO_RANGE": "9" * 5000})
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("written", ["/..", "/music/../radio", "/./music", "/music/."])
def test_a_prefix_that_a_browser_would_shorten_is_refused(written: str) -> None:
    with pytest.raises(ConfigError, match=r"URL_PREFIX=.+ is not allowed"):
        load_settings(None, environment={"URL_PREFIX": written})


@pytest.mark.parametrize("written", ["/.well-known/music", "/music/v1.0", "/..."])
def test_a_prefix_may_have_dots_in_its_names(written: str) -> None:
    assert load_settings(None, environment={"URL_PREFIX": written}).url_prefix == written


def test_a_path_with_a_null_byte_is_refused_wherever_a_path_is_taken(tmp_path: Path) -> None:
    for key in ("MUSIC_DIR", "DATA_DIR", "MODELS_DIR"):
        with pytest.raises(ConfigError, match=f"{key}=.+ is not allowed"):
            load_settings(write_config(tmp_path, f"{key}=/a\0b"), environment={})


def test_a_token_that_is_refused_is_not_shown() -> None:
    with pytest.raises(ConfigError, match="AUTH_TOKEN=… is not allowed; it takes 12 or more") as refused:
        load_settings(None, environment={"AUTH_TOKEN": "secret"})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("LISTEN_ADDRESS=unix:/run/playlista.sock", "unix:/run/playlista.sock"),
        ("ALLOWED_HOSTS=Music.example, *.example.net", ("music.example", "*.example.net")),
        ("TRUSTED_PROXIES=10.0.0.0/8, ::1", (ip_network("10.0.0.0/8"), ip_network("::1"))),
        ("URL_PREFIX=/music/", "/music"),
        ("URL_PREFIX=/", ""),
    ],
)
def test_access_is_read_as_people_write_it(tmp_path: Path, line: str, value: object) -> None:
    settings = load_settings(write_config(tmp_path, line), environment={})
    assert getattr(settings, line.partition("=")[0].lower()) == value


@pytest.mark.parametrize(
    "line",
    [
        "ALLOWED_HOSTS=https://x",
        "TRUSTED_PROXIES=proxy",
        "URL_PREFIX=music",
        "URL_PREFIX=/a b",
        "LISTEN_ADDRESS=unix:x",
    ],
)
def test_access_that_cannot_be_meant_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError, match="is not allowed; it takes"):
        load_settings(write_config(tmp_path, line), environment={})
