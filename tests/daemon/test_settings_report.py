"""The settings in force, as people see them."""

from __future__ import annotations

import json
from dataclasses import fields

from playlista.config import Settings
from playlista.daemon.remedies import REMEDIES
from playlista.daemon.settings_report import report_settings
from playlista.errors import FailureReason


def test_every_setting_is_told_with_its_meaning_and_fits_json() -> None:
    report = report_settings(Settings(max_attempts=7), {"MAX_ATTEMPTS": "file"})
    assert [one["key"] for one in report if one["meaning"]] == [one["key"] for one in report]
    assert {one["key"] for one in report} == {field.name.upper() for field in fields(Settings)}
    told = {one["key"]: one for one in json.loads(json.dumps(report))}
    assert told["MAX_ATTEMPTS"] | {"meaning": ""} == {
        "key": "MAX_ATTEMPTS",
        "value": 7,
        "default": 3,
        "source": "file",
        "meaning": "",
    }
    assert told["TRUSTED_PROXIES"]["value"] == ["127.0.0.1", "::1"]
    assert told["LOG_LEVEL"]["source"] == "default"


def test_a_secret_is_never_told() -> None:
    report = json.dumps(report_settings(Settings(auth_token="a secret of mine"), {}))
    assert "a secret of mine" not in report
    assert {"key": "AUTH_TOKEN", "value": "set"}.items() <= next(
        one.items() for one in json.loads(report) if one["key"] == "AUTH_TOKEN"
    )


def test_there_is_something_to_do_about_every_reason() -> None:
    assert set(REMEDIES) == set(FailureReason)
