// Live entities as marks with their values. The server sends those that changed; what it does not send again is asked
// for once a minute, because ages grow by themselves.
import { Marker } from "maplibre-gl";
import { icon } from "./parts.js";

const AGAIN_AFTER = 5_000;
const AGES = 60_000;
/** Marks with their value beside them; more of them would cover each other. */
const MOST_VALUES = 60;

export function showLive(element, map) {
  const address = new URL(element.dataset.liveMarks, location.href);
  const stream = new URL(element.dataset.liveMarksEvents, location.href);
  const shown = new Map();
  let running = null;
  let source = null;

  const bbox = () => {
    const bounds = map.getBounds();
    return [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()].map((degrees) => degrees.toFixed(5)).join(",");
  };

  const put = (feature) => {
    const { id, properties, geometry } = feature;
    const old = shown.get(id);
    if (old) {
      // A mark that stays keeps its element, and with it the focus.
      fill(element, old.getElement(), properties);
      old.setLngLat(geometry.coordinates);
      return;
    }
    const mark = document.createElement("a");
    mark.className = "map-mark live";
    fill(element, mark, properties);
    shown.set(id, new Marker({ element: mark, anchor: "center" }).setLngLat(geometry.coordinates).addTo(map));
  };

  const crowd = () => element.classList.toggle("map-crowded", shown.size > MOST_VALUES);

  const update = async () => {
    running?.abort();
    const mine = (running = new AbortController());
    address.searchParams.set("bbox", bbox());
    try {
      const answer = await fetch(address, { signal: mine.signal, headers: { accept: "application/geo+json" } });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      const features = (await answer.json()).features ?? [];
      const wanted = new Set(features.map((feature) => feature.id));
      for (const [id, marker] of shown) {
        if (wanted.has(id)) continue;
        marker.remove();
        shown.delete(id);
      }
      features.forEach(put);
      crowd();
    } catch (error) {
      // What was drawn stays; the next answer puts it right.
      if (error.name !== "AbortError") console.warn("live marks:", error.message);
    }
  };

  const open = () => {
    source?.close();
    stream.searchParams.set("bbox", bbox());
    const mine = (source = new EventSource(stream));
    mine.addEventListener("changed", (event) => {
      const { features } = JSON.parse(event.data);
      if (!features) {
        update();
        return;
      }
      features.forEach(put);
      crowd();
    });
    mine.onerror = () => {
      mine.close();
      setTimeout(() => mine === source && moved(), AGAIN_AFTER);
    };
  };

  // What happened before the stream stands is in the answer that is asked for after it.
  const moved = () => {
    open();
    update();
  };
  map.on("moveend", moved);
  setInterval(update, AGES);
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => event.persisted && moved());
  moved();
}

function fill(element, mark, { value, label, stale, icon: name, href }) {
  mark.href = href;
  mark.setAttribute("aria-label", label);
  mark.title = label;
  mark.classList.toggle("stale", stale);
  if (mark.dataset.icon !== name) {
    mark.dataset.icon = name;
    mark.replaceChildren(icon(element, name || "waves"));
    const text = document.createElement("span");
    text.setAttribute("aria-hidden", "true");
    mark.append(text);
  }
  mark.lastElementChild.textContent = value;
}
