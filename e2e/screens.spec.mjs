// A picture of every page, on a phone and on a large screen, light and dark, in screenshots/. They are for eyes: nothing
// compares them. What a program can see is checked: no page is wider than its screen.

import { expect, signIn, test } from "./city.mjs";
import { PAGES, settled } from "./pages.mjs";
import { openWall, wallLink } from "./wall.mjs";

const SIZES = [
  { width: 390, height: 844 },
  { width: 1366, height: 768 },
  { width: 1920, height: 1080 },
];

/** Both at their own port, the wall's link in a cookie of its own. */
const CITIES = [["abnormal", 1], ["calm", 2]];

for (const [state, step] of CITIES) {
  test(`the wall of a ${state} demo city fits a screen of 1920 pixels`, async ({ browser }) => {
    test.slow();
    const context = await browser.newContext({ baseURL: `http://127.0.0.1:${Number(process.env.PENDOPO_PORT) + step}`, viewport: SIZES[2] });
    const keeper = await context.newPage();
    await signIn(keeper, "ti");
    for (const theme of ["dark", "bright"]) {
      const link = await wallLink(keeper, { theme });
      const wall = await context.newPage();
      await openWall(wall, link);
      await wall.locator(".wall-map canvas").waitFor();
      await wall.waitForTimeout(1_500);
      await expect(wall.locator(state === "calm" ? ".wall-calm" : ".wall-head")).toBeVisible();
      await wall.screenshot({ path: `screenshots/wall-demo-${state}-${theme}.png` });
      await wall.close();
    }
    await context.close();
  });
}

for (const viewport of SIZES) {
  for (const { name, who, open } of PAGES) {
    test(`${name} fits a screen of ${viewport.width} pixels`, async ({ as }) => {
      test.slow();
      for (const colorScheme of ["light", "dark"]) {
        const page = await as(who, { colorScheme, viewport });
        await open(page, as);
        await settled(page);
        await page.screenshot({
          path: `screenshots/${name}-${viewport.width}-${colorScheme}.png`,
          fullPage: true,
          animations: "disabled",
        });
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        expect(width, "the page does not scroll sideways").toBeLessThanOrEqual(viewport.width);
        await page.context().close();
      }
    });
  }
}
