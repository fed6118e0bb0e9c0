// What Grafana's server application registers when it starts: the options of fields, and the transformations.
// The options have no editors here, since nobody edits.
import { FieldConfigOptionsRegistry, standardTransformers, standardTransformersRegistry } from "@grafana/data";

const STANDARD = [
  "color", "decimals", "displayName", "links", "mappings", "max", "min", "noValue", "thresholds", "unit",
];
const OF_TIMESERIES = [
  "axisPlacement", "drawStyle", "fillOpacity", "gradientMode", "lineInterpolation", "lineStyle", "lineWidth",
  "pointSize", "showPoints", "spanNulls", "stacking", "thresholdsStyle",
];

const option = (path, isCustom) => ({
  id: isCustom ? `custom.${path}` : path,
  path,
  name: path,
  isCustom,
  settings: {},
  process: (value) => value,
  shouldApply: () => true,
});

export const fieldOptions = new FieldConfigOptionsRegistry(() => [
  ...STANDARD.map((path) => option(path, false)),
  ...OF_TIMESERIES.map((path) => option(path, true)),
]);

export function registerTransformations() {
  const { convertFieldTypeTransformer, organizeFieldsTransformer, sortByTransformer } = standardTransformers;
  standardTransformersRegistry.setInit(() =>
    [convertFieldTypeTransformer, organizeFieldsTransformer, sortByTransformer].map((one) => ({
      id: one.id,
      name: one.name,
      transformation: () => Promise.resolve(one),
    })),
  );
}
