// Playlista's dashboard as one page, drawn by Grafana's own components from what Prometheus answered.
//
// Input: answers.json, written by deploy/grafana/picture.py. Output: the page, and one line in the console that says
// how many panels it has and which of them show nothing, or an error for each panel that could not be drawn.
import "@fontsource/inter/400.css";
import "@fontsource/inter/500.css";
import "uplot/dist/uPlot.min.css";

import { createTheme, dateTime, ThemeContext } from "@grafana/data";
import { GlobalStyles, PanelChrome } from "@grafana/ui";
import { Component } from "react";
import { createRoot } from "react-dom/client";

import answers from "./answers.json";
import { framesOf } from "./frames.js";
import { isEmpty, PANELS } from "./panels.jsx";
import { registerTransformations } from "./registries.js";

// Grafana's grid: 24 columns, rows of 30 pixels, 8 pixels between panels.
const GAP = 8;
const ROW = 30 + GAP;
const COLUMN = (answers.width - GAP) / 24;
const theme = createTheme({ colors: { mode: "dark" } });
const timeRange = {
  from: dateTime(answers.from * 1000),
  to: dateTime(answers.to * 1000),
  raw: { from: dateTime(answers.from * 1000), to: dateTime(answers.to * 1000) },
};

class Guard extends Component {
  state = {};
  static getDerivedStateFromError = (error) => ({ error });
  componentDidCatch(error) {
    console.error(`dashboard: ${this.props.title}: ${error}`);
  }
  render() {
    return this.state.error ? null : this.props.children;
  }
}

function Placed({ shown }) {
  const { title, description, type, gridPos } = shown.panel;
  const place = { position: "absolute", left: gridPos.x * COLUMN + GAP, top: gridPos.y * ROW + GAP };
  if (type === "row") {
    return <h4 style={{ ...place, margin: 0, lineHeight: `${ROW - GAP}px` }}>{title}</h4>;
  }
  const Panel = PANELS[type];
  return (
    <div style={place}>
      <Guard title={title}>
        <PanelChrome
          title={title}
          description={description}
          width={gridPos.w * COLUMN - GAP}
          height={gridPos.h * ROW - GAP}
        >
          {(width, height) => <Panel {...{ ...shown, width, height, theme, timeRange }} />}
        </PanelChrome>
      </Guard>
    </div>
  );
}

function Dashboard({ panels }) {
  const { canvas } = theme.colors.background;
  const look = { position: "relative", background: canvas, width: answers.width, height: answers.rows * ROW + GAP };
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles isExtensionPointsEnabled={false} hackNoBackdropBlur={true} />
      <div style={look}>
        {panels.map((shown) => (
          <Placed key={shown.panel.id} shown={shown} />
        ))}
      </div>
    </ThemeContext.Provider>
  );
}

async function draw() {
  registerTransformations();
  const panels = await Promise.all(
    answers.panels.map(async (asked) => ({ ...asked, frames: await framesOf(asked, theme) })),
  );
  createRoot(document.getElementById("root")).render(<Dashboard panels={panels} />);
  const shown = panels.filter(({ panel }) => panel.type !== "row");
  const empty = shown.filter(isEmpty).map(({ panel }) => panel.title);
  console.info(`dashboard: drawn ${JSON.stringify({ panels: shown.length, empty })}`);
}

draw().catch((error) => console.error(`dashboard: ${error}`));
