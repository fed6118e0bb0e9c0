"""Playlists: their rules, which tracks fit them and in which order, and the files that other programs read."""
