"""essentia's own algorithms, as references: also those that the product itself does not load."""

from __future__ import annotations

from typing import Any

from playlista.system.essentia_algorithms import essentia_standard


def essentia(name: str, **parameters: Any) -> Any:
    """A new instance of the algorithm `name`."""
    standard = essentia_standard()
    algorithm = getattr(standard, name, None) or standard._create_essentia_class(name)
    return algorithm(**parameters)
