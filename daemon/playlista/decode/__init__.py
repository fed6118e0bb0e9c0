"""Decoding: a path goes in, blocks of float32 samples come out; nothing is analyzed and nothing is stored here.

``opening.open_source`` chooses how a file is read, ``resample`` brings its mono mix to the rates of analysis,
``identity`` names the music by what was decoded.
"""
