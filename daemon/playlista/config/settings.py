"""Settings: ``playlista.conf`` < environment < command-line flags, as one frozen object.

Input: the text of a file, a mapping of environment variables, a mapping of flags. Output: ``Settings``, or a
``ConfigError`` whose one line names where the value stands, the key and what is allowed. Standard library only, because
the TensorFlow environment is set from here before anything native is imported.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Literal

from playlista.config.rules import (
    Rule,
    address,
    bits,
    boolean,
    choice,
    host_patterns,
    networks,
    number,
    optional_path,
    path,
    patterns,
    scheduler_address,
    secret,
    some_of,
    tempo_range,
    text,
    token,
    url_prefix,
    web_address,
)
from playlista.errors import ConfigError

#: Where the file is looked for when ``--config`` and ``PLAYLISTA_CONFIG`` do not name one.
DEFAULT_LOCATIONS = (Path("playlista.conf"), Path("/etc/playlista/playlista.conf"))
#: Characters of a wrong value that are repeated.
_LONGEST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Source:
    """Where a raw value was written, for the error line: a file and line, the environment, or a flag."""

    place: str
    text: str


def setting(default: Any, rule: Rule) -> Any:
    """A field of `Settings`: its default, and how its text is read."""
    return field(default=default, metadata={"rule": rule}, repr=not rule.is_secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting, under its key in lower case; ``playlista.conf`` says what each does.

    The keys of the memory optimization guide keep its meaning.
    """

    music_dir: Path = setting(Path("./music"), path())
    data_dir: Path = setting(Path("./data"), path())
    models_dir: Path | None = setting(None, optional_path())
    listen_address: str = setting("0.0.0.0:9345", address())
    auth_token: str = setting("", token())
    metrics_without_token: bool = setting(False, boolean())
    allowed_hosts: tuple[str, ...] = setting((), host_patterns())
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = setting(
        (ip_network("127.0.0.1"), ip_network("::1")), networks()
    )
    url_prefix: str = setting("", url_prefix())
    serve_audio: bool = setting(False, boolean())
    audiomuse_api: bool = setting(False, boolean())
    media_server: Literal["none", "subsonic", "jellyfin", "lyrion"] = setting(
        "none", choice("none", "subsonic", "jellyfin", "lyrion")
    )
    media_server_url: str = setting("", web_address())
    media_server_user: str = setting("", text())
    media_server_password: str = setting("", secret())
    log_level: str = setting("info", choice("debug", "info", "warning", "error"))
    log_format: str = setting("console", choice("json", "console"))

    watch_mode: Literal["auto", "inotify", "polling"] = setting("auto", choice("auto", "inotify", "polling"))
    watch_settle_seconds: float = setting(10.0, number(float, 0, 3600))
    watch_rescan_interval_seconds: float = setting(3600.0, number(float, 1, 604800))
    watch_ignore: tuple[str, ...] = setting((), patterns())
    retention_days: float = setting(30.0, number(float, 0, 36500))
    follow_symlinks: bool = setting(False, boolean())
    scrub_interval_days: float = setting(0.0, number(float, 0, 36500))
    scrub_rate_mb_per_second: float = setting(10.0, number(float, 0.01, 10000))

    tempo_range: tuple[int, int] | None = setting(None, tempo_range())
    playlist_dir: Path | None = setting(None, optional_path())
    playlist_path: str = setting("", text())

    tag_write: tuple[str, ...] = setting((), some_of("bpm", "key", "replaygain", "mood", "energy"))
    tag_overwrite: Literal["missing", "ours", "all"] = setting("ours", choice("missing", "ours", "all"))
    tag_key_notation: Literal["musical", "camelot", "openkey"] = setting(
        "musical", choice("musical", "camelot", "openkey")
    )
    tag_key_names: Literal["both", "initialkey", "key"] = setting("both", choice("both", "initialkey", "key"))

    musicnn_runtime: str = setting("auto", choice("auto", "numpy", "onnx", "tensorflow", "essentia", "off"))
    musicnn_patch_hop_frames: int = setting(187, number(int, 1, 187))
    musicnn_batch_size: int = setting(1, number(int, 1, 64))

    dask_scheduler: str = setting("", scheduler_address())
    cluster_tls_dir: Path | None = setting(None, optional_path())
    cluster_insecure: bool = setting(False, boolean())
    cluster_local_too: bool = setting(False, boolean())
    cluster_grace_seconds: float = setting(25.0, number(float, 0, 86400))
    workers: int = setting(1, number(int, 1, 256))

    on_settings_change: Literal["recompute", "keep"] = setting("recompute", choice("recompute", "keep"))

    track_timeout_seconds: float = setting(7200.0, number(float, 1, 604800))
    max_attempts: int = setting(3, number(int, 1, 100))
    retry_backoff_seconds: float = setting(60.0, number(float, 0, 86400))

    memory_optimization_enabled: bool = setting(True, boolean())
    memory_optimized_sample_rate: int = setting(22050, number(int, 8000, 48000))
    memory_optimized_bit_depth: int = setting(16, bits())
    memory_optimized_chunk_duration_seconds: float = setting(3.0, number(float, 0.1, 60))
    memory_optimized_memory_limit_percent: float = setting(10.0, number(float, 0.1, 100))
    memory_optimized_max_mb_per_track: float = setting(100.0, number(float, 0.1, 1048576))
    memory_optimized_min_file_mb: float = setting(0.0, number(float, 0, 1048576))
    memory_reduce_sample_rate: bool = setting(True, boolean())
    memory_use_float16: bool = setting(True, boolean())
    memory_streaming_enabled: bool = setting(True, boolean())
    memory_mapping_enabled: bool = setting(True, boolean())
    memory_mapping_min_mb: float = setting(32.0, number(float, 0, 1048576))
    memory_force_cleanup: bool = setting(True, boolean())
    memory_monitoring_enabled: bool = setting(True, boolean())

    tf_gpu_thread_mode: str = setting("gpu_private", text())
    tf_enable_onednn_opts: int = setting(0, number(int, 0, 1))
    tf_cpp_min_log_level: int = setting(2, number(int, 0, 3))
    cuda_visible_devices: str = setting("-1", text())

    @property
    def models_path(self) -> Path:
        """The folder of the prepared model."""
        return self.models_dir or self.data_dir / "models"

    @property
    def analysis_rate_hz(self) -> int:
        """Rate of the signal that rhythm, key and spectrum are computed from."""
        reduced = self.memory_optimization_enabled and self.memory_reduce_sample_rate
        return self.memory_optimized_sample_rate if reduced else 44100

    @property
    def analysis_is_float16(self) -> bool:
        """Whether that signal is kept as float16."""
        return self.memory_optimization_enabled and self.memory_use_float16 and self.memory_optimized_bit_depth == 16

    def inference_threads(self, cpu_threads: int) -> int:
        """Width of an inference: one patch at a time gains nothing from a second thread, and costs it 40 % more CPU."""
        return cpu_threads if self.musicnn_batch_size > 1 else 1

    def native_environment(self) -> dict[str, str]:
        """The variables that TensorFlow reads when it is imported, by name."""
        return {
            "TF_GPU_THREAD_MODE": self.tf_gpu_thread_mode,
            "TF_ENABLE_ONEDNN_OPTS": str(self.tf_enable_onednn_opts),
            "TF_CPP_MIN_LOG_LEVEL": str(self.tf_cpp_min_log_level),
            "CUDA_VISIBLE_DEVICES": self.cuda_visible_devices,
        }


