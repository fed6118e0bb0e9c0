"""Settings: ``playlista.conf`` < environment < command-line flags, as one frozen object.

Input: the text of a file, a mapping of environment variables, a mapping of flags. Output: ``Settings``, or a
``ConfigError`` whose one line names where the value stands, the key and what is allowed. Standard library only, because
the TensorFlow environment is set from here before anything native is imported.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from playlista.errors import ConfigError

#: Where the file is looked for when ``--config`` and ``PLAYLISTA_CONFIG`` do not name one.
DEFAULT_LOCATIONS = (Path("playlista.conf"), Path("/etc/playlista/playlista.conf"))


@dataclass(frozen=True, slots=True)
class Rule:
    """How one setting is read: `parse` raises ValueError for what `allowed` does not describe."""

    parse: Callable[[str], Any]
    allowed: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where a raw value was written, for the error line: a file and line, the environment, or a flag."""

    place: str
    text: str


def _patterns() -> Rule:
    def parse(text: str) -> tuple[str, ...]:
        return tuple(filter(None, (pattern.strip() for pattern in text.split(";"))))

    return Rule(parse, "gitignore patterns separated by semicolons")


def _boolean() -> Rule:
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}

    def parse(text: str) -> bool:
        try:
            return words[text.lower()]
        except KeyError:
            raise ValueError(text) from None

    return Rule(parse, "true or false")


def _number(kind: type[int] | type[float], low: float, high: float) -> Rule:
    def parse(text: str) -> int | float:
        value = kind(text)
        if not low <= value <= high:  # also refuses NaN
            raise ValueError(text)
        return value

    return Rule(parse, f"{'a whole number' if kind is int else 'a number'} from {low:g} to {high:g}")


def _choice(*words: str) -> Rule:
    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(text)
        return text.lower()

    return Rule(parse, "one of " + ", ".join(words))


def _bits() -> Rule:
    return Rule({"16": 16, "32": 32}.__getitem__, "16 or 32")


def _path() -> Rule:
    def parse(text: str) -> Path:
        if not text or "\0" in text:
            raise ValueError(text)
        return Path(text).expanduser()

    return Rule(parse, "a path")


def _optional_path() -> Rule:
    return Rule(lambda text: Path(text).expanduser() if text else None, "a path, or nothing")


def _text() -> Rule:
    return Rule(str, "a text")


def _address() -> Rule:
    def parse(text: str) -> str:
        host, separator, port = text.rpartition(":")
        if not (separator and host and port.isdecimal() and 0 <= int(port) <= 65535):
            raise ValueError(text)
        return text

    return Rule(parse, "HOST:PORT, such as 0.0.0.0:9345 or [::]:9345")


