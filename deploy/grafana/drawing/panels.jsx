// Each kind of panel of our dashboard, drawn by the component that Grafana's own panel of that kind is made of.
//
// Input: the panel's JSON, its frames, the size of its inside in pixels, the theme and the time range.
import { FieldType, getDisplayValueAlignmentFactors, getFieldDisplayValues, VizOrientation } from "@grafana/data";
import { BarGauge, BigValue, TimeSeries, VizRepeater } from "@grafana/ui";

const BAR_GAP = 10;

export function isEmpty({ frames }) {
  const numbers = frames.flatMap((frame) => frame.fields.filter((field) => field.type === FieldType.number));
  return !numbers.some((field) => field.values.some((value) => value !== null));
}

function valuesOf({ panel, frames, theme }, sparkline) {
  return getFieldDisplayValues({
    data: frames,
    fieldConfig: panel.fieldConfig,
    reduceOptions: panel.options.reduceOptions,
    replaceVariables: (text) => text,
    sparkline,
    theme,
    timeZone: "utc",
  });
}

function Stat(props) {
  const { panel, width, height, theme, timeRange } = props;
  const { colorMode, graphMode, justifyMode, textMode } = panel.options;
  const [first] = valuesOf(props, graphMode !== "none");
  return (
    <BigValue
      value={first.display}
      sparkline={first.sparkline && { ...first.sparkline, timeRange }}
      {...{ colorMode, graphMode, justifyMode, textMode, width, height, theme }}
    />
  );
}

// A panel with one bar is named by its title.
function withoutLoneName(values) {
  if (values.length > 1) {
    return values;
  }
  return values.map((value) => ({ ...value, display: { ...value.display, title: undefined } }));
}

function Bars(props) {
  const { panel, width, height, theme } = props;
  const { displayMode, showUnfilled, valueMode, minVizWidth, minVizHeight, maxVizHeight, orientation } = panel.options;
  const { namePlacement, text } = panel.options;
  return (
    <VizRepeater
      source={props}
      getValues={() => withoutLoneName(valuesOf(props, false))}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderCounter={0}
      orientation={orientation === "auto" ? VizOrientation.Horizontal : orientation}
      itemSpacing={BAR_GAP}
      {...{ width, height, minVizWidth, minVizHeight, maxVizHeight }}
      renderValue={({ value, alignmentFactors, ...place }) => (
        <BarGauge
          value={value.display}
          field={value.field}
          display={value.view?.getFieldDisplayProcessor(value.colIndex)}
          itemSpacing={BAR_GAP}
          valueDisplayMode={valueMode}
          {...{ displayMode, showUnfilled, alignmentFactors, namePlacement, text, theme }}
          width={place.width}
          height={place.height}
          orientation={place.orientation}
        />
      )}
    />
  );
}

// As Grafana says it of a graph without any series, such as those of a cluster that is not there.
function NoData({ width, height }) {
  return <div style={{ width, height, display: "grid", placeItems: "center" }}>No data</div>;
}

function Lines({ panel, frames, width, height, timeRange }) {
  if (frames.length === 0) {
    return <NoData {...{ width, height }} />;
  }
  const { legend } = panel.options;
  return <TimeSeries {...{ frames, width, height, timeRange, legend }} timeZone="utc" options={panel.options} />;
}

export const PANELS = { stat: Stat, bargauge: Bars, timeseries: Lines };
