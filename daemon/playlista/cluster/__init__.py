"""Beyond one machine, on dask.distributed: a scheduler, workers, and the dispatcher in the daemon.

Nothing here imports dask unless a cluster is used; it is the optional extra ``playlista[dask]``.
"""
