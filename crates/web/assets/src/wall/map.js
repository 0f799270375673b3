// The map of the wall: ground, heaps of data points, public reports, alarms and incidents.
//
// Data points come gathered in squares that are as large as a mark, so a city of fifty thousand sends a few hundred. They
// are drawn in one layer with pictures that are made once; only alarms and incidents are elements of the page.
import { Map as GlMap, Marker, setWorkerUrl } from "maplibre-gl";
import { alertLayers, alertSources, drawAlerts } from "../map/alerts.js";
import { baseLayers, baseSources, openTiles, readColours } from "../map/base.js";
import { showCredit } from "../map/controls.js";
import { showLabels } from "../map/labels.js";
import { isShown } from "./layers.js";
import { shapeOf } from "./list.js";
import { less } from "./room.js";
import { eachOf, number, part } from "./words.js";

setWorkerUrl(new URL("map-worker.js", import.meta.url).href);

const { dataset } = document.body;
const EMPTY = { type: "FeatureCollection", features: [] };
/** Widths of a mark, in text heights. */
const MARK = 1.6;
/** With more points than these the names of places leave the map. */
const MOST_NAMED = 100;
/** Alarms and incidents that stand on the map. */
const MOST_MARKS = 60;

export async function showMap(element) {
  if (!document.createElement("canvas").getContext("webgl2")) throw new Error("no WebGL 2");
  const set = element.dataset;
  const [base, areas] = await Promise.all([load(set.base), load(set.places)]);
  const tiles = set.pmtiles ? await openTiles(set.pmtiles) : null;
  const frame = set.bbox.split(",").map(Number);
  const canvas = part("div", "map-canvas");
  element.prepend(canvas);
  const map = new GlMap({
    container: canvas,
    style: {
      version: 8,
      sources: { ...baseSources(tiles, base, areas), ...alertSources, points: { type: "geojson", data: EMPTY } },
      layers: [...baseLayers(set, tiles, base, readColours(element), areas.approximate), ...alertLayers(element), pointLayer()],
    },
    bounds: frame,
    fitBoundsOptions: { padding: 8 },
    interactive: false,
    attributionControl: false,
    fadeDuration: 0,
    renderWorldCopies: false,
  });
  showCredit(element, [tiles ? (tiles.credit ?? set.tilesCredit) : base.attribution, areas.attribution, set.credit]);
  const points = { at: [] };
  const labels = less() >= 4 ? () => {} : showLabels(map, areas, textPx() * 0.85, () => points.at.map((at) => around(map, at)));
  await Promise.all([new Promise((drawn) => map.once("load", drawn)), document.fonts.ready]);
  const shown = new Map();
  const follow = followAlerts(map, set.alerts);
  return {
    onmove: (act) => map.on("moveend", act),
    asks: () => asks(map),
    show: (picture) => {
      follow(picture.alerts ?? []);
      element.classList.toggle("is-nameless", !isShown("names"));
      points.at = showPoints(map, picture);
      showMarks(map, shown, picture);
      showCapped(picture);
      labels();
    },
  };
}

/** A source that cannot be had leaves the rest of the map standing. */
async function load(address) {
  try {
    const answer = await fetch(address, { headers: { accept: "application/geo+json, application/json" } });
    return answer.ok ? await answer.json() : EMPTY;
  } catch {
    return EMPTY;
  }
}

const textPx = () => Number(dataset.u);

function asks(map) {
  const bounds = map.getBounds();
  const box = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
  const columns = Math.max(4, Math.floor(map.getContainer().clientWidth / (textPx() * MARK * 1.2)));
  return { bbox: box.map((degrees) => degrees.toFixed(5)).join(","), columns };
}

function pointLayer() {
  return {
    id: "points",
    type: "symbol",
    source: "points",
    layout: { "icon-image": ["get", "image"], "icon-allow-overlap": true, "symbol-sort-key": ["get", "count"] },
  };
}

/** `[lon, lat]` on the earth, or an error that leaves out this one thing. */
function onEarth(at) {
  const [lon, lat] = at ?? [];
  if (!(Math.abs(lon) <= 180 && Math.abs(lat) <= 90)) throw new Error("a place that is nowhere");
  return [lon, lat];
}

/** Outlines are large: they are asked for only when other warnings hold than before. */
function followAlerts(map, address) {
  let drawn = "";
  return (alerts) => {
    for (const layer of ["alert-fill", "alert-line"]) map.setLayoutProperty(layer, "visibility", isShown("alerts") ? "visible" : "none");
    const wanted = alerts.map((alert) => alert?.id).join("|");
    if (wanted === drawn) return;
    drawn = wanted;
    drawAlerts(map, address);
  };
}

function showPoints(map, { heaps, reports }) {
  const point = (at, image, count) => {
    const coordinates = onEarth(at);
    if (!map.hasImage(image)) draw(map, image);
    return { type: "Feature", properties: { image, count }, geometry: { type: "Point", coordinates } };
  };
  const features = [
    ...eachOf(isShown("points") ? heaps : [], ({ at, count, stale }) => point(at, `${stale === count ? "stale" : "fresh"}:${count}`, count)),
    ...eachOf(isShown("reports") ? reports : [], ({ at, count }) => point(at, `report:${count}`, count)),
  ];
  // Names that stand among so many marks are read by nobody.
  map.getContainer().classList.toggle("is-crowded", features.length > MOST_NAMED);
  map.getSource("points").setData({ type: "FeatureCollection", features });
  return features.slice(0, MOST_NAMED).map((feature) => feature.geometry.coordinates);
}

