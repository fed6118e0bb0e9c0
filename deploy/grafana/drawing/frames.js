// Answers of Prometheus as Grafana's data frames.
//
// Input: a panel of the dashboard's JSON, and for each of its queries the series that Prometheus answered with.
// Output: frames with the panel's transformations and field options applied, as Grafana's panels take them.
import { applyFieldOverrides, FieldType, toDataFrame, transformDataFrame } from "@grafana/data";
import { lastValueFrom } from "rxjs";

import { fieldOptions } from "./registries.js";

export async function framesOf({ panel, answers }, theme) {
  const asked = answers.flatMap(({ target, series }) =>
    target.format === "table" ? [tableOf(target, series)] : series.map((one) => lineOf(target, one)),
  );
  const data = await lastValueFrom(transformDataFrame(panel.transformations ?? [], asked));
  return applyFieldOverrides({
    data,
    fieldConfig: panel.fieldConfig,
    fieldConfigRegistry: fieldOptions,
    replaceVariables: (text) => text,
    theme,
    timeZone: "utc",
  });
}

function lineOf(target, { metric, values }) {
  const name = target.legendFormat.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => metric[label] ?? "");
  return toDataFrame({
    refId: target.refId,
    name,
    fields: [
      { name: "Time", type: FieldType.time, values: values.map(([seconds]) => seconds * 1000) },
      {
        name: "Value",
        type: FieldType.number,
        labels: metric,
        values: values.map(([, text]) => numberOf(text)),
        config: { displayNameFromDS: name },
      },
    ],
  });
}

// A row a series, with its last value: what an instant query in table format answers with.
function tableOf(target, series) {
  const last = series.map(({ values }) => values.at(-1));
  const labels = [...new Set(series.flatMap(({ metric }) => Object.keys(metric)))].sort();
  return toDataFrame({
    refId: target.refId,
    fields: [
      { name: "Time", type: FieldType.time, values: last.map(([seconds]) => seconds * 1000) },
      ...labels.map((label) => ({
        name: label,
        type: FieldType.string,
        values: series.map(({ metric }) => metric[label]),
      })),
      { name: "Value", type: FieldType.number, values: last.map(([, text]) => numberOf(text)) },
    ],
  });
}

function numberOf(text) {
  const value = Number(text.replace("Inf", "Infinity"));
  return Number.isNaN(value) ? null : value;
}
