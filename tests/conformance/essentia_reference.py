"""essentia's own algorithms, as references: also those that the product itself does not load."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest

from playlista.system.essentia_algorithms import essentia_standard


def essentia(name: str, **parameters: Any) -> Any:
    """A new instance of the algorithm `name`; the test that asks for it is skipped where there is no essentia (ARM)."""
    if find_spec("essentia") is None:
        pytest.skip("essentia, which is the reference here, has no wheel for this processor")
    standard = essentia_standard()
    algorithm = getattr(standard, name, None) or standard._create_essentia_class(name)
    return algorithm(**parameters)
