// The wall of a control room: everything readable from the farthest seat, alive without a hand, and never in the way.

import { AxeBuilder } from "@axe-core/playwright";

import { cityPort, expect, test } from "./city.mjs";
import { Node } from "./node.mjs";
import { coloured, evening, leave, openWall, outline, show, wallLink, warning } from "./wall.mjs";

const SCREEN = { viewport: { width: 1920, height: 1080 } };
/** By its port: answers are fetched outside the browser, where names below `.localhost` may not resolve. */
const screen = () => ({ ...SCREEN, baseURL: cityPort() });

/** Sizes of all text that is drawn, in pixels, with the smallest text of each. */
async function smallest(page) {
  return page.evaluate(() => {
    const sizes = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      const element = node.parentElement;
      if (!node.data.trim() || element.closest("script, noscript, .visually-hidden, [hidden], svg") || !element.checkVisibility()) continue;
      sizes.push([parseFloat(getComputedStyle(element).fontSize), node.data.trim()]);
    }
    for (const digit of document.querySelectorAll(".wall svg.shape text")) {
      const shape = digit.ownerSVGElement.getBoundingClientRect();
      sizes.push([(12 / 24) * shape.height, `digit ${digit.textContent}`]);
    }
    return sizes.sort((a, b) => a[0] - b[0])[0];
  });
}

const noScroll = (page) =>
  page.evaluate(() => {
    const over = [...document.querySelectorAll("body, .wall-in, main, aside, .wall-list, .wall-foot, .wall-mapbox")]
      .filter((one) => one.scrollHeight > one.clientHeight + 2 || one.scrollWidth > one.clientWidth + 2)
      .map((one) => one.className || one.tagName);
    return { over, page: document.documentElement.scrollHeight - innerHeight };
  });

/** In the middle of the demo city. */
const MIDDLE = [104.46, 0.92];

/** Nothing asks for anybody. */
const calm = (real) => ({ ...real, stage: null, alerts: [], alarms: [], incidents: [], shelved: 0, gauges: real.gauges.map((one) => ({ ...one, passed: null, reach: null, limits: one.limits.map((limit) => ({ ...limit, value: limit.value + 200 })) })) });

