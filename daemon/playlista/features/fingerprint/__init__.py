"""Acoustic fingerprint of a track: which recording it is, whatever its encoding."""
