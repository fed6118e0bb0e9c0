"""The same job by other means, each a program of its own: ``python -m benchmarks.contenders.NAME OPTIONS FILE…``.

Each prints one JSON object a file, so that whoever measures sees that the work was done. Without files it does what it
does once, its imports and its model, and ends: that is its start-up.
"""
