"""Results for other programs and for ears: exports, similar tracks, playlists, file tags."""