_RULES: dict[str, Rule] = {entry.name.upper(): entry.metadata["rule"] for entry in fields(Settings)}


def load_settings(
    config: Path | None, *, environment: Mapping[str, str], flags: Mapping[str, str | None] | None = None
) -> Settings:
    """Read the settings of this process.

    Parameters
    ----------
    config : the file that ``--config`` named; None looks at ``PLAYLISTA_CONFIG`` and the default locations.
    environment : normally ``os.environ``. An empty variable counts as unset.
    flags : values given on the command line by key; None counts as not given.

    Raises
    ------
    ConfigError : unknown key, wrong type, out of range, or a named file that cannot be read.
    """
    values = _values(config, environment, flags or {})
    settings = Settings(**{key.lower(): _read(key, source) for key, source in values.items()})
    _check_media_server(settings)
    return settings


def _check_media_server(settings: Settings) -> None:
    needed = {"subsonic": ("url", "user", "password"), "jellyfin": ("url", "password"), "lyrion": ("url",)}
    for name in needed.get(settings.media_server, ()):
        if not getattr(settings, f"media_server_{name}"):
            wanted = f"MEDIA_SERVER_{name.upper()}"
            raise ConfigError(f"MEDIA_SERVER={settings.media_server} needs {wanted}; set it, or MEDIA_SERVER=none")


