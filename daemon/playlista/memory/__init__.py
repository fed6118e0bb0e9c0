"""How much memory there is, how much of it a track may have, and how it is given back.

Input: the kernel's files under ``/proc`` and ``/sys/fs/cgroup``, and plain numbers from the settings. Output: limits,
budgets, decisions and snapshots as frozen dataclasses. No audio is touched here.
"""
