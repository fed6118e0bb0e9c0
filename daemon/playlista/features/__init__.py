"""Features of music as streaming accumulators: one file a musical quality, and the analyzer that runs them."""
