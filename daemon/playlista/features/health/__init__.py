"""Faults of the sound and signs of a lossy past."""
