"""The few shapes of panel that the dashboard is made of, on top of Grafana's own typed builders.

Input: a title, a description, queries with ``@`` where the job and instance selector belongs, a unit.
Output: builders of `grafana_foundation_sdk`. Nothing here knows what Playlista measures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    prometheus,
    stat,
    timeseries,
)
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

SELECTOR = 'job=~"$job", instance=~"$instance"'
DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")

GREEN, YELLOW, RED, BLUE, GREY = "green", "yellow", "red", "blue", "#8e8e8e"

#: Columns and rows of a number; below five rows Grafana leaves its sparkline out.
SMALL = (4, 5)

#: Up to so many of the 24 columns a legend at the right would leave no place for the lines.
NARROW = 8

#: Size of the text of a share; left alone, Grafana fits it to the bar and makes it tiny.
SHARE_PIXELS = 28

#: Colour from a value upwards; the first step has no lower end.
Steps = Sequence[tuple[float | None, str]]


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL expression, with ``@`` for the selector, and how its series are called."""

    expression: str
    legend: str = ""


def target(query: Query, index: int) -> prometheus.Dataquery:
    """The Grafana query of `query`; the `index`-th of its panel."""
    return (
        prometheus.Dataquery()
        .datasource(DATASOURCE)
        .expr(query.expression.replace("@", SELECTOR))
        .legend_format(query.legend or "__auto")
        .ref_id(chr(ord("A") + index))
    )


def thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    """Absolute thresholds."""
    return (
        dashboard.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps([models.Threshold(value=value, color=color) for value, color in steps])
    )


def words(mapping: Mapping[str, tuple[str, str]]) -> list[models.ValueMapping]:
    """Value mappings: value -> (word, colour)."""
    options = {value: models.ValueMappingResult(text=text, color=color) for value, (text, color) in mapping.items()}
    return [models.ValueMap(options=options)]


def number(
    title: str,
    description: str,
    query: Query,
    *,
    unit: str,
    steps: Steps,
    mapping: Mapping[str, tuple[str, str]] | None = None,
    sparkline: bool = True,
    no_value: str = "no answer",
    decimals: float | None = None,
    size: tuple[int, int] = SMALL,
) -> stat.Panel:
    """One large number, coloured by thresholds or by the word that it maps to."""
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .with_target(target(query, 0))
        .unit(unit)
        .thresholds(thresholds(steps))
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .color_mode(common_models.BigValueColorMode.BACKGROUND if mapping else common_models.BigValueColorMode.VALUE)
        .graph_mode(common_models.BigValueGraphMode.AREA if sparkline else common_models.BigValueGraphMode.NONE)
        .no_value(no_value)
        .span(size[0])
        .height(size[1])
    )
    if decimals is not None:
        panel = panel.decimals(decimals)
    return panel.mappings(words(mapping)) if mapping else panel


def share(title: str, description: str, query: Query, *, steps: Steps, size: tuple[int, int] = SMALL) -> bargauge.Panel:
    """A share between 0 and 1 as a bar that is full at 1, coloured by thresholds."""
    return (
        bars(title, description, query, unit="percentunit", size=size)
        .max(1)
        .decimals(0)
        .thresholds(thresholds(steps))
        .text(common.VizTextDisplayOptions().value_size(SHARE_PIXELS))
        .no_value("none yet")
    )


def bars(title: str, description: str, query: Query, *, unit: str, size: tuple[int, int]) -> bargauge.Panel:
    """One horizontal bar a series, as long as its last value."""
    return (
        bargauge.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .with_target(target(query, 0))
        .unit(unit)
        .min(0)
        .thresholds(thresholds([(None, BLUE)]))
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .orientation(common_models.VizOrientation.HORIZONTAL)
        .display_mode(common_models.BarGaugeDisplayMode.BASIC)
        .span(size[0])
        .height(size[1])
    )


def lines(
    title: str,
    description: str,
    queries: Sequence[Query],
    *,
    unit: str,
    stacked: bool = False,
    steps: Steps = ((None, GREEN),),
    size: tuple[int, int] = (12, 8),
) -> timeseries.Panel:
    """Lines over time from zero up, or areas on top of each other."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .unit(unit)
        .min(0)
        .line_width(1)
        .fill_opacity(40 if stacked else 8)
        .show_points(common_models.VisibilityMode.NEVER)
        .thresholds(thresholds(steps))
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC))
        .legend(_legend_below() if size[0] <= NARROW else _legend_table())
        .tooltip(common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI))
        .span(size[0])
        .height(size[1])
    )
    for index, query in enumerate(queries):
        panel = panel.with_target(target(query, index))
    if len(steps) > 1:
        panel = panel.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(common_models.GraphThresholdsStyleMode.DASHED)
        )
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL).group("A"))
    return panel


def _legend_table() -> common.VizLegendOptions:
    """Names at the right, with what each line is now and was at most."""
    return (
        common.VizLegendOptions()
        .display_mode(common_models.LegendDisplayMode.TABLE)
        .placement(common_models.LegendPlacement.RIGHT)
        .show_legend(True)
        .calcs(["lastNotNull", "max"])
    )


def _legend_below() -> common.VizLegendOptions:
    """Names in lines below, with what each line is now."""
    return (
        common.VizLegendOptions()
        .display_mode(common_models.LegendDisplayMode.LIST)
        .placement(common_models.LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs(["lastNotNull"])
    )


def dashed(panel: timeseries.Panel, name: str, color: str) -> timeseries.Panel:
    """Draw the series called `name` as a dashed line without an area: a bound, not a measurement."""
    return panel.override_by_name(
        name,
        [
            models.DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": color}),
            models.DynamicConfigValue(id_val="custom.lineStyle", value={"fill": "dash", "dash": [10, 10]}),
            models.DynamicConfigValue(id_val="custom.fillOpacity", value=0),
        ],
    )
