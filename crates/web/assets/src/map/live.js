// Live entities as marks with their values. The server sends those that changed; what it does not send again is asked
// for once a minute, because ages grow by themselves.
import { Marker } from "maplibre-gl";
import { placeBeside } from "./beside.js";
import { icon } from "./parts.js";

const AGAIN_AFTER = 5_000;
const AGES = 60_000;
/** Marks with their value beside them; more of them would cover each other. */
const MOST_VALUES = 60;

/** Returns what to call when other marks have changed; `drawn` is called when these have. */
export function showLive(element, map, drawn) {
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
      fill(element, old.value.getElement(), properties);
      old.value.setLngLat(geometry.coordinates);
      old.stem.setLngLat(geometry.coordinates);
      return;
    }
    const mark = document.createElement("a");
    mark.className = "map-mark live";
    fill(element, mark, properties);
    // A mark of its own, below the reports: it may pass behind a count, never over it.
    const stem = document.createElement("span");
    stem.className = "map-stem";
    const on = (part) => new Marker({ element: part, anchor: "center" }).setLngLat(geometry.coordinates).addTo(map);
    shown.set(id, { value: on(mark), stem: on(stem) });
  };

  const place = () => {
    element.classList.toggle("map-crowded", shown.size > MOST_VALUES);
    placeBeside(element, map, shown.values());
    drawn();
  };

  const update = async () => {
    running?.abort();
    const mine = (running = new AbortController());
    address.searchParams.set("bbox", bbox());
    try {
      const answer = await fetch(address, { signal: mine.signal, headers: { accept: "application/geo+json" } });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      const features = (await answer.json()).features ?? [];
      const wanted = new Set(features.map((feature) => feature.id));
      for (const [id, { value, stem }] of shown) {
        if (wanted.has(id)) continue;
        value.remove();
        stem.remove();
        shown.delete(id);
      }
      features.forEach(put);
      place();
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
      place();
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
  map.on("moveend", () => {
    place();
    moved();
  });
  setInterval(update, AGES);
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => event.persisted && moved());
  moved();
  return place;
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