/** The box of a point on the map: left, top, right, bottom. */
function around(map, at) {
  const { x, y } = map.project(at);
  const half = (textPx() * MARK) / 2;
  return [x - half, y - half, x + half, y + half];
}

/** Makes a picture of the layer before it is first wanted: its kind and its count. */
function draw(map, id) {
  const [kind, text] = id.split(":");
  const count = Number(text);
  if (!["fresh", "stale", "report"].includes(kind) || !(count > 0)) return;
  const style = getComputedStyle(document.body);
  const token = (name) => style.getPropertyValue(`--${name}`).trim();
  const ratio = devicePixelRatio || 1;
  const dot = kind === "report" && count === 1;
  const digits = Math.ceil(textPx() * 0.81);
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  const font = `700 ${digits}px ${style.fontFamily}`;
  pen.font = font;
  const label = count > 1 ? new Intl.NumberFormat(document.documentElement.lang, { notation: count > 9999 ? "compact" : "standard" }).format(count) : "";
  // Each digit has its room: the mark is as wide as its number.
  const size = dot ? textPx() * 0.8 : Math.max(textPx() * MARK, pen.measureText(label).width + digits);
  canvas.width = canvas.height = Math.ceil(size * ratio);
  pen.scale(ratio, ratio);
  const [middle, edge] = [size / 2, 3];
  pen.lineWidth = edge;
  if (dot) {
    pen.fillStyle = token("ink");
    circle(pen, middle, middle - 2);
    pen.fill();
  } else if (kind === "stale") {
    pen.strokeStyle = token("stale");
    pen.fillStyle = token("sunken");
    pen.fillRect(edge, edge, size - 2 * edge, size - 2 * edge);
    hatch(pen, size, token("stale"), label !== "");
    pen.setLineDash([6, 5]);
    pen.strokeRect(edge, edge, size - 2 * edge, size - 2 * edge);
  } else {
    pen.fillStyle = token("surface");
    pen.strokeStyle = token(kind === "report" ? "ink" : "edge");
    circle(pen, middle, middle - edge);
    pen.fill();
    pen.stroke();
    if (!label) waves(pen, size, token("ink-2"));
  }
  if (label) {
    pen.font = font;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillStyle = token("ink");
    pen.fillText(label, middle, middle + 1);
  }
  const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
  map.addImage(id, { width: canvas.width, height: canvas.height, data: new Uint8Array(data.buffer) }, { pixelRatio: ratio });
}

function circle(pen, middle, radius) {
  pen.beginPath();
  pen.arc(middle, middle, radius, 0, 2 * Math.PI);
}

function hatch(pen, size, colour, faint) {
  pen.save();
  pen.globalAlpha = faint ? 0.35 : 1;
  pen.strokeStyle = colour;
  pen.beginPath();
  pen.rect(3, 3, size - 6, size - 6);
  pen.clip();
  pen.beginPath();
  for (let x = -size; x < size; x += 8) {
    pen.moveTo(x, size);
    pen.lineTo(x + size, 0);
  }
  pen.stroke();
  pen.restore();
}

function waves(pen, size, colour) {
  pen.strokeStyle = colour;
  for (const y of [0.42, 0.6]) {
    pen.beginPath();
    pen.moveTo(size * 0.28, size * y);
    pen.bezierCurveTo(size * 0.4, size * (y - 0.14), size * 0.56, size * (y + 0.14), size * 0.72, size * y);
    pen.stroke();
  }
}

function showMarks(map, shown, { alarms = [], incidents = [] }) {
  const told = new Map(eachOf(isShown("incidents") ? incidents : [], (one) => [one.number, { kind: "incident", key: one.number, label: "", ...one }]));
  const marked = eachOf(alarms, (one) => {
    const incident = told.get(one.incident);
    const isThere = incident?.at && one.at && incident.at.join() === one.at.join() && incident.priority <= one.priority;
    // Of one matter at one place one mark stands, with the value.
    if (isThere && one.state !== "shelved") incident.label ||= one.value;
    else return { kind: "alarm", key: `a${one.id}`, label: one.value, ...one };
  });
  marked.unshift(...told.values());
  const placed = marked.filter((one) => one.at && one.state !== "shelved").sort((a, b) => b.priority - a.priority);
  const wanted = new Map();
  for (const one of placed.slice(-MOST_MARKS)) wanted.set(one.key, one);
  for (const [key, { marker }] of shown) {
    if (wanted.has(key)) continue;
    marker.remove();
    shown.delete(key);
  }
  eachOf([...wanted.values()], (one) => mark(map, shown, one));
}

function mark(map, shown, one) {
  const at = onEarth(one.at);
  const face = [one.priority, one.state, one.label].join("|");
  const old = shown.get(one.key);
  if (old?.face === face) {
    old.marker.setLngLat(at);
    return;
  }
  old?.marker.remove();
  const element = part("div", `map-mark wall-mark w${one.priority}`, shapeOf(one), one.label ? part("span", "tag", one.label) : null);
  const marker = new Marker({ element, anchor: "center" }).setLngLat(at).addTo(map);
  shown.set(one.key, { marker, face });
}

/** A map that does not show everything says so. */
function showCapped({ inside = 0, shown = 0, heaps = [] }) {
  const note = document.querySelector("[data-capped]");
  const pattern = shown < inside ? dataset.tShown : heaps.length < inside ? dataset.tHeaps : "";
  note.hidden = !pattern;
  note.textContent = pattern.replace("{shown}", number(shown < inside ? shown : heaps.length)).replace("{total}", number(inside));
}
