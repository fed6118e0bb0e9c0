"""Looks for what lossy encoders left in decoded samples: their frame grids, and the steps of their quantizers."""