def setting(default: Any, rule: Rule) -> Any:
    """A field of `Settings`: its default, and how its text is read."""
    return field(default=default, metadata={"rule": rule})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting, under its key in lower case; ``playlista.conf`` says what each does.

    The keys of the memory optimization guide keep its meaning.
    """

    music_dir: Path = setting(Path("./music"), _path())
    data_dir: Path = setting(Path("./data"), _path())
    models_dir: Path | None = setting(None, _optional_path())
    listen_address: str = setting("0.0.0.0:9345", _address())
    log_level: str = setting("info", _choice("debug", "info", "warning", "error"))
    log_format: str = setting("console", _choice("json", "console"))

    watch_mode: Literal["auto", "inotify", "polling"] = setting("auto", _choice("auto", "inotify", "polling"))
    watch_settle_seconds: float = setting(10.0, _number(float, 0, 3600))
    watch_rescan_interval_seconds: float = setting(3600.0, _number(float, 1, 604800))
    watch_ignore: tuple[str, ...] = setting((), _patterns())
    retention_days: float = setting(30.0, _number(float, 0, 36500))
    follow_symlinks: bool = setting(False, _boolean())

    musicnn_runtime: str = setting("auto", _choice("auto", "numpy", "onnx", "tensorflow", "essentia", "off"))
    musicnn_patch_hop_frames: int = setting(187, _number(int, 1, 187))
    musicnn_batch_size: int = setting(1, _number(int, 1, 64))

    on_settings_change: Literal["recompute", "keep"] = setting("recompute", _choice("recompute", "keep"))

    track_timeout_seconds: float = setting(7200.0, _number(float, 1, 604800))
    max_attempts: int = setting(3, _number(int, 1, 100))
    retry_backoff_seconds: float = setting(60.0, _number(float, 0, 86400))

    memory_optimization_enabled: bool = setting(True, _boolean())
    memory_optimized_sample_rate: int = setting(22050, _number(int, 8000, 48000))
    memory_optimized_bit_depth: int = setting(16, _bits())
    memory_optimized_chunk_duration_seconds: float = setting(3.0, _number(float, 0.1, 60))
    memory_optimized_memory_limit_percent: float = setting(10.0, _number(float, 0.1, 100))
    memory_optimized_max_mb_per_track: float = setting(100.0, _number(float, 0.1, 1048576))
    memory_optimized_min_file_mb: float = setting(0.0, _number(float, 0, 1048576))
    memory_reduce_sample_rate: bool = setting(True, _boolean())
    memory_use_float16: bool = setting(True, _boolean())
    memory_streaming_enabled: bool = setting(True, _boolean())
    memory_mapping_enabled: bool = setting(True, _boolean())
    memory_mapping_min_mb: float = setting(32.0, _number(float, 0, 1048576))
    memory_force_cleanup: bool = setting(True, _boolean())
    memory_monitoring_enabled: bool = setting(True, _boolean())

    tf_gpu_thread_mode: str = setting("gpu_private", _text())
    tf_enable_onednn_opts: int = setting(0, _number(int, 0, 1))
    tf_cpp_min_log_level: int = setting(2, _number(int, 0, 3))
    cuda_visible_devices: str = setting("-1", _text())

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
    values = _file_values(_config_file(config, environment))
    for key in _RULES:
        if environment.get(key):
            values[key] = Source("environment", environment[key])
    for key, text in (flags or {}).items():
        if text is not None:
            values[key] = Source("command line", text)
    return Settings(**{key.lower(): _read(key, source) for key, source in values.items()})


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
    ConfigError : a line that is no KEY=value, an unknown key, or a key that stands twice.
    """
    values: dict[str, Source] = {}
    for number, line in enumerate(text.splitlines(), 1):
        body = line.strip()
        if not body or body.startswith("#"):
            continue
        place = f"{name}:{number}"
        key, separator, value = body.partition("=")
        key = key.strip()
        if not separator:
            raise ConfigError(f"{place}: {body!r} is not a KEY=value line; comments begin with #")
        if key not in _RULES:
            raise ConfigError(f"{place}: unknown key {key}{_suggestion(key)}")
        if key in values:
            raise ConfigError(f"{place}: {key} stands twice, first at {values[key].place}; keep one")
        values[key] = Source(place, _unquoted(value, place))
    return values


def _unquoted(value: str, place: str) -> str:
    """`value` without the comment behind it; in quotes of either kind everything belongs to it, also `` #``."""
    quote = value.lstrip()[:1]
    if quote not in {"'", '"'}:
        return value.split(" #", 1)[0].strip()
    text, closed, rest = value.lstrip()[1:].partition(quote)
    if not closed or rest.split(" #", 1)[0].strip():
        raise ConfigError(f"{place}: {value.strip()} is no quoted value; end it with {quote}, then only a # comment")
    return text


def _suggestion(key: str) -> str:
    close = get_close_matches(key.upper(), _RULES, n=1)
    return f"; did you mean {close[0]}?" if close else "; playlista.conf in the project lists them all"


def _read(key: str, source: Source) -> Any:
    rule = _RULES[key]
    try:
        return rule.parse(source.text)
    except (ValueError, KeyError, OverflowError, RuntimeError) as error:
        raise ConfigError(f"{source.place}: {key}={source.text!r} is not allowed; it takes {rule.allowed}") from error


def settings_from_process(config: Path | None = None, flags: Mapping[str, str | None] | None = None) -> Settings:
    """`load_settings` with this process's environment: the one place where it is read."""
    return load_settings(config, environment=os.environ, flags=flags)
