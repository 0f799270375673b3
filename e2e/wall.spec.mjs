// The wall of a control room: everything readable from the farthest seat, alive without a hand, and never in the way.

import { AxeBuilder } from "@axe-core/playwright";

import { cityPort, expect, test } from "./city.mjs";
import { Node } from "./node.mjs";
import { evening, leave, openWall, show, wallLink } from "./wall.mjs";

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

for (const theme of ["dark", "bright"]) {
  test(`a normal and an abnormal evening on a ${theme} wall fit, are large enough, and have no barrier`, async ({ as }) => {
    test.slow();
    const link = await wallLink(await as("ti"), { theme });
    for (const state of ["normal", "abnormal"]) {
      const page = await as(undefined, screen());
      if (state === "abnormal") await show(page, (real, middle) => evening(real.at, middle));
      if (state === "normal") await show(page, (real) => ({ ...real, alarms: [], incidents: [], shelved: 0 }));
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
    await show(page, (real, middle) => evening(real.at, middle));
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
    };
  });
  await openWall(page, link);
  await expect(page.locator(".wall-gauge h3")).toHaveText(/Utuh/);
  await expect(page.locator(".wall-mark")).toHaveCount(3);
  await expect(page.locator(".wall-silent")).toBeVisible();
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
