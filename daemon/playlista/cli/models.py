"""``playlista models``: the MusiCNN model, where it comes from and whether it is ready."""

from __future__ import annotations

from typing import Annotated

import typer

ModelsOption = Annotated[
    str | None, typer.Option("--models", metavar="DIR", help="Where the model lies (MODELS_DIR, else DATA_DIR/models).")
]
