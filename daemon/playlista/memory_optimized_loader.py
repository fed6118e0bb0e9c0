"""The memory optimization guide's loader under the guide's name; the code is in `playlista.analysis.loader`."""

from playlista.analysis.loader import MemoryOptimizedLoader, get_memory_optimized_loader, safe_essentia_load

__all__ = ["MemoryOptimizedLoader", "get_memory_optimized_loader", "safe_essentia_load"]