def setting_sources(
    config: Path | None, *, environment: Mapping[str, str], flags: Mapping[str, str | None] | None = None
) -> dict[str, str]:
    """Where `load_settings` takes each value from: "file", "environment" or "flag"; what has its default is missing."""
    places = {"environment": "environment", "command line": "flag"}
    found = _values(config, environment, flags or {})
    return {key: places.get(source.place, "file") for key, source in found.items()}


def _values(config: Path | None, environment: Mapping[str, str], flags: Mapping[str, str | None]) -> dict[str, Source]:
    values = _file_values(_config_file(config, environment))
    for key in _RULES:
        if environment.get(key):
            values[key] = Source("environment", environment[key])
    for key, written in flags.items():
        if written is not None:
            values[key] = Source("command line", written)
    return values


def _config_file(config: Path | None, environment: Mapping[str, str]) -> Path | None:
    if config is None and environment.get("PLAYLISTA_CONFIG"):
        config = Path(environment["PLAYLISTA_CONFIG"])
    if config is not None:
        return config
    return next((place for place in DEFAULT_LOCATIONS if place.is_file()), None)


def _file_values(path: Path | None) -> dict[str, Source]:
    if path is None:
        return {}
    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows editors write a byte order mark
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise ConfigError(f"{path}: cannot be read ({reason}); name another file with --config") from error
    return parse_config(text, str(path))


def parse_config(text: str, name: str) -> dict[str, Source]:
    """The KEY=value lines of `text`; comments stand on lines of their own or after `` #``.

    Raises
    ------
    ConfigError : a line that is no KEY=value, an unknown key, or a key that is set twice.
    """
    values: dict[str, Source] = {}
    for line_number, line in enumerate(text.splitlines(), 1):
        body = line.strip()
        if not body or body.startswith("#"):
            continue
        place = f"{name}:{line_number}"
        key, separator, value = body.partition("=")
        key = key.strip()
        if not separator:
            # The line is not repeated: it may be a secret, as in "AUTH_TOKEN: …" or where a token went onto a new line.
            raise ConfigError(f"{place}: is not a KEY=value line; comments begin with #")
        if key not in _RULES:
            raise ConfigError(f"{place}: unknown key {key}{_suggestion(key)}")
        if key in values:
            raise ConfigError(f"{place}: {key} is set twice, first at {values[key].place}; keep one")
        try:
            values[key] = Source(place, _unquoted(value))
        except ValueError as error:
            shown = key if _RULES[key].is_secret else value.strip()
            raise ConfigError(f"{place}: {shown} {error}") from error
    return values


def _unquoted(value: str) -> str:
    """`value` without the comment behind it; in quotes of either kind everything belongs to it, also `` #``."""
    quote = value.lstrip()[:1]
    if quote not in {"'", '"'}:
        return value.split(" #", 1)[0].strip()
    text, closed, rest = value.lstrip()[1:].partition(quote)
    if not closed or rest.split(" #", 1)[0].strip():
        raise ValueError(f"has no closing {quote}; only a # comment may follow it")
    return text


def _suggestion(key: str) -> str:
    close = get_close_matches(key.upper(), _RULES, n=1)
    return f"; did you mean {close[0]}?" if close else "; playlista.conf in the project lists them all"


def _read(key: str, source: Source) -> Any:
    rule = _RULES[key]
    try:
        return rule.parse(source.text)
    except (ValueError, KeyError, OverflowError, RuntimeError) as error:
        shown = "…" if rule.is_secret else repr(_shortened(source.text))
        raise ConfigError(f"{source.place}: {key}={shown} is not allowed; it takes {rule.allowed}") from error


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def settings_from_process(config: Path | None = None, flags: Mapping[str, str | None] | None = None) -> Settings:
    """`load_settings` with this process's environment: the one place where it is read."""
    return load_settings(config, environment=os.environ, flags=flags)


def sources_of_process(config: Path | None = None, flags: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """`setting_sources` with this process's environment."""
    return setting_sources(config, environment=os.environ, flags=flags)
