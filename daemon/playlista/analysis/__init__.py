"""One track from its file to its result object: the decoder's chunks, the features, the verdict."""
