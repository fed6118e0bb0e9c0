"""What a Music Player Daemon (MPD) gets: stickers with our values, and a playlist of what sounds like its song."""
