// Names of areas, in the font of the page. A name appears where its area is wide enough for it and no
// other name and no mark stands in the way, a little above or below if need be; larger areas go first.
import { Marker } from "maplibre-gl";

const MOST = 40;
/** Where a name may go below its place, in sizes of its text. */
const SHIFTS = [0, 1.76, -1.76, 2.72, -2.72];

/** Returns what to call when the marks have changed. `textPx` is the size of the text; `drawn` gives boxes of marks that are
 * no elements. */
export function showLabels(map, areas, textPx = 12.5, drawn = () => []) {
  const names = areas.features
    .filter((feature) => feature.properties?.name)
    .map(placed)
    .filter(Boolean)
    .sort((a, b) => b.width - a.width);
  if (names.length === 0) return () => {};
  const shown = new Map();
  const update = () => {
    const size = map.getContainer().getBoundingClientRect();
    const marks = [...map.getContainer().parentElement.parentElement.querySelectorAll(".map-mark, .map-pin, .map-zoom, .map-layers, .map-credit, .wall-layers, .wall-capped:not([hidden])")].map((mark) => {
      const { left, top, right, bottom } = mark.getBoundingClientRect();
      return [left - size.left, top - size.top, right - size.left, bottom - size.top];
    });
    const taken = [...marks, ...drawn()];
    const wanted = new Map();
    const told = new Set();
    for (const name of names) {
      if (wanted.size >= MOST) break;
      // An area and a place may share a name; once is enough.
      if (told.has(name.text)) continue;
      const at = map.project(name.position);
      const half = name.text.length * 0.288 * textPx + 6;
      const [west, east] = name.span.map((lon) => map.project([lon, name.position[1]]).x);
      if (east - west <= half * 1.3) continue;
      for (const step of SHIFTS) {
        const shift = Math.round(step * textPx);
        const box = [at.x - half, at.y + shift - 0.8 * textPx, at.x + half, at.y + shift + 0.8 * textPx];
        const inside = box[0] > 0 && box[1] > 0 && box[2] < size.width && box[3] < size.height;
        const free = taken.every((other) => box[2] < other[0] || box[0] > other[2] || box[3] < other[1] || box[1] > other[3]);
        if (!inside || !free) continue;
        taken.push(box);
        told.add(name.text);
        wanted.set(name, shift);
        break;
      }
    }
    for (const [name, marker] of shown) {
      if (wanted.has(name)) continue;
      marker.remove();
      shown.delete(name);
    }
    for (const [name, shift] of wanted) {
      if (shown.has(name)) {
        shown.get(name).setOffset([0, shift]);
        continue;
      }
      const element = document.createElement("span");
      element.className = "map-label";
      element.setAttribute("aria-hidden", "true"); // the list beside the map has them
      element.textContent = name.text;
      shown.set(name, new Marker({ element, offset: [0, shift] }).setLngLat(name.position).addTo(map));
    }
  };
  map.on("moveend", update);
  update();
  return update;
}

/** Where a name goes: `properties.label` = [lon, lat] if the city says so, else inside the area. */
function placed(feature) {
  const text = feature.properties.name;
  const { type, coordinates } = feature.geometry ?? {};
  if (type === "Point") {
    const width = Number(feature.properties.width ?? 0.02);
    return { text, position: coordinates, width, span: [coordinates[0] - width / 2, coordinates[0] + width / 2] };
  }
  const outer = type === "Polygon" ? [coordinates[0]] : type === "MultiPolygon" ? coordinates.map((part) => part[0]) : [];
  const rings = outer.map((ring) => ({ ring, area: Math.abs(doubledArea(ring)) })).sort((a, b) => b.area - a.area);
  if (rings.length === 0) return null;
  const ring = rings[0].ring;
  const lons = ring.map((position) => position[0]);
  const span = [Math.min(...lons), Math.max(...lons)];
  return { text, position: feature.properties.label ?? middle(ring), width: span[1] - span[0], span };
}

function doubledArea(ring) {
  let sum = 0;
  for (let i = 1; i < ring.length; i += 1) {
    sum += (ring[i - 1][0] - ring[0][0]) * (ring[i][1] - ring[0][1]) - (ring[i][0] - ring[0][0]) * (ring[i - 1][1] - ring[0][1]);
  }
  return sum;
}

/** The middle of the widest stretch of the area at a few heights: inside it, even when it bends. */
function middle(ring) {
  const lats = ring.map((position) => position[1]);
  const [low, high] = [Math.min(...lats), Math.max(...lats)];
  let best = { width: -1, position: ring[0] };
  for (const share of [0.5, 0.4, 0.6, 0.3, 0.7]) {
    const lat = low + (high - low) * share;
    const crossings = [];
    for (let i = 1; i < ring.length; i += 1) {
      const [a, b] = [ring[i - 1], ring[i]];
      if (a[1] > lat !== b[1] > lat) crossings.push(a[0] + ((b[0] - a[0]) * (lat - a[1])) / (b[1] - a[1]));
    }
    crossings.sort((a, b) => a - b);
    for (let i = 1; i < crossings.length; i += 2) {
      const width = crossings[i] - crossings[i - 1];
      if (width > best.width * 1.15) best = { width, position: [(crossings[i] + crossings[i - 1]) / 2, lat] };
    }
  }
  return best.position;
}
