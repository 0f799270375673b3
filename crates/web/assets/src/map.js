// Draws every `.map[data-map]` of a page. A map is an extra: the list beside it (or the select of
// places) says the same, so a browser that cannot draw hides the map and loses nothing.
//
// Markup and attributes: see README.md one folder up.
import { Map as GlMap, Marker, setWorkerUrl } from "maplibre-gl";
import { alertLayers, alertSources, drawAlerts, recolourAlerts } from "./map/alerts.js";
import { baseLayers, baseSources, openTiles, readColours, recolour } from "./map/base.js";
import { showControls, showCredit } from "./map/controls.js";
import { showLayers } from "./map/layers.js";
import { showLive } from "./map/live.js";
import { showLabels } from "./map/labels.js";
import { showReports } from "./map/reports.js";
import { pinShape } from "./map/parts.js";
import { pickPlace } from "./map/pick.js";

setWorkerUrl(new URL("map-worker.js", import.meta.url).href);

const EMPTY = { type: "FeatureCollection", features: [] };

for (const element of document.querySelectorAll(".map[data-map]")) {
  whenSeen(element, () => start(element).catch((error) => failed(element, error)));
}

/** A map in a part that this screen does not show is drawn when it does. */
function whenSeen(element, act) {
  if (element.offsetWidth > 0) return act();
  const waiting = new ResizeObserver(() => {
    if (element.offsetWidth === 0) return;
    waiting.disconnect();
    act();
  });
  waiting.observe(element);
}

async function start(element) {
  if (!document.createElement("canvas").getContext("webgl2")) {
    throw new Error("no WebGL 2");
  }
  const set = element.dataset;
  const [base, areas] = await Promise.all([load(set.base), load(set.places)]);
  const frame = numbers(set.bbox);
  // Nothing is known beyond the box of the base, so the map does not go there.
  const edge = base.bbox ?? null;
  const still = set.still !== undefined;
  const tiles = set.pmtiles ? await openTiles(set.pmtiles) : null;

  const canvas = document.createElement("div");
  canvas.className = "map-canvas";
  element.prepend(canvas);

  const map = new GlMap({
    container: canvas,
    style: {
      version: 8,
      sources: { ...baseSources(tiles, base, areas), ...(set.alerts ? alertSources : {}) },
      layers: [...baseLayers(set, tiles, base, readColours(element), areas.approximate), ...(set.alerts ? alertLayers(element) : [])],
    },
    ...(set.zoom && set.lat && set.lon
      ? { center: [Number(set.lon), Number(set.lat)], zoom: Number(set.zoom) }
      : { bounds: frame ?? edge ?? [95, -11, 141, 6], fitBoundsOptions: { padding: 16 } }),
    ...(edge ? { maxBounds: edge } : {}),
    maxZoom: 17,
    interactive: !still,
    cooperativeGestures: set.gestures === "cooperative",
    attributionControl: false, // ours is always open, in our font
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    rollEnabled: false,
    renderWorldCopies: false,
    fadeDuration: 0,
    locale: {
      "Map.Title": element.getAttribute("aria-label") ?? "",
      "CooperativeGesturesHandler.WindowsHelpText": set.tCtrl ?? "",
      "CooperativeGesturesHandler.MacHelpText": set.tCtrl ?? "",
      "CooperativeGesturesHandler.MobileHelpText": set.tFingers ?? "",
    },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  element.classList.add("map-ready");
  map.getCanvas().addEventListener("webglcontextlost", () => element.classList.add("map-waiting"));
  map.getCanvas().addEventListener("webglcontextrestored", () => element.classList.remove("map-waiting"));

  showCredit(element, [tiles ? (tiles.credit ?? set.tilesCredit) : base.attribution, areas.attribution, set.credit]);
  if (!still) showControls(element, map);
  if (set.map === "view" && set.zoom && set.lat && set.lon) showPlace(map, [Number(set.lon), Number(set.lat)]);
  const placeLabels = showLabels(map, areas);
  if (set.map === "pick") pickPlace(element, map);
  // Values stand where reports leave room, and names where both do.
  const placeLive = set.liveMarks ? showLive(element, map, placeLabels) : placeLabels;
  if (set.reports) showReports(element, map, placeLive);
  if (set.reports && set.liveMarks && !still) showLayers(element, placeLive);
  if (set.alerts) followAlerts(map, set.alerts);
  followTheme(element, map, tiles, base);
}

/** Where warnings hold, now and when something changed. */
function followAlerts(map, address) {
  const update = () => drawAlerts(map, address);
  map.once("load", update);
  window.addEventListener("pendopo:changed", update);
}

/** The place that the page is about, among its neighbours. */
function showPlace(map, position) {
  const element = document.createElement("span");
  element.className = "map-pin map-here";
  element.append(pinShape());
  new Marker({ element, anchor: "bottom" }).setLngLat(position).addTo(map);
}

/** A source that cannot be had leaves the rest of the map standing. */
async function load(address) {
  if (!address) return EMPTY;
  try {
    const answer = await fetch(address, { headers: { accept: "application/geo+json, application/json" } });
    return answer.ok ? await answer.json() : EMPTY;
  } catch {
    return EMPTY;
  }
}

function numbers(text) {
  const values = text?.split(",").map(Number);
  return values?.length === 4 && values.every(Number.isFinite) ? values : null;
}

/** The colours live in the style sheet; the canvas has to be told when they change. */
function followTheme(element, map, tiles, base) {
  const again = () => {
    recolour(map, tiles, base, readColours(element));
    recolourAlerts(element, map);
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  new MutationObserver(again).observe(document.documentElement, {
    attributes: true,
    attributeFilter: ["data-theme"],
  });
}

function failed(element, error) {
  console.warn("map not drawn:", error.message);
  element.classList.add("map-failed");
  element.hidden = true;
  // A list that is folded away beside a map is opened when it has to stand for it.
  for (const folded of document.querySelectorAll("details[data-without-map]")) folded.open = true;
}
