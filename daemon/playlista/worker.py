"""The worker: claim, analyze, store, finish; one track at a time, on the main thread.

What enters: jobs from the queue. What leaves: results in the store, a log line and metrics for each. It is the only
room that sees several stages, and it decides nothing about music.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace

import structlog

from playlista.attempt import Attempt, attempt, failed
from playlista.audio_analyzer import AudioAnalyzer, Pass
from playlista.errors import FailureReason, Interrupted, StoreError, TrackError
from playlista.jobs import Job, JobQueue
from playlista.memory.admission import Admission, AdmissionDecision
from playlista.metrics import Metrics
from playlista.store import Store
from playlista.tracks import FEATURE_GROUPS, Analysis, Status, TrackFile

log = structlog.get_logger(__name__)

#: How long an idle worker sleeps before it asks the queue again, unless it is woken.
IDLE_SECONDS = 5.0
#: How long it waits before it tries a database again that could not be written.
STORE_RETRY_SECONDS = 10.0
