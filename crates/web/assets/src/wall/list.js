// What asks for somebody: the gravest large, the others in rows as far as there is room.
import { priorityShape } from "../map/parts.js";
import { aged, cityNow, clock, eachOf, number, part } from "./words.js";

const { dataset } = document.body;

/** What can be told of: how grave, since when, and what. */
function isSound({ priority, since, title }) {
  return [1, 2, 3, 4].includes(priority) && Number.isFinite(since) && typeof title === "string";
}

/** Open alarms and incidents, the gravest first. An alarm that belongs to a shown incident stands behind it. */
function ordered({ alarms = [], incidents = [] }) {
  const known = new Set(incidents.map((incident) => incident?.number));
  const items = [
    ...eachOf(incidents, (incident) => ({ kind: "incident", ...incident, since: incident.opened })),
    ...eachOf(alarms, (alarm) => ({ kind: "alarm", ...alarm })),
  ];
  const rank = (item) => {
    if (item.state === "shelved") return 9;
    return item.priority + (item.kind === "alarm" && known.has(item.incident) ? 0.5 : 0);
  };
  return items.filter(isSound).sort((a, b) => rank(a) - rank(b) || b.since - a.since);
}

export function shapeOf(item) {
  const shape = priorityShape(item.priority, String(item.priority));
  shape.removeAttribute("aria-hidden");
  shape.setAttribute("role", "img");
  shape.setAttribute("aria-label", dataset[`tP${item.priority}`]);
  if (item.priority === 1 && item.kind === "alarm" && item.state === "unacknowledged") shape.classList.add("blinks");
  return shape;
}

const STATES = {
  unacknowledged: dataset.tUnacknowledged,
  acknowledged: dataset.tAcknowledged,
  returned: dataset.tReturned,
};

/** How it stands, in words. */
function standing(item) {
  if (item.kind === "incident") return item.state;
  if (item.state === "shelved") return dataset.tUntil.replace("{at}", clock(item.until));
  return STATES[item.state] ?? "";
}

export function showHead(element, picture) {
  const [first] = ordered(picture);
  if (!first || first.state === "shelved") {
    element.replaceChildren(
      part("section", "wall-calm", part("h2", "", dataset.tCalm), (picture.shelved ?? 0) + (picture.incidents?.length ?? 0) === 0 ? part("p", "", dataset.tCalmNext) : ""),
    );
    return;
  }
  const title = [first.title, first.place].filter(Boolean).join(", ");
  const lines = part("div", "grow", part("h2", "", title), part("p", "", standing(first)));
  const section = part("section", `wall-head w${first.priority}`, part("div", "hd", shapeOf(first), lines), facts(first));
  element.replaceChildren(section);
}

function facts(item) {
  const fact = (name, value) => part("div", "", part("dt", "", name), part("dd", "", value));
  const running = fact(dataset.tRunning, aged(item.since));
  if (item.kind === "incident") {
    return part("dl", "wall-facts", fact(dataset.tReports, number(item.reports)), fact(dataset.tIncidentCrews, number(item.crews)), running);
  }
  return part("dl", "wall-facts", item.value ? fact(STATES[item.state] ?? "", item.value) : null, item.by ? fact(dataset.tToAct, due(item)) : null, running);
}

/** Time that is left to act. */
function due(item) {
  const over = cityNow() > item.by;
  return aged(item.by, over ? dataset.tOver : dataset.tLeft);
}

/** Shows as many rows as there is room for, and returns how many that are; the others are counted. */
export function showList(element, picture) {
  const rest = ordered(picture);
  const skip = rest.length && rest[0].state !== "shelved" ? 1 : 0;
  const rows = eachOf(rest.slice(skip), row);
  element.replaceChildren(...rows);
  const more = part("p", "more");
  // A wall has no scroll bar: what has no room is counted.
  let hidden = 0;
  while (rows.length && element.scrollHeight > element.clientHeight + 1) {
    rows.pop().remove();
    hidden += 1;
    more.textContent = dataset.tMore.replace("{n}", number(hidden));
    element.append(more);
  }
  // The line that counts them may be one too many for the room itself.
  if (element.scrollHeight > element.clientHeight + 1) more.remove();
  return { shown: rows.length, hidden };
}

function row(item) {
  // The place of an alarm is long: its instrument and its area.
  const [first, then] = item.kind === "alarm" ? [[item.title], item.place] : [[item.title, item.place], ""];
  const title = part("b", "", first.filter(Boolean).join(", "));
  const about = part("span", "", [item.value, standing(item), then].filter(Boolean).join(" · "));
  const marks = item.state === "shelved" ? "wall-row is-shelved" : "wall-row";
  return part("div", marks, shapeOf(item), part("span", "grow", title, about), aged(item.since));
}
