"""Every setting, with its type, its default and its rule, as one frozen object.

Input: values that ``loading`` has read. Output: ``Settings``, and what follows from some of them. Standard library
only, because the TensorFlow environment is set from here before anything native is imported.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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
    native_kernels: Literal["auto", "off"] = setting("auto", choice("auto", "off"))

    mood_model: Literal["off", "vibenet"] = setting("off", choice("off", "vibenet"))

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

    @property
    def has_cluster(self) -> bool:
        """Whether other processes analyze, on this machine or others."""
        return bool(self.dask_scheduler) or self.workers > 1

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
