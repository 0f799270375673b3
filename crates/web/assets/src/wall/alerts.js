// The stage of the city over everything, and the official warnings that hold: what, who says it, until when.
import { icon } from "../map/parts.js";
import { less } from "./room.js";
import { clock, eachOf, moment, number, part } from "./words.js";

const { dataset } = document.body;
const STAGES = 5;

export function showStage(element, stage) {
  const level = stage?.number;
  element.hidden = !(level >= 2 && level <= STAGES);
  element.className = `wall-stage${element.hidden ? "" : ` stage-band s${level}`}`;
  if (element.hidden) return element.replaceChildren();
  const bars = part("span", "stage", ...Array.from({ length: STAGES }, (_, index) => part("i", index < level ? "on" : "")));
  bars.setAttribute("aria-hidden", "true");
  const word = less() < 3 ? part("span", "", stage.word) : null;
  const since = less() < 2 ? part("span", "since", dataset.tSince.replace("{at}", clock(stage.since))) : null;
  element.replaceChildren(...[bars, part("b", "", stage.title), word, since].filter(Boolean));
}

export function showAlerts(element, alerts = []) {
  // The gravest first, as they come.
  const rows = eachOf(alerts, row);
  const most = less() >= 2 ? 1 : 2;
  const left = rows.length - most;
  if (left > 0) rows[most - 1].querySelector(".about").append(` · ${dataset.tMore.replace("{n}", number(left))}`);
  element.replaceChildren(...rows.slice(0, most));
}

function row(alert) {
  const { level, headline, severity, sender, until, over, stale, language } = alert;
  if (typeof headline !== "string") throw new Error("a warning without words");
  const title = part("b", "", headline);
  if (language) title.lang = language;
  const ends = Number.isFinite(until) ? dataset.tExpires.replace("{at}", moment(until)) : dataset.tNoExpiry;
  const about = part("span", "about", [severity, ends, sender, stale ? dataset.tStaleSource : ""].filter(Boolean).join(" · "));
  const sign = icon(document.body, over ? "circle-check" : "triangle-alert");
  return part("section", `wall-alert a${level}`, sign, part("div", "grow", title, about));
}
