// How a wall bears a city of many data points: makes them over NGSI-LD, opens the wall, and prints what Chromium measured as
// one line of JSON.
//
//   node wall-load.mjs [COUNT] [SECONDS]

import { execFileSync } from "node:child_process";
import { performance } from "node:perf_hooks";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "@playwright/test";

import { launchOptions } from "./chromium.mjs";
import { Node } from "./node.mjs";

const [count = 50_000, seconds = 30] = process.argv.slice(2).map(Number);
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CITY = "tanjungpinang";
/** Entities in one request. */
const BATCH = 1_000;
const TYPE = "https://smartdatamodels.org/dataModel.Environment/WaterObserved";
const LEVEL = "https://smartdatamodels.org/dataModel.Environment/waterLevel";

const node = await Node.start();
try {
  const key = say(["api-key", "add", "wall-load", "--city", CITY, "--data", node.data]);
  const link = say(["wall", "link", "--city", CITY, "--data", node.data]);
  const made = performance.now();
  await fill(key);
  const filled = performance.now() - made;
  const browser = await chromium.launch(launchOptions);
  try {
    console.log(JSON.stringify({ entities: count, fill_s: round(filled / 1_000), ...(await measure(browser, link)) }));
  } finally {
    await browser.close();
  }
} finally {
  await node.stop();
}

/** The last line that a command prints. */
function say(args) {
  const program = resolve(ROOT, process.env.PENDOPO_BINARY ?? "target/debug/pendopo");
  return execFileSync(program, args, { encoding: "utf8" }).trim().split("\n").at(-1).trim();
}

async function fill(key) {
  const [west, south, east, north] = await box();
  const now = new Date().toISOString();
  for (let first = 0; first < count; first += BATCH) {
    const entities = [];
    for (let n = first; n < Math.min(first + BATCH, count); n++) {
      // Spread by two steps that share nothing, so that every batch covers the city.
      const [x, y] = [(n * 0.618034) % 1, (n * 0.754878) % 1];
      const coordinates = [west + (east - west) * x, south + (north - south) * y];
      entities.push({
        id: `urn:ngsi-ld:WaterObserved:load-${n}`,
        type: TYPE,
        [LEVEL]: { type: "Property", value: 40 + (n % 200), observedAt: now },
        location: { type: "GeoProperty", value: { type: "Point", coordinates } },
      });
    }
    const answer = await fetch(`${node.cityUrl}/ngsi-ld/v1/entityOperations/upsert`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
      body: JSON.stringify(entities),
    });
    if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  }
}

/** Of the city's map. */
async function box() {
  const page = await (await fetch(`${node.cityUrl}/peta`)).text();
  return /data-bbox="([^"]+)"/.exec(page)[1].split(",").map(Number);
}

async function measure(browser, link) {
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 }, locale: "id-ID", timezoneId: "Asia/Jakarta" });
  const page = await context.newPage();
  await page.addInitScript(() => {
    window.tasks = [];
    window.frames = [];
    new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map(({ duration, startTime }) => [startTime, duration]))).observe({ type: "longtask", buffered: true });
    let last = 0;
    const tick = (now) => {
      if (last) window.frames.push(now - last);
      last = now;
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  const answers = [];
  page.on("requestfinished", async (request) => {
    if (!request.url().includes("/wall/data")) return;
    const { responseEnd, requestStart } = request.timing();
    const { responseBodySize } = await request.sizes();
    answers.push({ ms: responseEnd - requestStart, bytes: responseBodySize });
  });
  await page.goto(`${node.cityUrl}${link}`);
  await page.locator("[data-capped]:not([hidden])").waitFor({ timeout: 60_000 });
  const shown = await page.evaluate(() => performance.now());
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
  await page.waitForTimeout(2_000);
  await page.evaluate(() => {
    window.frames = [];
    window.settled = performance.now();
  });
  await page.waitForTimeout(seconds * 1_000);
  const { tasks, frames, settled, capped } = await page.evaluate(() => ({
    tasks: window.tasks,
    frames: window.frames,
    settled: window.settled,
    capped: document.querySelector("[data-capped]").textContent,
  }));
  await page.screenshot({ path: `${ROOT}e2e/screenshots/wall-load.png` });
  const longest = (list) => Math.max(0, ...list.map(([, duration]) => duration));
  frames.sort((a, b) => a - b);
  const at = (share) => frames[Math.min(frames.length - 1, Math.floor(frames.length * share))];
  return {
    says: capped,
    first_paint_ms: round(paint),
    first_picture_ms: round(shown),
    longest_task_ms: round(longest(tasks)),
    longest_task_later_ms: round(longest(tasks.filter(([start]) => start > settled))),
    frames: frames.length,
    frame_p50_ms: round(at(0.5)),
    frame_p95_ms: round(at(0.95)),
    frame_p99_ms: round(at(0.99)),
    answers: answers.length,
    answer_ms: round(answers.map(({ ms }) => ms).sort((a, b) => a - b)[Math.floor(answers.length / 2)] ?? NaN),
    answer_bytes: answers.at(-1)?.bytes,
  };
}

function round(value) {
  return Math.round(value * 10) / 10;
}
