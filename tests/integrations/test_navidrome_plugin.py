"""The plugin for Navidrome as far as Python can tell; its own tests are in Go and run when it is built."""

from __future__ import annotations

import json
import re
from pathlib import Path

import playlista

PLUGIN = Path(__file__).parents[2] / "integrations/navidrome"
MANIFEST = json.loads((PLUGIN / "manifest.json").read_text("utf-8"))


def test_the_plugin_has_the_version_of_the_program() -> None:
    assert MANIFEST["version"] == playlista.__version__


def test_every_setting_that_the_plugin_reads_can_be_entered_and_the_other_way_round() -> None:
    read = set(re.findall(r'(?:text|number)\("(\w+)"', (PLUGIN / "settings.go").read_text("utf-8")))
    entered = set(MANIFEST["config"]["schema"]["properties"])
    shown = {one["scope"].removeprefix("#/properties/") for one in MANIFEST["config"]["uiSchema"]["elements"]}
    assert read == entered == shown
