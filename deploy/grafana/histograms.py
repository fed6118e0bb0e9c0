"""Panels of how tracks are spread over the values of a label: histograms and rankings, a bar a row of a table.

Input: a title, a description, a query that answers with one series a value. Output: builders of
`grafana_foundation_sdk`.
"""

from __future__ import annotations

from collections.abc import Sequence

from grafana_foundation_sdk.builders import bargauge, common
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard, prometheus

from deploy.grafana.panels import Query, bars, target

#: Grafana shows 25 rows of a table unless told otherwise.
MOST_BARS = 50

#: Left alone, Grafana fits the numbers of each panel to its bars and cuts the names.
NAME_PIXELS, VALUE_PIXELS = 11, 13


def columns(
    title: str, description: str, query: Query, label: str, *, size: tuple[int, int], order: str = "(.*)"
) -> bargauge.Panel:
    """A histogram: one column a value of `label`, in the order of the number that `order` finds in the value.

    Prometheus answers in no order, and Grafana would sort "100" before "60": the number becomes a column of the table,
    is sorted by and then left out. Values of one number keep the order of their names, since sorting is stable.
    """
    numbered = Query(f'label_replace({query.expression}, "order", "$1", "{label}", "{order}")')
    return _of_table(
        bars(title, description, numbered, unit="short", size=size).orientation(common_models.VizOrientation.VERTICAL),
        numbered,
        [
            ("sortBy", {"sort": [{"field": label}]}),
            ("convertFieldType", {"conversions": [{"targetField": "order", "destinationType": "number"}]}),
            ("sortBy", {"sort": [{"field": "order"}]}),
            ("organize", {"excludeByName": {"order": True, "Time": True}}),
        ],
    )


def ranking(title: str, description: str, query: Query, *, size: tuple[int, int]) -> bargauge.Panel:
    """One horizontal bar a series, the largest first."""
    panel = bars(title, description, query, unit="short", size=size)
    return _of_table(panel, query, [("sortBy", {"sort": [{"field": "Value", "desc": True}]})])


def _of_table(panel: bargauge.Panel, query: Query, transformations: Sequence[tuple[str, object]]) -> bargauge.Panel:
    """`panel` with a bar for each row of a table: the answer to `query` at one moment, transformed."""
    panel = (
        panel.targets([target(query, 0).format(prometheus.PromQueryFormat.TABLE).instant()])
        .reduce_options(common.ReduceDataOptions().values(True).calcs([]).limit(MOST_BARS))
        .text(common.VizTextDisplayOptions().title_size(NAME_PIXELS).value_size(VALUE_PIXELS))
    )
    for name, options in transformations:
        panel = panel.with_transformation(dashboard.DataTransformerConfig(id_val=name, options=options))
    return panel
