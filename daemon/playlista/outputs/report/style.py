"""The style sheet of a report, for light and dark screens, for phones and for paper."""

from __future__ import annotations

#: The colours are those of the page: pairs for light and dark of at least 4.5:1 (WCAG AA).
STYLE = """
:root { color-scheme: light dark; --ground: light-dark(#fbfbf9, #131619); --raised: light-dark(#ffffff, #1c2024);
  --ink: light-dark(#1a1e22, #e8eaec); --soft: light-dark(#565f69, #a2abb5); --line: light-dark(#dcdfe3, #31373d);
  --fill: light-dark(#2f8a70, #4fa98c); --warn: light-dark(#96430e, #f0a36b); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.125rem; margin: 2rem 0 .5rem; }
p { margin: 0 0 .5rem; }
.kind, .soft, dt, figcaption, footer { color: var(--soft); }
.verdict { font-size: 1.125rem; font-weight: 600; margin: 1.5rem 0; }
.finding { border: 1px solid var(--line); border-left: 4px solid var(--warn); border-radius: 6px;
  background: var(--raised); padding: .75rem 1rem; margin: 0 0 1rem; }
.finding h2 { margin: 0 0 .25rem; }
.evidence { color: var(--warn); }
dl { display: grid; grid-template-columns: minmax(8rem, 11rem) 1fr; gap: .25rem 1rem; margin: 0; }
dd { margin: 0; }
figure { margin: 0 0 1.5rem; max-width: 34rem; }
svg { display: block; width: 100%; height: auto; background: var(--raised); border: 1px solid var(--line);
  border-radius: 6px; font: 11px system-ui, sans-serif; }
figcaption { font-size: .875rem; margin-top: .25rem; }
svg text { fill: var(--soft); }
.grid { stroke: var(--line); stroke-width: .75; }
.curve { fill: none; stroke: var(--fill); stroke-width: 1.5; stroke-linejoin: round; }
.wave { fill: var(--fill); stroke: var(--fill); stroke-width: 1; stroke-linejoin: round; }
.wall { stroke: var(--warn); stroke-width: 1.5; stroke-dasharray: 4 3; }
ol { padding-left: 1.5rem; }
li { margin-bottom: .5rem; }
footer { margin-top: 2rem; font-size: .875rem; }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
@media print { :root { color-scheme: light; } main { max-width: none; padding: 0; }
  .finding, figure, li, dl { break-inside: avoid; } h2 { break-after: avoid; } }
"""
