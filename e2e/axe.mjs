// Accessibility of every page: WCAG 2.2 level A and AA, as far as a program can see it.

import { AxeBuilder } from "@axe-core/playwright";
import { expect, test } from "./city.mjs";
import { PAGES, settled } from "./pages.mjs";

const TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];
/** What depends on the colours. */
const COLOURS = ["color-contrast"];

/** Each page in Bahasa Indonesia, in light, and its colours in dark too. */
export function inIndonesian() {
  everyPage("id", async (page, name) => {
    await noBarrier(page, name, (axe) => axe.withTags(TAGS));
    const light = await ink(page);
    await page.emulateMedia({ colorScheme: "dark" });
    // The colours change a frame or two after the media do.
    await expect.poll(() => ink(page)).not.toBe(light);
    await settled(page);
    await noBarrier(page, `${name}, dark`, (axe) => axe.withRules(COLOURS));
  });
}

/** Each page in English, whose words differ and whose colours do not. A file of its own, so that two run at once. */
export function inEnglish() {
  everyPage("en", (page, name) => noBarrier(page, name, (axe) => axe.withTags(TAGS).disableRules(COLOURS)));
}

function everyPage(language, look) {
  for (const { name, who, open } of PAGES) {
    test(`${name} in ${language} has no barrier that axe finds`, async ({ as }) => {
      test.slow();
      const page = await as(who, { colorScheme: "light", locale: language });
      await open(page, as);
      await settled(page);
      await expect(page.locator("html")).toHaveAttribute("lang", language);
      await look(page, `${name}, ${language}`);
    });
  }
}

/** The colour of the text at the end of the page. */
function ink(page) {
  return page.locator("body *").last().evaluate((element) => getComputedStyle(element).color);
}

async function noBarrier(page, what, rules) {
  const { violations } = await rules(new AxeBuilder({ page })).analyze();
  expect(violations.flatMap(told), what).toEqual([]);
}

/** A violation as short lines: the rule, the element, what is wrong with it. */
function told({ id, nodes }) {
  // Marks of a map lie where the reports are, under its buttons and over its edge too; the list beside the map is the
  // equivalent that WCAG 2.2 §2.5.8 asks for.
  const counted = nodes.filter((node) => id !== "target-size" || !node.html.includes("map-mark"));
  return counted.map((node) => `${id}: ${node.target.join(" ")}: ${node.failureSummary.split("\n").slice(1).join(";").trim()}`);
}
