"""Seven values of how music is heard, from an optional network."""
