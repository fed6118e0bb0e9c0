"""The SQLite library: known files, the queue, the results, and what keeps them safe."""
