"""The plugin ``playlista`` for beets 2: tempo, key, ReplayGain and sound of tracks, measured by Playlista.

Input: items of a beets library; a Playlista daemon, or its program. Output: the fields bpm, initial_key, rg_track_gain
and rg_track_peak (r128_track_gain for Opus) where they are missing, and the flexible fields playlista_camelot,
playlista_lufs, playlista_energy, playlista_voice, playlista_mood, playlista_tags and playlista_tag_NAME. Files are
written only where beets itself may write.

This file needs nothing but beets. See docs/integrations.md of Playlista.
"""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from beets import ui
from beets.dbcore import types
from beets.importer import ImportSession, ImportTask
from beets.library import Item, Library
from beets.plugins import BeetsPlugin
from beets.ui import Subcommand, UserError
from beets.util import bytestring_path

#: Fields that belong to other programs, too: filled in where they are empty, or with force.
SHARED_FIELDS = ("bpm", "initial_key", "rg_track_gain", "rg_track_peak", "r128_track_gain")
#: MusiCNN's activations from here on are shown and can be searched for.
LEAST_ACTIVATION = 0.1
#: A track has a mood from this value on.
LEAST_MOOD = 0.8
#: R 128 gain in Opus refers to -23 LUFS, ReplayGain 2 to -18 LUFS (RFC 7845, 5.2.1).
R128_OFFSET_DB = -5.0
#: Files that the program is given at a time.
_BATCH = 50
#: What MusiCNN knows; beets compares only those fields as numbers whose types it is told.
MUSICNN_TAGS = (
    "rock", "pop", "alternative", "indie", "electronic", "female vocalists", "dance", "00s", "alternative rock",
    "jazz", "beautiful", "metal", "chillout", "male vocalists", "classic rock", "soul", "indie rock", "Mellow",
    "electronica", "80s", "folk", "90s", "chill", "instrumental", "punk", "oldies", "blues", "hard rock",
    "ambient", "acoustic", "experimental", "female vocalist", "guitar", "Hip-Hop", "70s", "party", "country",
    "easy listening", "sexy", "catchy", "funk", "electro", "heavy metal", "Progressive rock", "60s", "rnb",
    "indie pop", "sad", "House", "happy",
)  # fmt: skip


def tag_field(name: str) -> str:
    """The field for the activation of a tag: playlista_tag_female_vocalists."""
    return "playlista_tag_" + "_".join(name.lower().split())


