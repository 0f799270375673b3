// Zoom buttons and the credit. Ours and not the library's: they follow the theme and the language of
// the page, and the credit can never be folded away.
import { icon } from "./parts.js";

export function showCredit(element, credits) {
  const text = [...new Set(credits.filter(Boolean))].join(" · ");
  const credit = element.querySelector(".map-credit") ?? element.appendChild(document.createElement("p"));
  credit.className = "map-credit";
  credit.textContent = text;
  credit.hidden = !text;
}

export function showControls(element, map) {
  const bar = document.createElement("div");
  bar.className = "map-zoom";
  const add = (name, label, act) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn";
    button.setAttribute("aria-label", label ?? name);
    button.append(icon(element, name));
    button.addEventListener("click", act);
    bar.append(button);
    return button;
  };
  const nearer = add("plus", element.dataset.tZoomIn, () => map.zoomIn());
  const farther = add("minus", element.dataset.tZoomOut, () => map.zoomOut());
  const update = () => {
    nearer.setAttribute("aria-disabled", String(map.getZoom() >= map.getMaxZoom()));
    farther.setAttribute("aria-disabled", String(map.getZoom() <= map.getMinZoom()));
  };
  map.on("zoomend", update);
  update();
  element.append(bar);
}
