"""What the pages look like, and the few lines that make its curves answer. No text of its own."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --paper: #fbfaf8; --card: #fff; --ink: #1d1d1f; --soft: #65656b;
  --rule: #e3e1dc; --output: #c2410c; --input: #4b7390; --cut: #b9b4aa; --band: #fde7d3; }
@media (prefers-color-scheme: dark) { :root { --paper: #161618; --card: #1f1f22; --ink: #ececee;
  --soft: #a0a0a8; --rule: #36363b; --output: #fb923c; --input: #7fb2d6; --cut: #5c5c64; --band: #46301f;
  } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.25rem 4rem; background: var(--paper);
  color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  font-variant-numeric: tabular-nums; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1rem; margin: 0 0 .5rem; }
p { margin: .25rem 0; max-width: 46rem; }
small, .soft { color: var(--soft); font-size: .87rem; }
a { color: inherit; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .75rem;
  margin-top: 1.25rem; }
.card, .plot, .place { background: var(--card); border: 1px solid var(--rule); border-radius: .6rem; }
.card { padding: .7rem .9rem; }
.card b { display: block; font-size: 1.45rem; line-height: 1.3; font-weight: 600; white-space: nowrap; }
.key { display: inline-block; width: 1.4rem; height: 0; border-top: 3px solid; vertical-align: middle;
  margin: 0 .3rem 0 .9rem; }
.key.output { border-color: var(--output); margin-left: 0; }
.key.input { border-color: var(--input); }
.key.cut { border-top: 2px dashed var(--cut); }
.plot { margin: .75rem 0; padding: .6rem .9rem 1.9rem; }
.plot figcaption { display: flex; flex-wrap: wrap; gap: 0 .5rem; align-items: baseline;
  margin-bottom: .9rem; }
.plot output { margin-left: auto; font-size: .87rem; min-height: 1.3em; }
.field { position: relative; height: 8.5rem; margin-left: 3.6rem; touch-action: pan-y; outline-offset: 4px;
  }
.field svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
.field path { fill: none; stroke-width: 1.5px; stroke-linejoin: round; stroke-linecap: round;
  vector-effect: non-scaling-stroke; }
path.output { stroke: var(--output); }
path.input { stroke: var(--input); }
.field line { vector-effect: non-scaling-stroke; }
.grid { stroke: var(--rule); }
.cut { stroke: var(--cut); stroke-dasharray: 3 3; }
.band { fill: var(--band); }
.field span { position: absolute; font-size: .75rem; color: var(--soft); line-height: 1; }
.field .y { right: calc(100% + .5rem); transform: translateY(-50%); }
.field .x { top: calc(100% + .5rem); transform: translateX(-50%); white-space: nowrap; }
.cursor { display: none; position: absolute; top: 0; bottom: 0; width: 0;
  border-left: 1px solid var(--ink); pointer-events: none; }
.mark { position: absolute; top: -1rem; transform: translateX(-50%); min-width: 1.15rem; padding: 0 .25rem;
  border-radius: .6rem;
  background: var(--output); color: var(--card); font-size: .7rem; line-height: 1.15rem;
  text-align: center; text-decoration: none; font-weight: 600; }
.place { padding: .9rem; margin: .75rem 0; scroll-margin-top: 1rem; }
.place:target { border-color: var(--output); }
.pictures { display: grid; grid-template-columns: repeat(3, 1fr); gap: .6rem; }
.pictures figure { margin: 0; }
.pictures img { display: block; width: 100%; height: auto; border-radius: .3rem; }
.pictures figcaption { font-size: .8rem; color: var(--soft); }
.wide { overflow-x: auto; background: var(--card); border: 1px solid var(--rule); border-radius: .6rem;
  padding: .3rem .9rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: right; padding: .32rem 0 .32rem 1.1rem; border-top: 1px solid var(--rule);
  vertical-align: baseline; white-space: nowrap; }
thead th { border-top: 0; color: var(--soft); font-weight: 500; font-size: .87rem; }
th:first-child, td:first-child { text-align: left; padding-left: 0; font-weight: 400; }
table.words td { white-space: normal; overflow-wrap: anywhere; text-align: left; }
table.words th { text-align: left; }
ul { margin: .4rem 0; padding-left: 1.2rem; }
button { font: inherit; font-size: .87rem; padding: .3rem .7rem; border: 1px solid var(--rule);
  border-radius: .4rem; background: none; color: inherit; cursor: pointer; }
dt { font-weight: 600; margin-top: .6rem; }
dd { margin: 0; max-width: 46rem; }
@media (max-width: 44rem) {
  body { padding: 1.25rem .8rem 3rem; }
  .pictures { grid-template-columns: 1fr 1fr; }
  .pictures .difference, .pictures .aside { grid-column: 1 / -1; }
  .field { margin-left: 3.1rem; height: 7rem; }
  .field .odd { display: none; }
  .plot output { margin-left: 0; width: 100%; }
  .cards { grid-template-columns: 1fr 1fr; }
  .card { padding: .6rem .7rem; }
  .card b { font-size: 1.2rem; }
}
@media print { .mark, button { display: none; } .plot, .place { break-inside: avoid; } }
"""

