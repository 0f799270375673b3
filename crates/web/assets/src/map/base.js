// The ground of the map: sea, land, coast, the areas of the city; or tiles that a city brings along.
// Two greys and the sea, no more: colour on a map means that somebody should look there.

import { addProtocol } from "maplibre-gl";

const TOKENS = ["sea", "land", "road", "edge", "sunken"];

export function readColours(element) {
  const style = getComputedStyle(element);
  return Object.fromEntries(TOKENS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

export async function baseSources(set, base, areas) {
  const sources = { areas: { type: "geojson", data: areas } };
  if (set.pmtiles) {
    // Read only by cities with tiles of their own; a file apart keeps it from all others. The address
    // is put together here so that the bundler leaves the import alone.
    const helper = new URL("map-tiles.js", import.meta.url).href;
    const { useTiles } = await import(helper);
    useTiles(addProtocol);
    sources.tiles = { type: "vector", url: `pmtiles://${new URL(set.pmtiles, location.href).href}` };
  } else {
    // No thinning by the drawer: the server has done it, and the pieces must keep meeting exactly.
    sources.base = { type: "geojson", data: base, tolerance: 0 };
  }
  return sources;
}

export function baseLayers(set, base, colours, approximate) {
  const paints = paintsFor(set, base, colours);
  const layer = (id, rest) => ({ id, paint: paints[id], ...rest });
  const round = { "line-join": "round", "line-cap": "round" };
  const ground = set.pmtiles
    ? [
        layer("tile-land", { type: "fill", source: "tiles", "source-layer": "earth" }),
        layer("tile-water", { type: "fill", source: "tiles", "source-layer": "water", filter: ["==", ["geometry-type"], "Polygon"] }),
        layer("tile-roads", { type: "line", source: "tiles", "source-layer": "roads", layout: round }),
      ]
    : [
        layer("land", { type: "fill", source: "base", filter: ["==", ["get", "kind"], "land"] }),
        layer("coast", { type: "line", source: "base", filter: ["==", ["get", "kind"], "coast"], layout: round }),
      ];
  // Areas that follow the coast draw it better than a world-wide coastline: they cover it.
  const areas = set.areasLand === undefined || approximate
    ? []
    : [layer("area-coast", { type: "line", source: "areas", layout: round }), layer("area-land", { type: "fill", source: "areas" })];
  return [
    layer("ground", { type: "background" }),
    ...ground,
    ...areas,
    layer("areas", { type: "line", source: "areas", layout: round }),
  ];
}

function paintsFor(set, base, colours) {
  // Without any base the map is plain land, not an endless sea.
  const nothing = !set.pmtiles && !base.bbox && !base.features?.length;
  const coast = { "line-color": colours.edge, "line-opacity": 0.55, "line-width": 1.5 };
  return {
    ground: { "background-color": nothing ? colours.land : colours.sea },
    land: { "fill-color": colours.land },
    coast,
    "area-coast": { ...coast, "line-width": 3 },
    "area-land": { "fill-color": colours.land },
    areas: { "line-color": colours.road, "line-width": 1.4 },
    "tile-land": { "fill-color": colours.land },
    "tile-water": { "fill-color": colours.sea },
    "tile-roads": {
      "line-color": colours.road,
      "line-width": [
        "interpolate", ["exponential", 1.6], ["zoom"],
        10, ["match", ["get", "kind"], ["highway", "major_road"], 1, 0],
        17, ["match", ["get", "kind"], ["highway", "major_road"], 12, 6],
      ],
    },
  };
}

export function recolour(map, set, base, colours) {
  for (const [layer, paint] of Object.entries(paintsFor(set, base, colours))) {
    if (!map.getLayer(layer)) continue;
    for (const [property, value] of Object.entries(paint)) map.setPaintProperty(layer, property, value);
  }
}
