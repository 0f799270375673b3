// Where official warnings hold: a tint and a broken line over the ground, below every mark. The list beside the map says
// the same in words.
const LEVELS = [1, 2, 3, 4];

export const alertSources = { alerts: { type: "geojson", data: { type: "FeatureCollection", features: [] } } };

/** Two layers, to stand above the ground and the areas. */
export function alertLayers(element) {
  const paints = paintsOf(element);
  return [
    { id: "alert-fill", type: "fill", source: "alerts", paint: paints["alert-fill"] },
    { id: "alert-line", type: "line", source: "alerts", layout: { "line-join": "round" }, paint: paints["alert-line"] },
  ];
}

/** Asks for the outlines and draws them; what was drawn stays when they cannot be had. */
export async function drawAlerts(map, address) {
  try {
    const answer = await fetch(address, { headers: { accept: "application/geo+json, application/json" } });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    map.getSource("alerts")?.setData(await answer.json());
  } catch (error) {
    console.warn("warnings not drawn:", error.message);
  }
}

export function recolourAlerts(element, map) {
  for (const [layer, paint] of Object.entries(paintsOf(element))) {
    if (!map.getLayer(layer)) continue;
    for (const [property, value] of Object.entries(paint)) map.setPaintProperty(layer, property, value);
  }
}

function paintsOf(element) {
  const style = getComputedStyle(element);
  const token = (name) => style.getPropertyValue(`--${name}`).trim();
  const byLevel = (suffix) => ["match", ["get", "level"], ...LEVELS.flatMap((level) => [level, token(`p${level}${suffix}`)]), token("edge")];
  return {
    "alert-fill": { "fill-color": byLevel(""), "fill-opacity": 0.12 },
    "alert-line": { "line-color": byLevel("-ink"), "line-width": 3, "line-dasharray": [2, 1.5] },
  };
}
