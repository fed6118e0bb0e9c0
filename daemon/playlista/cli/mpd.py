"""Commands for the Music Player Daemon: ``mpd stickers`` and ``mpd similar``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from playlista.cli.library import reading
from playlista.cli.options import ConfigOption, DataOption, MusicOption, settings_from
from playlista.cli.terminal import write_line
from playlista.errors import PlaylistaError

if TYPE_CHECKING:
    from playlista.outputs.mpd.client import MpdClient
    from playlista.outputs.mpd.sonic import SonicPlaylist
    from playlista.outputs.similarity.engine import Similarity

HostOption = Annotated[
    str, typer.Option(envvar="MPD_HOST", metavar="HOST", help="Name, address or socket of MPD; [PASSWORD@]HOST.")
]
PortOption = Annotated[int, typer.Option(envvar="MPD_PORT", min=1, max=65535, help="Its port.")]
BelowOption = Annotated[
    str, typer.Option("--below", metavar="FOLDER", help="MPD's music folder, where it lies below MUSIC_DIR.")
]
NameOption = Annotated[str, typer.Option("--name", help="Name of the playlist in MPD.")]
CountOption = Annotated[int, typer.Option("-n", min=1, max=1000, help="How many tracks, behind the song itself.")]
PerArtistOption = Annotated[int, typer.Option("--per-artist", min=0, help="Tracks of one artist at most; 0 = any.")]
FollowOption = Annotated[bool, typer.Option("--follow", help="Stay, and do it again for each song that is played.")]

mpd = typer.Typer(help="Stickers and playlists in the Music Player Daemon.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group to `app`."""
    app.add_typer(mpd, name="mpd")


@mpd.command()
def stickers(
    host: HostOption = "localhost",
    port: PortOption = 6600,
    below: BelowOption = "",
    config: ConfigOption = None,
    data: DataOption = None,
    music: MusicOption = None,
) -> None:
    """Write bpm, key, camelot, loudness and playlista_id as stickers of MPD's songs; only what differs."""
    settings = settings_from(config, data_dir=data, music_dir=music)
    from playlista.library.track_summaries import TrackLookup  # noqa: PLC0415
    from playlista.outputs.mpd.client import MpdClient  # noqa: PLC0415
    from playlista.outputs.mpd.stickers import write_stickers  # noqa: PLC0415

    with reading(settings) as database, MpdClient(host, port) as client:
        done = write_stickers(client, TrackLookup(database), below=below)
    write_line(f"{done.songs} songs in MPD, {done.known} of them analyzed; stickers of {done.changed} changed")


@mpd.command()
def similar(
    host: HostOption = "localhost",
    port: PortOption = 6600,
    name: NameOption = "Sonic",
    count: CountOption = 30,
    per_artist: PerArtistOption = 3,
    follow: FollowOption = False,
    below: BelowOption = "",
    config: ConfigOption = None,
    data: DataOption = None,
    music: MusicOption = None,
) -> None:
    """Fill a playlist of MPD with what sounds like the song that it plays."""
    settings = settings_from(config, data_dir=data, music_dir=music)
    from playlista.library.track_summaries import TrackLookup  # noqa: PLC0415
    from playlista.outputs.mpd.client import MpdClient  # noqa: PLC0415
    from playlista.outputs.mpd.songs import playing  # noqa: PLC0415
    from playlista.outputs.mpd.sonic import SonicPlaylist  # noqa: PLC0415
    from playlista.outputs.similarity.engine import Similarity  # noqa: PLC0415

    with reading(settings) as database, MpdClient(host, port) as client:
        kept = SonicPlaylist(client, TrackLookup(database), name=name, count=count, per_artist=per_artist, below=below)
        similarity = Similarity(database, data_dir=settings.data_dir)
        if follow:
            _follow(client, kept, similarity)
        song = playing(client)
        if not song:
            raise PlaylistaError("MPD plays nothing; start a song, or use --follow")
        _write(kept, song, similarity)


def _follow(client: MpdClient, kept: SonicPlaylist, similarity: Similarity) -> None:
    """Write the playlist for each song that is played, until this is ended or MPD is."""
    from playlista.outputs.mpd.client import MpdError  # noqa: PLC0415
    from playlista.outputs.mpd.songs import playing  # noqa: PLC0415

    last = None
    while True:
        song = playing(client)
        if song and song["file"] != last:
            last = song["file"]
            try:
                _write(kept, song, similarity)
            except MpdError:
                raise
            except PlaylistaError as error:
                write_line(str(error))  # the next song may be known
        client.wait_for("player")


def _write(kept: SonicPlaylist, song: dict[str, str], similarity: Similarity) -> None:
    uris = kept.write(song, similarity.make())
    write_line(f"{song['file']}: {len(uris) - 1} tracks that sound like it")
