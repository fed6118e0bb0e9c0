"""The shape of the spectrum."""
