"""Writes what was found into the music files' own tags: the only package that changes music files.

``fields`` says what is written, ``formats`` and ``id3`` how each format has it, ``structure`` which files the tag
library cannot rewrite safely, ``sound`` whether two files sound the same, ``journal`` what a killed write left behind,
``replacement`` how the tagged copy takes the file's place, and ``writer`` does one file with all of them.
"""
