"""Measurements that anyone can repeat: ``make bench``, ``make bench-memory``. See docs/benchmarks.md."""
