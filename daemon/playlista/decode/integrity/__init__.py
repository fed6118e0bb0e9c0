"""Checks whether a file still holds what its encoder wrote: checksums, page numbers, frames that follow each other."""
