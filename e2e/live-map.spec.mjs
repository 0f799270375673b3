// Live values on the map: to be read on a phone too, where reports and values crowd.

import { expect, test } from "./city.mjs";
import { settled } from "./pages.mjs";

/** How many marks there are, and the labels of those that something else lies over. */
async function marks(page, selector) {
  return page.locator(selector).evaluateAll((all) => {
    const covered = all.filter((mark) => {
      const box = mark.getBoundingClientRect();
      const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
      return !mark.contains(top);
    });
    return { count: all.length, covered: covered.map((mark) => mark.getAttribute("aria-label")) };
  });
}

const ROOMS = [
  { room: "the public map", path: "/peta" },
  { room: "the map of the desk", path: "/meja", who: "operator", wide: true },
];

for (const { room, path, who, wide } of ROOMS) {
  // A phone shows no empty desk.
  for (const width of wide ? [1920] : [390, 1920]) {
    test(`nothing lies over a live value on ${room} at ${width} pixels, and either layer can be hidden`, async ({ as }) => {
      const page = await as(who, { viewport: { width, height: 844 } });
      await page.goto(path);
      await settled(page);
      const [live, reports] = [".map-mark.live", ".map-mark:not(.live)"];
      await expect(page.locator(live).first()).toBeVisible();
      await expect(page.locator(reports).first()).toBeVisible();
      await page.locator(".map-layers").scrollIntoViewIfNeeded();
      const found = await marks(page, live);
      expect(found.count).toBeGreaterThan(3);
      expect(found.covered).toEqual([]);
      for (const [index, [hidden, shown]] of [[reports, live], [live, reports]].entries()) {
        const button = page.locator(".map-layers button").nth(index);
        await button.click();
        await expect(button).toHaveAttribute("aria-pressed", "false");
        await expect(page.locator(hidden).first()).toBeHidden();
        await expect(page.locator(shown).first()).toBeVisible();
        await button.click();
        await expect(button).toHaveAttribute("aria-pressed", "true");
        await expect(page.locator(hidden).first()).toBeVisible();
      }
    });
  }
}
