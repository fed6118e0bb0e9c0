"""What a process needs to analyze tracks one at a time: the models, the analyzer, and admission to memory.

Input: settings, and whom to tell. Output: an ``Equipment``; the daemon and the workers of a cluster have the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.analysis.mood_model import load_mood_model
from playlista.analysis.tagger import load_tagger
from playlista.config import Settings
from playlista.memory.admission import Admission, Reloadable
from playlista.memory.cgroup import Cgroup
from playlista.memory.cleanup import Cleanup
from playlista.memory.configuration import fallback_configurations
from playlista.native.library import choose_kernels


class Equipment:
    """The parts, made once in a process.

    Parameters
    ----------
    stop : set where the track at work is to end.
    cleanup_took : told the seconds that each cleanup cost.
    paused : called for each track that waits for memory.
    has_hung_since : see ``AudioAnalyzer``.

    Raises
    ------
    ModelError : a runtime was asked for by name and cannot be had here.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        stop: threading.Event,
        cleanup_took: Callable[[float], None],
        paused: Callable[[], None],
        has_hung_since: Callable[[float], bool] = lambda _moment: False,
    ) -> None:
        self.cgroup = Cgroup()
        self.kernels = choose_kernels(settings.native_kernels)
        self.tagger = load_tagger(settings, self.cgroup)
        self.mood_model = load_mood_model(settings, self.cgroup)
        self.cleanup = Cleanup(enabled=settings.memory_force_cleanup, spent=cleanup_took)
        self.admission = self._made_admission(settings, stop, paused)
        self.analyzer = AudioAnalyzer(
            settings,
            tagger=self.tagger.accumulator,
            network=self.mood_model.network,
            cgroup=self.cgroup,
            stop=stop.is_set,
            cleanup=self._after_chunk,
            has_hung_since=has_hung_since,
        )

    def _made_admission(self, settings: Settings, stop: threading.Event, paused: Callable[[], None]) -> Admission:
        patches = settings.musicnn_batch_size if self.tagger.accumulator else 0
        return Admission(
            self.cgroup,
            fallback_configurations(settings.memory_optimized_chunk_duration_seconds, patches),
            cleanup=self.cleanup.now,
            reloadables=[Reloadable("the model", self.tagger.unload)] if self.tagger.unload else (),
            pause=stop.wait,
            paused=paused,
        )

    def _after_chunk(self) -> None:
        """Give memory back, and go on smaller where it has run short all the same."""
        self.cleanup.after_chunk()
        smaller = self.admission.during_track()
        if smaller is not None and self.tagger.accumulator is not None:
            self.tagger.accumulator.batch_size = smaller.batch_patches