class PlaylistaPlugin(BeetsPlugin):
    """``beet playlista``, and a stage of the import."""

    item_types: ClassVar[dict[str, types.Type[Any, Any]]] = {
        "playlista_lufs": types.FLOAT,
        "playlista_energy": types.FLOAT,
        "playlista_voice": types.FLOAT,
        **{tag_field(name): types.FLOAT for name in MUSICNN_TAGS},
    }

    def __init__(self) -> None:
        super().__init__("playlista")
        self.config.add(
            {
                "url": "http://localhost:9345",
                "token": "",
                "timeout": 10,
                "music_dir": "",
                "command": "playlista",
                "auto": True,
                "force": False,
            }
        )
        self.config["token"].redact = True
        if self.config["auto"].get(bool):
            self.import_stages = [self.imported]

    def commands(self) -> list[Subcommand]:
        """The subcommand."""
        command = Subcommand("playlista", help="fill in tempo, key, ReplayGain and tags from Playlista")
        command.parser.add_option("-f", "--force", action="store_true", help="replace values that are there")
        command.parser.add_option("-s", "--similar", action="store_true", help="list tracks that sound like the first")
        command.parser.add_option("-n", "--count", type="int", default=20, help="how many similar tracks (20)")
        command.func = self.command
        return [command]

    def command(self, lib: Library, opts: Any, args: list[str]) -> None:
        """``beet playlista [-f] QUERY``, or ``beet playlista -s [-n COUNT] QUERY``."""
        items = list(lib.items(args))
        if opts.similar:
            self._show_similar(lib, items, opts.count)
            return
        force = opts.force or self.config["force"].get(bool)
        changed = self._fill(lib, items, force=force, write=ui.should_write())
        self._log.info("{} of {} tracks changed", changed, len(items))

    def imported(self, session: ImportSession, task: ImportTask) -> None:
        """Fill in what was imported; the importer writes the files."""
        self._fill(session.lib, task.imported_items(), force=self.config["force"].get(bool), write=False)

    def _fill(self, lib: Library, items: Iterable[Item], *, force: bool, write: bool) -> int:
        wanting = [item for item in items if force or needs_values(item)]
        changed = 0
        for item, result in self._results(lib, wanting):
            values = new_values(item, fields_of(result, item.format), force=force)
            if not values:
                continue
            item.update(values)
            if write:
                item.try_write()
            item.store()
            changed += 1
        return changed

    def _results(self, lib: Library, items: Sequence[Item]) -> Iterator[tuple[Item, dict[str, Any]]]:
        """The results of `items`: the daemon's, and of what it does not have the program's."""
        daemon = self._daemon(lib)
        unknown = []
        for item in items:
            result = None
            if daemon is not None:
                try:
                    result = daemon.result(item.path)
                except DaemonAwayError as error:
                    self._log.warning("{}", error)
                    daemon = None
            if result is None:
                unknown.append(item)
            else:
                yield item, result
        yield from self._analyzed(unknown)

    def _analyzed(self, items: Sequence[Item]) -> Iterator[tuple[Item, dict[str, Any]]]:
        command = self.config["command"].as_str()
        if not command:
            for item in items:
                self._log.warning("{}: not analyzed by the daemon yet", item.filepath)
            return
        for start in range(0, len(items), _BATCH):
            batch = {os.fsdecode(item.path): item for item in items[start : start + _BATCH]}
            for result in self._program(command, list(batch)):
                item = batch.get(result["path"])
                if item is None or result["audio"] is None:
                    self._log.warning("{}: {}", result["path"], result["detail"])
                else:
                    yield item, result

    def _program(self, command: str, paths: Sequence[str]) -> list[dict[str, Any]]:
        try:
            done = subprocess.run([command, "analyze", "--json", *paths], capture_output=True, check=False)
        except OSError as error:
            self._log.warning(
                "{}: {}; set playlista.command to the program, or start the daemon", command, error.strerror
            )
            return []
        if done.returncode not in (0, 3):  # 3: some of them failed, and say why
            self._log.warning("{}: {}", command, done.stderr.decode(errors="replace").strip())
        return [json.loads(line) for line in done.stdout.splitlines()]

    def _show_similar(self, lib: Library, items: Sequence[Item], count: int) -> None:
        daemon = self._daemon(lib)
        if daemon is None or not items:
            raise UserError("playlista: similar tracks need a query that fits a track, and playlista.url")
        try:
            found = daemon.similar(items[0].path, count)
        except DaemonAwayError as error:
            raise UserError(f"playlista: {error}") from error
        if found is None:
            raise UserError(f"playlista: {items[0].filepath}: the daemon does not know it, or has not analyzed it yet")
        known = {item.path: item for item in lib.items()}
        for one in found:
            if item := known.get(daemon.path_here(one["path"])):
                ui.print_(f"{one['similarity']:.3f}  {item}")

    def _daemon(self, lib: Library) -> Daemon | None:
        url = self.config["url"].as_str()
        if not url:
            return None
        if not url.startswith(("http://", "https://")):
            raise UserError(f"playlista.url: {url!r} is no address such as http://localhost:9345")
        folder = self.config["music_dir"].as_str()
        root = bytestring_path(os.path.expanduser(folder)) if folder else lib.directory
        return Daemon(url, self.config["token"].as_str(), self.config["timeout"].as_number(), root)


class DaemonAwayError(Exception):
    """The daemon does not answer, or refuses: one line with its address and what to do."""


