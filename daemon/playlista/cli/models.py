"""``playlista models``: MusiCNN and the optional VibeNet, where they come from and whether they are ready."""

from __future__ import annotations

from collections.abc import Mapping
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
MoodOption = Annotated[
    bool, typer.Option("--mood", help="Prepare VibeNet instead, for MOOD_MODEL=vibenet (16 MB, GPL-3.0-or-later).")
]
MoodWheelOption = Annotated[
    Path | None,
    typer.Option("--mood-wheel", metavar="FILE", help="The vibenet 0.1.0 wheel, where pip cannot fetch it."),
]

models = typer.Typer(help="The models: prepare them, see whether they are ready.")


def register(app: typer.Typer) -> None:
    """Add the group to `app`."""
    app.add_typer(models, name="models")


@models.command()
def prepare(
    mood: MoodOption = False,
    wheel: WheelOption = None,
    mood_wheel: MoodWheelOption = None,
    models_dir: ModelsOption = None,
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Make a model from the published weights. A good one is kept; the only command that uses the network."""
    settings = settings_from(config, data_dir=data, models_dir=models_dir)
    if mood or mood_wheel:
        from playlista.vibenet.conversion.prepare import prepare_vibenet  # noqa: PLC0415 - brings numpy

        prepare_vibenet(settings.models_path, wheel=mood_wheel, say=lambda line: write_line(f"playlista: {line}"))
        return
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
    from playlista.vibenet.files import prepared_vibenet  # noqa: PLC0415

    files, vibenet = ModelFiles.find(settings.models_path), prepared_vibenet(settings)
    if json_lines:
        found = {} if files is None else {"source": files.source, "files": files.checksums, "labels": files.labels}
        mood = None if vibenet is None else {"source": vibenet.source, "files": vibenet.checksums}
        write_json_line({"folder": str(settings.models_path), "ready": files is not None, **found, "mood": mood})
        return
    if files is None:
        write_line(f"no model in {settings.models_path}; run: playlista models prepare")
    else:
        _describe(f"MusiCNN (MSD), ready in {files.folder}", files.source, files.checksums)
    if vibenet is not None:
        _describe(f"VibeNet, ready in {vibenet.folder}", vibenet.source, vibenet.checksums)


def _describe(title: str, source: Mapping[str, str], checksums: Mapping[str, str]) -> None:
    write_line(title)
    for name, text in source.items():
        write_line(f"  {name}: {text}")
    for name, checksum in sorted(checksums.items()):
        write_line(f"  {name}  sha256 {checksum}")
