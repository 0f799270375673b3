// Times of the city in the words of the page.
const { dataset } = document.body;
let offset = 0; // the city's clock is ahead of ours by so much

export function setCityNow(at) {
  if (Number.isFinite(at)) offset = at - Date.now();
}

export const cityNow = () => Date.now() + offset;

const time = new Intl.DateTimeFormat(document.documentElement.lang || undefined, { timeZone: dataset.tz, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const numbers = new Intl.NumberFormat(document.documentElement.lang || undefined, { maximumFractionDigits: 1 });

const days = new Intl.DateTimeFormat(document.documentElement.lang || undefined, { timeZone: dataset.tz, day: "numeric", month: "short" });

export const clock = (at) => time.format(at);
export const number = (value) => numbers.format(value);

/** The time, with the day when it is another one. */
export const moment = (at) => (days.format(at) === days.format(cityNow()) ? clock(at) : `${days.format(at)}, ${clock(at)}`);

/** How long ago, or until: the largest unit, rounded down. */
export function age(at) {
  return span(Math.abs(cityNow() - at));
}

export function span(ms) {
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return dataset.tSeconds.replace("{n}", seconds);
  if (seconds < 3_600) return dataset.tMinutes.replace("{n}", Math.floor(seconds / 60));
  if (seconds < 172_800) return dataset.tHours.replace("{n}", Math.floor(seconds / 3_600));
  return dataset.tDays.replace("{n}", Math.floor(seconds / 86_400));
}

/** Fills `{age}` of a pattern. */
export const words = (pattern, filled) => (pattern ?? "{age}").replace("{age}", filled);

/** An element that says its age and goes on saying it. */
export function aged(at, pattern = "{age}") {
  const element = document.createElement("span");
  element.dataset.age = at;
  element.dataset.words = pattern;
  element.textContent = words(pattern, age(at));
  return element;
}

/** An element with classes and children; texts are texts. */
export function part(name, className, ...children) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** Draws each of `items`; one that cannot be drawn is left out. */
export function eachOf(items, draw) {
  const drawn = [];
  for (const [index, item] of (items ?? []).entries()) {
    try {
      drawn.push(draw(item, index));
    } catch (error) {
      console.warn("left out:", error.message);
    }
  }
  return drawn.filter(Boolean);
}
