"""Which tracks sound alike: directions of standardized embeddings, an index of them, and what is asked of it."""
