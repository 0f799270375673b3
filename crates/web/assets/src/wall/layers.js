// What the map of the wall shows: a button for each layer, and its number on the keyboard. This screen remembers it.
// Alarms always stand there.
import { icon } from "../map/parts.js";
import { part } from "./words.js";

const { dataset } = document.body;
const KEPT = "pendopo-wall-layers";
const LAYERS = [
  { name: "alerts", sign: "triangle-alert" },
  { name: "incidents", sign: "siren" },
  { name: "points", sign: "waves" },
  { name: "reports", sign: "inbox" },
  { name: "names", sign: "map-pin" },
];
/** The pointer is seen for so long after it moved. */
const POINTER = 5_000;

const hidden = new Set(kept());

/** Whether a layer is shown. */
export const isShown = (name) => !hidden.has(name);

/** Puts the buttons into `bar`; `changed` is called after each press. */
export function showLayers(bar, changed) {
  const buttons = LAYERS.map(({ name, sign }, index) => {
    const button = part("button", "");
    button.type = "button";
    const text = part("span", "", dataset[`tLayer${name[0].toUpperCase()}${name.slice(1)}`]);
    button.setAttribute("aria-label", text.textContent);
    button.setAttribute("aria-keyshortcuts", String(index + 1));
    const paint = () => {
      button.setAttribute("aria-pressed", String(isShown(name)));
      button.replaceChildren(icon(bar, isShown(name) ? sign : "eye-off"), text);
    };
    button.addEventListener("click", () => {
      if (!hidden.delete(name)) hidden.add(name);
      keep();
      paint();
      changed();
    });
    paint();
    return button;
  });
  bar.replaceChildren(...buttons);
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    buttons[Number(event.key) - 1]?.click();
  });
  let timer = 0;
  addEventListener("pointermove", () => {
    document.body.classList.add("has-pointer");
    clearTimeout(timer);
    timer = setTimeout(() => document.body.classList.remove("has-pointer"), POINTER);
  });
}

/** A screen that may keep nothing shows everything. */
function kept() {
  try {
    const names = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(names) ? names.filter((name) => LAYERS.some((layer) => layer.name === name)) : [];
  } catch {
    return [];
  }
}

function keep() {
  try {
    localStorage.setItem(KEPT, JSON.stringify([...hidden]));
  } catch {
    // Then it is forgotten with the next start.
  }
}
