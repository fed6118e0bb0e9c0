"""Onsets, tempo, beats and danceability."""