# Beside the above, on a page of many films: pipeline/jobs/batch/page.py.
OF_FILMS = """
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .3rem .7rem; }
a:focus-visible, .wide:focus-visible { outline: 2px solid var(--output); outline-offset: 2px; }
.film { background: var(--card); border: 1px solid var(--rule); border-radius: .6rem; padding: .9rem;
  margin: .9rem 0; scroll-margin-top: 1rem; }
.film:target { border-color: var(--output); }
.film h3 { overflow-wrap: anywhere; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .6rem; }
.pair figure { margin: 0; }
.pair img { display: block; width: 100%; height: auto; border-radius: .3rem; }
.pair figcaption { font-size: .8rem; color: var(--soft); }
.figures { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; margin: .7rem 0 0; }
.figures div { display: flex; gap: .4rem; }
.figures dt { font-weight: 400; color: var(--soft); margin: 0; }
.figures dd { margin: 0; }
caption { text-align: left; color: var(--soft); font-size: .87rem; padding-bottom: .3rem; }
.all thead th { white-space: normal; vertical-align: bottom; }
td.words, th.words { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 9rem; }
@media (max-width: 30rem) { .pair { grid-template-columns: 1fr; } }
"""

# Without it everything stands there but the readout and the alternating pictures.
SCRIPT = """
"use strict";
addEventListener("error", event => { document.documentElement.dataset.error = event.message; });
const data = JSON.parse(document.getElementById("data").textContent);
const times = data.time_s, span = (times.at(-1) - times[0]) || 1;
const plots = [...document.querySelectorAll(".plot")];
let shown = 0;

const figure = value => value === null ? "\\u2013" : String(Number(value.toPrecision(3)));
function clock(seconds) {
  const hundredths = Math.round(seconds * 100), minutes = Math.floor(hundredths / 6000);
  const rest = ((hundredths - minutes * 6000) / 100).toFixed(2).padStart(5, "0");
  const hours = Math.floor(minutes / 60);
  return (hours ? hours + ":" + String(minutes % 60).padStart(2, "0") : minutes) + ":" + rest;
}
function nearest(time) {
  let low = 0, high = times.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < time) low = middle + 1; else high = middle;
  }
  return low && time - times[low - 1] < times[low] - time ? low - 1 : low;
}
function show(index) {
  shown = Math.max(0, Math.min(times.length - 1, index));
  for (const plot of plots) {
    const cursor = plot.querySelector(".cursor"), name = plot.dataset.name;
    cursor.style.display = "block";
    cursor.style.left = (times[shown] - times[0]) / span * 100 + "%";
    plot.querySelector("output").textContent = clock(times[shown]) + ", output " +
      figure(data[name][shown]) + ", input " + figure(data["input_" + name][shown]);
  }
}
for (const plot of plots) {
  const field = plot.querySelector(".field");
  field.tabIndex = 0;
  const point = event => {
    const box = field.getBoundingClientRect();
    show(nearest(times[0] + (event.clientX - box.left) / box.width * span));
  };
  field.addEventListener("pointermove", point);
  field.addEventListener("pointerdown", point);
  field.addEventListener("keydown", event => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -25, PageDown: 25 }[event.key];
    if (step) { event.preventDefault(); show(shown + step); }
  });
}
for (const place of document.querySelectorAll(".place")) {
  const button = place.querySelector("button"), [first, second] = place.querySelectorAll("img.output");
  const still = first.src;
  let timer = 0;
  button.hidden = false;
  button.addEventListener("click", () => {
    clearInterval(timer);
    timer = timer ? 0 : setInterval(() => { first.src = first.src === still ? second.src : still; }, 400);
    button.textContent = timer ? "Stop" : button.dataset.label;
    if (!timer) first.src = still;
  });
}
document.documentElement.dataset.plots = plots.length;
"""
