"""``playlista models``: the MusiCNN model, where it comes from and whether it is ready."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from playlista.cli.options import ConfigOption, DataOption, settings_from
from playlista.cli.terminal import write_line

ModelsOption = Annotated[
    str | None, typer.Option("--models", metavar="DIR", help="Where the model lies (MODELS_DIR, else DATA_DIR/models).")
]
