"""Playlista: a daemon that watches a music folder and analyzes every track inside a small memory limit."""

__version__ = "0.2.0"
