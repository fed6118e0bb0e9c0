"""Which tracks sound alike: directions of standardized embeddings, an index of them, and what is asked of it."""

#: The file in the data folder in which the index of a large library is kept.
FILE_NAME = "similarity.npz"
