// A picture of every page, on a phone and on a large screen, light and dark, in screenshots/. They are for eyes: nothing
// compares them. What a program can see is checked: no page is wider than its screen.

import { expect, test } from "./city.mjs";
import { PAGES, settled } from "./pages.mjs";

const SIZES = [
  { width: 390, height: 844 },
  { width: 1366, height: 768 },
  { width: 1920, height: 1080 },
];

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