for (const theme of ["dark", "bright"]) {
  test(`a normal and an abnormal evening on a ${theme} wall fit, are large enough, and have no barrier`, async ({ as }) => {
    test.slow();
    const link = await wallLink(await as("ti"), { theme });
    for (const state of ["normal", "abnormal"]) {
      const page = await as(undefined, screen());
      if (state === "abnormal") {
        await outline(page, MIDDLE);
        await show(page, (real, middle) => evening(real.at, middle));
      }
      if (state === "normal") await show(page, calm);
      await openWall(page, link);
      await expect(page.locator(state === "normal" ? ".wall-calm" : ".wall-head")).toBeVisible();
      await page.locator(".wall-map canvas").waitFor();
      await page.waitForTimeout(1_500);
      await page.screenshot({ path: `screenshots/wall-${state}-${theme}.png` });
      const u = await page.evaluate(() => parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--u")));
      expect(u).toBe(26);
      const [size, text] = await smallest(page);
      expect(size, `"${text}" is large enough`).toBeGreaterThanOrEqual(0.81 * u - 0.1);
      expect(await noScroll(page)).toEqual({ over: [], page: 0 });
      if (state === "normal") expect(await coloured(page, ".wall-in"), "grey until something is abnormal").toBe(0);
      const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa"]).analyze();
      expect(violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id} ${node.target}`))).toEqual([]);
      await leave(page);
    }
  });
}

test("a wall with larger text shows less, and keeps the clock, the gravest and the ages", async ({ as }) => {
  const keeper = await as("ti");
  for (const [seat, less] of [["6", "0"], ["7", "1"], ["8", "2"], ["9,2", "3"], ["12", "4"]]) {
    const link = await wallLink(keeper, { seat });
    const page = await as(undefined, screen());
    // With so little to do that both gauges keep their room.
    const one = (picture) => ({ ...picture, alerts: [], incidents: [], alarms: picture.alarms.slice(0, 1) });
    await show(page, (real, middle) => one(evening(real.at, middle)));
    await openWall(page, link);
    await expect(page.locator("html")).toHaveAttribute("data-less", less);
    await expect(page.locator(".wall-head h2")).toBeVisible();
    await expect(page.locator(".wall-now")).toBeVisible();
    await expect(page.locator(".wall-gauge")).toHaveCount(Number(less) >= 2 ? 1 : 2);
    await expect(page.locator(".wall-gauge .age").first()).toBeVisible();
    expect((await noScroll(page)).page).toBe(0);
    await leave(page);
  }
});

test("each stage of the city has its number, its bars and a look of its own, and an ordinary day has none", async ({ as }) => {
  const link = await wallLink(await as("ti"));
  const page = await as(undefined, screen());
  let number = 1;
  await show(page, (real) => ({ ...calm(real), stage: number > 1 ? { number, title: `Tahap ${number}`, word: "Waspada", since: real.at } : null }));
  await openWall(page, link);
  const stage = page.locator("[data-stage]");
  await expect(stage).toBeHidden();
  const looks = new Set();
  for (number = 2; number <= 5; number++) {
    await expect(stage).toContainText(`Tahap ${number}`);
    await expect(stage.locator("i.on")).toHaveCount(number);
    await page.screenshot({ path: `screenshots/wall-stage-${number}.png`, clip: { x: 0, y: 0, width: 1920, height: 110 } });
    looks.add(await stage.evaluate((one) => [getComputedStyle(one).backgroundColor, getComputedStyle(one).color, getComputedStyle(one).borderTopWidth].join(" ")));
    const { violations } = await new AxeBuilder({ page }).include("[data-stage]").withTags(["wcag2a", "wcag2aa"]).analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);
  }
  expect(looks.size).toBe(4);
  await leave(page);
});

test("a warning stands on the wall with who says it and until when, and its area on the map", async ({ as }) => {
  const link = await wallLink(await as("ti"));
  const page = await as(undefined, screen());
  await outline(page, MIDDLE);
  await show(page, (real) => ({ ...calm(real), heaps: [], alerts: [warning(real.at), { ...warning(real.at), id: "/peringatan/8", language: "en", until: null }, { ...warning(real.at), id: "/peringatan/9" }] }));
  await openWall(page, link);
  const lines = page.locator(".wall-alert");
  await expect(lines).toHaveCount(2);
  await expect(lines.first()).toContainText(/Banjir rob di pesisir.*Parah · sampai \d\d\.\d\d · BMKG/);
  await expect(lines.nth(1)).toContainText(/tanpa batas waktu · BMKG.* · dan 1 lagi/);
  await expect(lines.nth(1).locator("b")).toHaveAttribute("lang", "en");
  await expect.poll(() => coloured(page, ".wall-mapbox")).toBeGreaterThan(1_000);
  await leave(page);
});

test("layers are put away by pointer and by key, and a screen remembers them", async ({ as }) => {
  const link = await wallLink(await as("ti"));
  const page = await as(undefined, screen());
  await outline(page, MIDDLE);
  await show(page, (real, middle) => ({ ...evening(real.at, middle), alarms: [] }));
  await openWall(page, link);
  const layers = page.locator("[data-layers] button");
  await expect(layers).toHaveCount(5);
  await expect(page.locator(".wall-mark")).toHaveCount(1);
  await layers.nth(1).click();
  await expect(layers.nth(1)).toHaveAttribute("aria-pressed", "false");
  await expect(page.locator(".wall-mark")).toHaveCount(0);
  await expect(page.locator(".wall-head h2")).toContainText("Banjir rob");
  await expect.poll(() => coloured(page, ".wall-mapbox")).toBeGreaterThan(1_000);
  await page.keyboard.press("1");
  await expect(layers.nth(0)).toHaveAttribute("aria-pressed", "false");
  await expect.poll(() => coloured(page, ".wall-mapbox"), "neither area nor incident").toBe(0);
  await page.keyboard.press("5");
  await expect(page.locator(".map-label").first()).toBeHidden();
  await page.reload();
  await expect(layers.nth(0)).toHaveAttribute("aria-pressed", "false");
  await expect(page.locator(".wall-mark")).toHaveCount(0);
  await page.keyboard.press("2");
  await expect(page.locator(".wall-mark")).toHaveCount(1);
  await leave(page);
});

test("a gauge says when it reaches a limit only when the city does", async ({ as }) => {
  const link = await wallLink(await as("ti"));
  const page = await as(undefined, screen());
  await show(page, (real, middle) => ({ ...evening(real.at, middle), alerts: [], alarms: [] }));
  await openWall(page, link);
  await expect(page.locator(".wall-gauge")).toHaveCount(2);
  await expect(page.locator(".wall-gauge .reach")).toHaveCount(1);
  await expect(page.locator(".wall-gauge").nth(1).locator(".reach")).toHaveText(/120 cm sekitar \d\d\.\d\d, bila terus begini/);
  await leave(page);
});

test("one bad place and one bad record harm only themselves", async ({ as }) => {
  const link = await wallLink(await as("ti"));
  const page = await as(undefined, screen());
  const broken = [];
  page.on("pageerror", (error) => broken.push(String(error)));
  await show(page, (real, middle) => {
    const good = evening(real.at, middle);
    const [first] = good.gauges;
    return {
      ...good,
      alarms: [null, { ...good.alarms[0], id: 90, at: [999, 5] }, { id: 91, priority: 7, title: {} }, ...good.alarms],
      incidents: [{ number: "K-99", priority: 2, at: "nowhere" }, ...good.incidents],
      gauges: [{ ...first, name: "Rusak", points: null }, { ...first, name: "Utuh" }],
      heaps: [{ at: [999, 5], count: 1, stale: 0 }, { at: null, count: 2, stale: 0 }, null, ...good.heaps],
      kinds: [null, ...good.kinds],
      alerts: [null, { level: 2 }, ...good.alerts],
      stage: { number: "banyak" },
    };
  });
  await openWall(page, link);
  await expect(page.locator(".wall-gauge h3")).toHaveText(/Utuh/);
  await expect(page.locator(".wall-mark")).toHaveCount(3);
  await expect(page.locator(".wall-head")).toBeVisible();
  expect(broken).toEqual([]);
  await leave(page);
});

test("a wall keeps its last picture when the node goes, says since when, and comes back by itself within five seconds", async ({ browser }) => {
  test.setTimeout(420_000);
  const node = await Node.start();
  try {
    const context = await browser.newContext({ baseURL: node.cityUrl, ...SCREEN });
    const keeper = await context.newPage();
    await keeper.goto("/masuk");
    await keeper.locator("#login").fill("ti");
    await keeper.locator("#password").fill("pendopo-demo-ti");
    await keeper.locator('form[action="/masuk"] button').click();
    const link = await wallLink(keeper);
    const wall = await context.newPage();
    await openWall(wall, link);
    const before = await wall.locator(".wall-head h2").innerText();
    await node.halt();
    await expect(wall.locator("[data-lost]")).toBeVisible({ timeout: 15_000 });
    await expect(wall.locator("[data-lost]")).toContainText(/Data sejak \d\d\.\d\d/);
    expect(await wall.locator(".wall-head h2").innerText()).toBe(before);
    await wall.screenshot({ path: "screenshots/wall-lost.png" });
    await node.resume();
    const back = Date.now();
    await expect(wall.locator("[data-lost]")).toBeHidden({ timeout: 5_000 });
    console.log(`the wall was back ${Date.now() - back} ms after the node answered`);
    await context.close();
  } finally {
    await node.stop();
  }
});

test("a link that is revoked takes its screen away", async ({ as }) => {
  const keeper = await as("ti");
  const link = await wallLink(keeper, { name: "Layar lama" });
  const page = await as(undefined, screen());
  await openWall(page, link);
  await keeper.goto("/kelola/dinding");
  await keeper.locator(".walls li", { hasText: "Layar lama" }).first().locator("button").click();
  await expect(page.locator("body.wall")).toHaveCount(0, { timeout: 15_000 });
});
