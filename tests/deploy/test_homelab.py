"""Templates for NAS and Home Assistant: they name what the project has, with its limits and rights."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.checks.tools import PROJECT
from playlista import __version__
from playlista.memory.advice import ADVISED_MIB

UNRAID = PROJECT / "deploy/unraid/playlista.xml"
TRUENAS = PROJECT / "deploy/truenas/playlista.yaml"
HOME_ASSISTANT = PROJECT / "deploy/home-assistant/playlista.yaml"


@pytest.fixture(scope="module")
def unraid() -> dict[str, Any]:
    """The template's texts by tag, and its entries by what they set in the container."""
    container = ET.parse(UNRAID).getroot()
    texts = {child.tag: child.text for child in container if child.tag != "Config"}
    return {**texts, "entries": {entry.get("Target"): entry for entry in container.iter("Config")}}


def test_unraid_mounts_the_music_read_only_and_keeps_the_database_off_the_user_share(unraid: dict[str, Any]) -> None:
    entries = unraid["entries"]
    assert entries["/music"].get("Mode") == "ro"
    assert entries["/data"].get("Mode") == "rw"
    assert not entries["/data"].text.startswith("/mnt/user/")
    assert {"9345", "PUID", "PGID", "UMASK", "WATCH_MODE"} <= set(entries)


def test_unraid_starts_as_its_page_says(unraid: dict[str, Any]) -> None:
    page = (PROJECT / "docs/deploy/unraid.md").read_text("utf-8")
    assert f"`{unraid['ExtraParams']}`" in page
    assert f"--memory {ADVISED_MIB}m --memory-swap {ADVISED_MIB}m" in unraid["ExtraParams"]
    assert unraid["Privileged"] == "false"


def test_truenas_promises_what_compose_promises() -> None:
    service = yaml.safe_load(TRUENAS.read_text("utf-8"))["services"]["playlista"]
    shipped = yaml.safe_load((PROJECT / "deploy/compose.yaml").read_text("utf-8"))["services"]["playlista"]
    same = ("read_only", "cap_drop", "security_opt", "tmpfs", "stop_grace_period", "restart")
    assert {key: service[key] for key in same} == {key: shipped[key] for key in same}
    assert service["mem_limit"] == service["memswap_limit"] == f"{ADVISED_MIB}m"
    assert any(volume.endswith(":/music:ro") for volume in service["volumes"])


@pytest.mark.parametrize("file", [UNRAID, TRUENAS], ids=lambda file: file.parent.name)
def test_templates_name_the_image_of_this_version(file: Path) -> None:
    assert f"ghcr.io/playlista/playlista:{__version__}" in file.read_text("utf-8")


def test_home_assistant_reads_fields_that_the_status_has() -> None:
    package = yaml.safe_load(HOME_ASSISTANT.read_text("utf-8"))
    (resource,) = package["rest"]
    assert resource["resource"].endswith(":9345/api/v1/status")
    entities = [*resource["sensor"], *resource["binary_sensor"]]
    read = {field for entity in entities for field in re.findall(r"value_json\.([\w.]+)", entity["value_template"])}
    documented = (PROJECT / "docs/api.md").read_text("utf-8").partition("GET /api/v1/status")[2].partition("```\n\n")[0]
    assert {"tracks.total", "queue.queued", "rate.seconds_left", "not_ready"} <= read
    for field in read:
        for name in field.split("."):
            assert f'"{name}":' in documented, field
    assert len({entity["unique_id"] for entity in entities}) == len(entities)
