"""Measurements that anyone can repeat: ``make bench``, ``make bench-memory``, ``make bench-guard``. See docs/benchmarks.md."""