class Daemon:
    """Asks the daemon at `url`, whose music folder is at `root` here."""

    def __init__(self, url: str, token: str, timeout_seconds: float, root: bytes) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._timeout_seconds = timeout_seconds
        self._root = root.rstrip(b"/") + b"/"

    def result(self, path: bytes) -> dict[str, Any] | None:
        """The result of the file at `path`; None where there is none, or the file is elsewhere."""
        if not path.startswith(self._root):
            return None
        found = self._get("tracks/" + urllib.parse.quote(path.removeprefix(self._root)))
        return found if found is not None and found["status"] in ("analyzed", "partial") else None

    def similar(self, path: bytes, count: int) -> list[dict[str, Any]] | None:
        """Tracks like the file at `path`, the most similar first; None where the file is not known."""
        if not path.startswith(self._root):
            return None
        query = urllib.parse.urlencode({"path": path.removeprefix(self._root), "n": min(max(count, 1), 200)})
        found = self._get(f"similar?{query}")
        return None if found is None else found["tracks"]

    def path_here(self, path: str) -> bytes:
        """Where a track of the daemon lies here."""
        return self._root + os.fsencode(path)

    def _get(self, what: str) -> dict[str, Any] | None:
        # That the address is one of HTTP was checked when the settings were read.
        request = urllib.request.Request(f"{self._url}/api/v1/{what}", headers=self._headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_seconds) as answer:  # noqa: S310
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            what = "refuses the token: set playlista.token" if error.code in (401, 403) else f"answers {error}"
            raise DaemonAwayError(f"{self._url} {what}") from error
        except (OSError, ValueError) as error:
            raise DaemonAwayError(
                f"no daemon answers at {self._url} ({error}): start it, or set playlista.url"
            ) from error


def needs_values(item: Item) -> bool:
    """Whether anything that Playlista measures is missing."""
    gains = ("r128_track_gain",) if item.format == "Opus" else ("rg_track_gain", "rg_track_peak")
    return item.get("playlista_lufs") is None or any(not _has(item, name) for name in ("bpm", "initial_key", *gains))


def new_values(item: Item, values: Mapping[str, Any], *, force: bool) -> dict[str, Any]:
    """Of `values` those to be set: of fields that belong to others, too, only what is missing, unless `force`."""
    return {
        name: value
        for name, value in values.items()
        if item.get(name) != value and (force or name not in SHARED_FIELDS or not _has(item, name))
    }


def _has(item: Item, name: str) -> bool:
    value = item.get(name)
    # beets keeps "no tempo" as 0; a gain of 0 dB is a gain.
    return value not in (None, "") and not (name == "bpm" and value == 0)


def fields_of(result: Mapping[str, Any], file_format: str) -> dict[str, Any]:
    """The fields of a result object; what was not measured is left out."""
    rhythm, tonal, loudness = (result[name] or {} for name in ("rhythm", "tonal", "loudness"))
    fields: dict[str, Any] = {}
    if rhythm.get("bpm"):
        fields["bpm"] = round(rhythm["bpm"])
    if tonal.get("key"):
        fields["initial_key"] = tonal["key"] + ("m" if tonal["scale"] == "minor" else "")
        fields["playlista_camelot"] = tonal["camelot"]
    fields |= _loudness_fields(loudness, file_format)
    fields |= _mood_fields(result.get("mood") or {})
    tags = {name: value for name, value in (result["tags"] or {}).items() if value >= LEAST_ACTIVATION}
    if tags:
        fields["playlista_tags"] = ", ".join(sorted(tags, key=lambda name: -tags[name]))
    for name, value in tags.items():
        fields[tag_field(name)] = round(value, 2)
    return fields


def _mood_fields(mood: Mapping[str, Any]) -> dict[str, Any]:
    fields = {f"playlista_{name}": mood[name] for name in ("energy", "voice") if mood.get(name) is not None}
    moods = {name: value for name, value in (mood.get("moods") or {}).items() if value >= LEAST_MOOD}
    return fields | ({"playlista_mood": ", ".join(sorted(moods, key=lambda name: -moods[name]))} if moods else {})


def _loudness_fields(loudness: Mapping[str, Any], file_format: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if loudness.get("integrated_lufs") is not None:
        fields["playlista_lufs"] = round(loudness["integrated_lufs"], 1)
    gain_db, peak_dbtp = loudness.get("replaygain_track_gain_db"), loudness.get("true_peak_dbtp")
    if file_format == "Opus":
        return fields if gain_db is None else {**fields, "r128_track_gain": gain_db + R128_OFFSET_DB}
    if gain_db is not None:
        fields["rg_track_gain"] = gain_db
    if peak_dbtp is not None:
        fields["rg_track_peak"] = 10 ** (peak_dbtp / 20)
    return fields
