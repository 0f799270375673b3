// The ground of the map: sea, land, coast, the areas of the city; or tiles that a city brings along.
// Two greys and the sea, no more: colour on a map means that somebody should look there.

import { addProtocol } from "maplibre-gl";

const TOKENS = ["sea", "land", "road", "edge", "sunken"];
/** Kinds of land of the Protomaps basemap that are open and green. */
const GREEN = ["park", "forest", "wood", "grass", "grassland", "cemetery", "nature_reserve", "national_park", "golf_course", "garden", "pitch"];

export function readColours(element) {
  const style = getComputedStyle(element);
  return Object.fromEntries(TOKENS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

/** The tiles of `address`, or null: without them the map still has its areas and reports. */
export async function openTiles(address) {
  // Read only by cities with tiles of their own; a file apart keeps it from all others. The address
  // is put together here so that the bundler leaves the import alone.
  const helper = new URL("map-tiles.js", import.meta.url).href;
  try {
    const { openTiles: open } = await import(helper);
    return await open(new URL(address, location.href).href, addProtocol);
  } catch (error) {
    console.warn("tiles not read:", error.message);
    return null;
  }
}

export function baseSources(tiles, base, areas) {
  const sources = { areas: { type: "geojson", data: areas } };
  if (tiles) sources.tiles = { type: "vector", url: tiles.url };
  // No thinning by the drawer: the server has done it, and the pieces must keep meeting exactly.
  else sources.base = { type: "geojson", data: base, tolerance: 0 };
  return sources;
}

export function baseLayers(set, tiles, base, colours, approximate) {
  const paints = paintsFor(tiles, base, colours);
  const layer = (id, rest) => ({ id, paint: paints[id], ...rest });
  const round = { "line-join": "round", "line-cap": "round" };
  const tile = (id, name, rest) => (tiles.layers.includes(name) ? [layer(id, { source: "tiles", "source-layer": name, ...rest })] : []);
  const ground = tiles
    ? [
        ...tile("tile-land", "earth", { type: "fill", filter: ["==", ["geometry-type"], "Polygon"] }),
        ...tile("tile-parks", "landuse", { type: "fill", filter: ["in", ["get", "kind"], ["literal", GREEN]] }),
        ...tile("tile-water", "water", { type: "fill", filter: ["==", ["geometry-type"], "Polygon"] }),
        ...tile("tile-streams", "water", { type: "line", filter: ["==", ["geometry-type"], "LineString"], minzoom: 12, layout: round }),
        ...tile("tile-buildings", "buildings", { type: "fill", minzoom: 14 }),
        ...tile("tile-roads", "roads", { type: "line", filter: ["!", ["in", ["get", "kind"], ["literal", ["rail", "ferry", "path"]]]], layout: round }),
      ]
    : [
        layer("land", { type: "fill", source: "base", filter: ["==", ["get", "kind"], "land"] }),
        layer("coast", { type: "line", source: "base", filter: ["==", ["get", "kind"], "coast"], layout: round }),
      ];
  // Areas that follow the coast draw it better than a world-wide coastline: they cover it. Tiles are finer than both.
  const areas = set.areasLand === undefined || approximate || tiles
    ? []
    : [layer("area-coast", { type: "line", source: "areas", layout: round }), layer("area-land", { type: "fill", source: "areas" })];
  return [
    layer("ground", { type: "background" }),
    ...ground,
    ...areas,
    layer("areas", { type: "line", source: "areas", layout: round }),
  ];
}

function paintsFor(tiles, base, colours) {
  // Without any base the map is plain land, not an endless sea.
  const nothing = tiles ? !tiles.layers.includes("earth") : !base.bbox && !base.features?.length;
  const coast = { "line-color": colours.edge, "line-opacity": 0.55, "line-width": 1.5 };
  const large = ["match", ["get", "kind"], ["highway", "major_road"]];
  return {
    ground: { "background-color": nothing ? colours.land : colours.sea },
    land: { "fill-color": colours.land },
    coast,
    "area-coast": { ...coast, "line-width": 3 },
    "area-land": { "fill-color": colours.land },
    // Streets are drawn in the same grey, so above them the borders are broken lines.
    areas: { "line-color": tiles ? colours.edge : colours.road, "line-width": tiles ? 1 : 1.4, ...(tiles ? { "line-dasharray": [3, 3], "line-opacity": 0.5 } : {}) },
    "tile-land": { "fill-color": colours.land },
    "tile-parks": { "fill-color": colours.sunken, "fill-opacity": 0.5 },
    "tile-water": { "fill-color": colours.sea },
    "tile-streams": { "line-color": colours.sea, "line-width": 1.5 },
    "tile-buildings": { "fill-color": colours.sunken },
    "tile-roads": {
      "line-color": colours.road,
      "line-width": ["interpolate", ["exponential", 1.6], ["zoom"], 8, [...large, 0.8, 0], 12, [...large, 2, 0.6], 17, [...large, 14, 7]],
    },
  };
}

export function recolour(map, tiles, base, colours) {
  for (const [layer, paint] of Object.entries(paintsFor(tiles, base, colours))) {
    if (!map.getLayer(layer)) continue;
    for (const [property, value] of Object.entries(paint)) map.setPaintProperty(layer, property, value);
  }
}
