"""By which ids the programs that speak AudioMuse-AI's dialect name tracks, as the settings say.

Input: settings, a connection to the library. Output: `MediaIds`, with a thread where those of a media server are read.
"""

from __future__ import annotations

from contextlib import ExitStack

from playlista.config import Settings
from playlista.library.database import Database
from playlista.library.track_summaries import TrackLookup
from playlista.serve.audiomuse.media_library import MediaLibrary
from playlista.serve.audiomuse.media_servers import media_server
from playlista.serve.media_ids import MediaIds, OwnIds


def made_media_ids(settings: Settings, reader: Database, resources: ExitStack) -> MediaIds:
    """The ids of MEDIA_SERVER, else our own; `resources` ends the reading of them."""
    if not settings.audiomuse_api or settings.media_server == "none":
        return OwnIds()
    server = media_server(
        settings.media_server, settings.media_server_url, settings.media_server_user, settings.media_server_password
    )
    library = MediaLibrary(server, TrackLookup(reader))
    library.start()
    resources.callback(library.stop)
    return library
