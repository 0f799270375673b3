// What stands on a wall in the tests: links made at their page, and answers of the city put together by hand where the
// story needs a state that takes hours to come.

import { expect } from "./city.mjs";

/** Makes a link for a room, as whoever manages walls. */
export async function wallLink(keeper, { name = "Ruang kendali", seat = "6", pitch = "1,89", theme = "dark" } = {}) {
  await keeper.goto("/kelola/dinding");
  await keeper.locator("#name").fill(name);
  await keeper.locator("#seat").fill(seat);
  await keeper.locator("#pitch").fill(pitch);
  await keeper.locator(`input[name=theme][value=${theme}]`).check();
  await keeper.locator(".wall-form button.primary").click();
  const address = await keeper.locator(".wall-address").innerText();
  return new URL(address).pathname;
}

/** Opens the wall and waits for its first picture. */
export async function openWall(page, link) {
  await page.goto(link);
  await expect(page).toHaveURL(/\/wall$/);
  await expect(page.locator("[data-foot] .end")).toBeVisible();
}

const MINUTE = 60_000;

/** An evening with something wrong, around the time of the city. `at` is its place. */
export function evening(now, [lon, lat]) {
  const points = [];
  for (let minute = 60; minute >= 0; minute -= 2) {
    if (minute > 24 && minute < 34) continue;
    points.push([now - minute * MINUTE, Math.round(152 - minute * 0.9 + 3 * Math.sin(minute))]);
  }
  const gauge = {
    name: "Pelantar Unggat", attribute: "Tinggi air", kind: "Tinggi muka air", unit: "cm", value: String(points.at(-1)[1]),
    since: now - 12_000, every: 2 * MINUTE, stale: false, passed: 2, limits: [{ value: 120, above: true, priority: 2 }], points,
  };
  const rising = points.map(([at, value]) => [at, value - 54]);
  const alarm = (id, priority, title, state, more = {}) => ({
    id, priority, title, place: "Tanjung Unggat", value: "", since: now - (20 - id) * MINUTE, by: now + id * MINUTE, state,
    until: null, at: null, incident: null, ...more,
  });
  return {
    at: now,
    stage: { number: 2, title: "Tahap 2", word: "Waspada", since: now - 36 * MINUTE },
    alerts: [warning(now)],
    alarms: [
      alarm(1, 1, "Gardu listrik tergenang", "unacknowledged", { at: [lon + 0.012, lat + 0.008] }),
      alarm(2, 2, "Air rob melewati ambang", "acknowledged", { value: "150 cm", at: [lon, lat], incident: "K-31" }),
      alarm(3, 3, "Pompa tidak mengirim", "returned"),
      alarm(4, 4, "Baterai alat ukur lemah", "shelved", { until: now + 90 * MINUTE }),
    ],
    shelved: 1,
    incidents: [{ number: "K-31", priority: 2, title: "Banjir rob", place: "Tanjung Unggat", state: "Di lokasi", opened: now - 17 * MINUTE, reports: 15, crews: 2, at: [lon - 0.01, lat] }],
    gauges: [gauge, { ...gauge, name: "Sei Jang", value: "96", passed: null, points: rising, reach: { limit: 120, at: now + 25 * MINUTE } }],
    silent: { name: "Rumah Pompa 2", kind: "Pompa", since: now - 14 * MINUTE },
    kinds: [{ name: "Tinggi muka air", total: 6, fresh: 5 }, { name: "Pompa", total: 9, fresh: 8 }],
    inside: 15, shown: 15,
    heaps: [{ at: [lon - 0.02, lat - 0.01], count: 8, stale: 0 }, { at: [lon + 0.03, lat - 0.015], count: 1, stale: 1 }, { at: [lon + 0.02, lat + 0.02], count: 1, stale: 0 }],
    reports: [{ at: [lon - 0.004, lat + 0.006], count: 1 }, { at: [lon + 0.005, lat - 0.006], count: 12 }],
    crews: 2,
  };
}

/** An official warning as a wall is told of it. */
export const warning = (now) => ({
  id: "/peringatan/7", level: 2, severity: "Parah", headline: "Banjir rob di pesisir Tanjungpinang dan Bintan sampai malam", language: null,
  sender: "BMKG Stasiun Meteorologi Tanjungpinang", until: now + 150 * MINUTE, over: false, stale: false,
});

/** Outlines of the warnings that hold: one, around the middle of the city. */
export async function outline(page, [lon, lat], level = 2) {
  const [west, south, east, north] = [lon - 0.05, lat - 0.04, lon + 0.03, lat + 0.03];
  const ring = [[west, south], [east, south], [east, north], [west, north], [west, south]];
  const feature = { type: "Feature", properties: { id: 7, level, label: "Banjir rob", href: "/peringatan/7" }, geometry: { type: "MultiPolygon", coordinates: [[ring]] } };
  await page.route("**/map/alerts.json", (route) => route.fulfill({ json: { type: "FeatureCollection", features: [feature] } }));
}

/** How many pixels of a part of the page are coloured and no grey. */
export async function coloured(page, part) {
  const picture = (await page.locator(part).screenshot()).toString("base64");
  return page.evaluate(async (base64) => {
    const image = new Image();
    image.src = `data:image/png;base64,${base64}`;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height);
    const pen = canvas.getContext("2d");
    pen.drawImage(image, 0, 0);
    const { data } = pen.getImageData(0, 0, image.width, image.height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4) {
      const parts = [data[at], data[at + 1], data[at + 2]];
      if (Math.max(...parts) - Math.min(...parts) > 40) count += 1;
    }
    return count;
  }, picture);
}

/** Ends a page whose answers are put together here: one may be under way. */
export async function leave(page) {
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.context().close();
}

/** Answers every question of the wall with `picture`, made of the real answer and the middle of its map. */
export async function show(page, picture) {
  await page.route("**/wall/data*", async (route) => {
    const answer = await route.fetch();
    if (!answer.ok()) return route.fulfill({ response: answer });
    const real = await answer.json();
    const [west, south, east, north] = (new URL(route.request().url()).searchParams.get("bbox") ?? "104,0,105,1").split(",").map(Number);
    await route.fulfill({ response: answer, json: picture(real, [(west + east) / 2, (south + north) / 2]) });
  });
}
