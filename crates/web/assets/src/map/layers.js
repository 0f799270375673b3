// Buttons that show and hide reports and live values. They also say which mark is which.
import { icon } from "./parts.js";

const LAYERS = [
  { name: "reports", sign: "inbox" },
  { name: "live", sign: "waves" },
];

/** Puts the buttons on a map that has both kinds of marks; `changed` is called after each press. */
export function showLayers(element, changed) {
  const bar = document.createElement("div");
  bar.className = "map-layers";
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", element.dataset.tLayers ?? "");
  for (const { name, sign } of LAYERS) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn";
    const text = document.createElement("span");
    text.textContent = element.dataset[`tLayer${name[0].toUpperCase()}${name.slice(1)}`] ?? name;
    const press = (on) => {
      button.setAttribute("aria-pressed", String(on));
      button.replaceChildren(icon(element, on ? sign : "eye-off"), text);
      element.classList.toggle(`map-without-${name}`, !on);
    };
    button.addEventListener("click", () => {
      press(button.getAttribute("aria-pressed") !== "true");
      changed();
    });
    press(true);
    bar.append(button);
  }
  element.append(bar);
}
