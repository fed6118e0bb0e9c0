"""``playlista models``: the MusiCNN model, where it comes from and whether it is ready."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from playlista.cli.options import ConfigOption, DataOption, JsonOption, settings_from
from playlista.cli.terminal import write_json_line, write_line

ModelsOption = Annotated[
    str | None, typer.Option("--models", metavar="DIR", help="Where the model lies (MODELS_DIR, else DATA_DIR/models).")
]
WheelOption = Annotated[
    Path | None, typer.Option("--wheel", metavar="FILE", help="The musicnn 0.1.0 wheel, where pip cannot fetch it.")
]

models = typer.Typer(help="The MusiCNN model: prepare it, see whether it is ready.")


def register(app: typer.Typer) -> None:
    """Add the group to `app`."""
    app.add_typer(models, name="models")


@models.command()
def prepare(
    wheel: WheelOption = None, models_dir: ModelsOption = None, data: DataOption = None, config: ConfigOption = None
) -> None:
    """Make the model from the published weights. A good one is kept; the only command that uses the network."""
    settings = settings_from(config, data_dir=data, models_dir=models_dir)
    from playlista.musicnn.conversion.prepare import prepare_model  # noqa: PLC0415 - brings numpy

    prepare_model(settings.models_path, wheel=wheel, say=lambda line: write_line(f"playlista: {line}"))


@models.command("list")
def list_models(
    json_lines: JsonOption = False,
    models_dir: ModelsOption = None,
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """List the model files. With their source, and whether their checksums are right."""
    settings = settings_from(config, data_dir=data, models_dir=models_dir)
    from playlista.musicnn.files import ModelFiles  # noqa: PLC0415

    files = ModelFiles.find(settings.models_path)
    if json_lines:
        found = {} if files is None else {"source": files.source, "files": files.checksums, "labels": files.labels}
        write_json_line({"folder": str(settings.models_path), "ready": files is not None, **found})
    elif files is None:
        write_line(f"no model in {settings.models_path}; run: playlista models prepare")
    else:
        write_line(f"MusiCNN (MSD), ready in {files.folder}")
        for name, text in files.source.items():
            write_line(f"  {name}: {text}")
        for name, checksum in sorted(files.checksums.items()):
            write_line(f"  {name}  sha256 {checksum}")
