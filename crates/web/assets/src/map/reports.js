// Reports and incidents as links on the map. The server gathers them for the box and zoom that are
// shown, so a city with a hundred thousand reports sends a few dozen marks.
import { Marker } from "maplibre-gl";
import { hasShape, priorityShape } from "./parts.js";

/** `drawn` is called when the marks have changed. */
export function showReports(element, map, drawn) {
  const address = new URL(element.dataset.reports, location.href);
  const shown = new Map();
  let running = null;

  const update = async () => {
    running?.abort();
    const mine = (running = new AbortController());
    const bounds = map.getBounds();
    const box = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
    address.searchParams.set("bbox", box.map((degrees) => degrees.toFixed(5)).join(","));
    address.searchParams.set("zoom", String(Math.round(map.getZoom())));
    try {
      const answer = await fetch(address, { signal: mine.signal, headers: { accept: "application/geo+json, application/json" } });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      draw((await answer.json()).features ?? []);
      drawn();
      element.classList.remove("map-stale");
    } catch (error) {
      // What was drawn stays; the list beside the map says how old it is.
      if (error.name !== "AbortError") element.classList.add("map-stale");
    }
  };

  const draw = (features) => {
    // North to south, so that the order of Tab follows the eye.
    const sorted = features
      .filter((feature) => feature.geometry?.type === "Point")
      .sort((a, b) => b.geometry.coordinates[1] - a.geometry.coordinates[1]);
    const wanted = new Map(sorted.map((feature) => [keyOf(feature), feature]));
    for (const [key, marker] of shown) {
      if (wanted.has(key)) continue;
      marker.remove();
      shown.delete(key);
    }
    // A mark that stays keeps its element, and with it the focus.
    for (const [key, feature] of wanted) {
      if (shown.has(key)) continue;
      const { mark, anchor } = markFor(element, feature.properties ?? {});
      shown.set(key, new Marker({ element: mark, anchor }).setLngLat(feature.geometry.coordinates).addTo(map));
    }
  };

  map.on("moveend", update);
  window.addEventListener("pendopo:changed", update);
  update();
}

function keyOf(feature) {
  const { id, count, priority, href } = feature.properties ?? {};
  return [id ?? href, count, priority, ...feature.geometry.coordinates].join("|");
}

function markFor(element, { count = 1, number, title, label, priority, href }) {
  const mark = document.createElement(href ? "a" : "span");
  if (href) mark.href = href;
  const name = label ?? (count > 1 ? (element.dataset.tCount ?? "{count}").replace("{count}", count) : [number, title].filter(Boolean).join(", "));
  mark.setAttribute("aria-label", name);
  mark.title = name;
  mark.className = "map-mark";
  if (!href) mark.setAttribute("role", "img");
  const text = document.documentElement.lang ? new Intl.NumberFormat(document.documentElement.lang, { notation: count > 9999 ? "compact" : "standard" }).format(count) : count;
  // Radius grows with the root of the count: twice the reports look twice as much, not four times.
  const radius = Math.min(32, 11 + 1.75 * Math.sqrt(count));
  if (hasShape(priority)) {
    mark.classList.add("incident");
    mark.append(priorityShape(priority, count > 1 ? text : priority));
    mark.style.setProperty("--size", `${Math.round(count > 1 ? radius * 2.2 : 32)}px`);
  } else if (count > 1) {
    mark.classList.add("cluster");
    mark.textContent = text;
    mark.style.setProperty("--size", `${Math.round(radius * 2)}px`);
  } else {
    mark.classList.add("dot");
  }
  return { mark, anchor: "center" };
}
