// Values that rules watch: now, an hour of it, how fast it moves, and the limits.
import { icon, svg } from "../map/parts.js";
import { aged, cityNow, clock, eachOf, number, part } from "./words.js";
import { less } from "./room.js";

const { dataset } = document.body;
const HOUR = 3_600_000;
const [WIDTH, HEIGHT] = [600, 130];
/** So many expected values missing are a gap; gaps stay gaps. */
const GAP = 3;
/** A value is stale after so many missed ones. */
const MISSED = 2;

export function showGauges(element, gauges) {
  const most = less() >= 2 ? 1 : 2;
  element.replaceChildren(...eachOf(gauges.slice(0, most + 1), (one, index) => gauge(one, index > 0)).slice(0, most));
}

function gauge(one, isSmall) {
  const about = part("div", "row between", part("h3", "", [one.attribute || one.kind, one.name].filter(Boolean).join(", ")), aged(one.since, dataset.tAgo));
  about.lastChild.classList.add("age");
  const value = part("div", `gv${one.passed ? ` g${one.passed}` : ""}`, part("b", "", one.value), part("span", "", one.unit), rate(one));
  const section = part("section", "wall-gauge", about, value, trend(one, isSmall), reach(one));
  section.dataset.staleAt = one.since + one.every * MISSED;
  section.classList.toggle("stale", one.stale);
  return section;
}

/** How much it moves in an hour, by the last quarter of one: the slope of the line through it. */
export function perHour(points, now) {
  const late = points.filter(([at]) => now - at <= HOUR / 4);
  if (late.length < 3 || late.at(-1)[0] - late[0][0] < HOUR / 30) return null;
  const mean = (which) => late.reduce((sum, point) => sum + point[which], 0) / late.length;
  const [t, v] = [mean(0), mean(1)];
  const over = late.reduce((sum, point) => sum + (point[0] - t) * (point[1] - v), 0);
  const under = late.reduce((sum, point) => sum + (point[0] - t) ** 2, 0);
  return under > 0 ? (over / under) * HOUR : null;
}

function rate(one) {
  const slope = perHour(one.points, cityNow());
  if (slope === null) return null;
  const arrow = svg("svg", { class: "arrow", viewBox: "0 0 24 24", "aria-hidden": "true" });
  const rounded = Math.abs(slope) >= 10 ? Math.round(slope) : Math.round(slope * 10) / 10;
  const path = rounded > 0 ? "M5 19 19 5M8 5h11v11" : rounded < 0 ? "M5 5l14 14M8 19h11V8" : "M3 12h18M15 6l6 6-6 6";
  arrow.append(svg("path", { d: path }));
  const sign = rounded > 0 ? "+" : rounded < 0 ? "−" : "";
  return part("em", "", arrow, dataset.tHour.replace("{n}", `${sign}${number(Math.abs(rounded))} ${one.unit}`.trim()));
}

/** When it will stand at a limit if it goes on like this; the city says it only when the readings bear it. */
function reach({ reach: ahead, unit }) {
  if (!isAhead(ahead)) return null;
  const limit = [number(ahead.limit), unit].filter(Boolean).join(" ");
  return part("p", "reach", dataset.tReach.replace("{limit}", limit).replace("{at}", clock(ahead.at)));
}

const isAhead = (ahead) => Number.isFinite(ahead?.limit) && ahead.at > cityNow();

function trend(one, isSmall) {
  const now = cityNow();
  const from = now - HOUR;
  // Room for what lies ahead, as long as the line that says it.
  const to = isAhead(one.reach) ? Math.max(one.reach.at, now) : now;
  const values = [...one.points.map((point) => point[1]), ...one.limits.map((limit) => limit.value)];
  if (!values.every(Number.isFinite)) throw new Error("a value that is no number");
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low || 1) * 0.12;
  const x = (at) => ((at - from) / (to - from)) * WIDTH;
  const y = (value) => HEIGHT - ((value - low + room) / (high - low + 2 * room)) * HEIGHT;
  const told = one.points.map((point) => point[1]);
  const drawing = svg("svg", { class: "trend", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
  drawing.setAttribute("aria-label", told.length ? `${clock(from)} ${number(told[0])}, ${clock(now)} ${number(told.at(-1))}` : clock(now));
  const marks = [];
  const value = told.at(-1);
  const named = [];
  for (const limit of one.limits) {
    const at = y(limit.value);
    // Grey until it is passed.
    const isPassed = limit.above ? value >= limit.value : value <= limit.value;
    drawing.append(svg("line", { class: isPassed ? `limit l${limit.priority}` : "limit", x1: 0, x2: WIDTH, y1: at, y2: at }));
    // The gravest comes first; a number that would stand on another is left out.
    if (named.some((other) => Math.abs(other - at) < HEIGHT * (isSmall ? 0.5 : 0.3))) continue;
    named.push(at);
    const label = part("span", "", number(limit.value));
    label.style.setProperty("top", `${(at / HEIGHT) * 100}%`);
    marks.push(label);
  }
  for (const line of stretches(one.points, one.every * GAP)) {
    drawing.append(svg("polyline", { points: line.map(([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(" ") }));
  }
  const last = one.points.at(-1);
  if (to > now && last) {
    drawing.append(svg("line", { class: "ahead", x1: x(last[0]), y1: y(last[1]), x2: x(to), y2: y(one.reach.limit) }));
  }
  const times = part("p", "times", part("span", "", clock(from)), part("span", "", clock(to)));
  return part("div", "wall-trend", part("div", "plot", drawing, part("div", "marks", ...marks)), times);
}

/** Parts of the line without a gap. */
export function stretches(points, gap) {
  const lines = [];
  for (const point of points) {
    const line = lines.at(-1);
    if (line && point[0] - line.at(-1)[0] <= gap) line.push(point);
    else lines.push([point]);
  }
  // A line needs two ends to be seen.
  return lines.map((line) => (line.length === 1 ? [line[0], line[0]] : line));
}

export function showSilent(element, one) {
  if (!one) {
    element.replaceChildren();
    return;
  }
  const words = part("div", "grow", part("h3", "", one.name), part("p", "", dataset.tSilent.replace("{at}", clock(one.since))));
  const inside = part("div", "", icon(element, "unplug"), words, part("b", "", aged(one.since)));
  element.replaceChildren(part("section", "wall-silent stale", inside));
}
