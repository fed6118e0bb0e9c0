"""Key and tuning from harmonic pitch class profiles."""
