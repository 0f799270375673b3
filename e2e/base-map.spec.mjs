// A node with a file of vector tiles: the map draws from it by ranges of the node's own route, and asks nobody else.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "./city.mjs";
import { Node } from "./node.mjs";
import { settled } from "./pages.mjs";
import { CREDIT, city } from "./tiles.mjs";

/** Of the PMTiles project itself; not in this repository. */
const RECORDED = process.env.PENDOPO_DATA && join(process.env.PENDOPO_DATA, "geo/pmtiles/test_fixture_1.pmtiles");

test("a map of our own tiles is drawn from ranges of one file, with its credit", async ({ browser }) => {
  const folder = mkdtempSync(join(tmpdir(), "pendopo-tiles-"));
  const file = join(folder, "city.pmtiles");
  writeFileSync(file, city());
  try {
    const { credit, colours } = await draw(browser, file);
    expect(credit).toContain(CREDIT);
    expect(colours, "sea, land and streets").toBeGreaterThanOrEqual(3);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a recorded file is read by ranges, even when it has none of the layers", async ({ browser }) => {
  test.skip(!RECORDED || !existsSync(RECORDED), "skipped: 1 test, PENDOPO_DATA has no geo/pmtiles/test_fixture_1.pmtiles");
  const { credit } = await draw(browser, RECORDED);
  // It names nobody, so the usual credit stands.
  expect(credit).toContain("OpenStreetMap");
});

/** Serves `file`, opens the map, and says what was seen of it. */
async function draw(browser, file) {
  test.slow();
  const node = await Node.start({ args: ["--pmtiles", file] });
  const page = await (await browser.newContext({ baseURL: node.cityUrl })).newPage();
  try {
    const [asked, wrong, pieces] = [[], [], []];
    page.on("request", (request) => asked.push(new URL(request.url())));
    page.on("pageerror", (error) => wrong.push(error.message));
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && wrong.push(message.text()));
    page.on("response", (response) => response.url().endsWith("/map/base.pmtiles") && pieces.push(response));
    await page.goto("/peta");
    await settled(page);
    await expect(page.locator(".map.map-ready")).toBeVisible();
    await expect.poll(() => pieces.length, "the file is asked for").toBeGreaterThan(0);
    for (const piece of pieces) {
      expect(piece.status()).toBe(206);
      expect(piece.request().headers().range).toMatch(/^bytes=\d+-\d+$/);
    }
    const hosts = new Set(asked.filter((url) => url.protocol.startsWith("http")).map((url) => url.host));
    expect([...hosts], "nobody else is asked").toEqual([new URL(node.cityUrl).host]);
    // WebGL on the processor says what it thinks of its own speed; that is no fault of the page.
    expect(wrong.filter((text) => !/GPU stall|GL Driver|swiftshader/i.test(text))).toEqual([]);
    await page.waitForTimeout(1_000);
    const colours = await coloursOf(page);
    const credit = await page.locator(".map-credit").innerText();
    if (process.env.PENDOPO_LOOK) await page.screenshot({ path: `screenshots/tiles-${file.split("/").pop()}.png` });
    return { credit, colours };
  } finally {
    await page.context().close();
    await node.stop();
  }
}

/** How many colours cover more than a hundredth of a percent of the map, as it stands on the screen. */
async function coloursOf(page) {
  const shot = await page.locator(".map canvas").first().screenshot();
  return page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0);
    const { data } = context.getImageData(0, 0, picture.width, picture.height);
    const counts = new Map();
    for (let i = 0; i < data.length; i += 4) {
      const colour = (data[i] << 16) | (data[i + 1] << 8) | data[i + 2];
      counts.set(colour, (counts.get(colour) ?? 0) + 1);
    }
    return [...counts.values()].filter((count) => count > data.length / 4 / 10_000).length;
  }, shot.toString("base64"));
}
