"""How much memory there is, how much of it a track may have, and how it is given back.

What enters: the kernel's files under ``/proc`` and ``/sys/fs/cgroup``, and plain numbers from the settings. What
leaves: limits, budgets, decisions and snapshots as frozen dataclasses. No audio is touched here.
"""
