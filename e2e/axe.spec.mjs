// Accessibility of every page: WCAG 2.2 level A and AA, as far as a program can see it.

import { AxeBuilder } from "@axe-core/playwright";
import { expect, test } from "./city.mjs";
import { PAGES, settled } from "./pages.mjs";

const TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];

for (const language of ["id", "en"]) {
  for (const { name, who, open } of PAGES) {
    // The words differ between the languages, the colours do not: dark is looked at once.
    const schemes = language === "id" ? ["light", "dark"] : ["light"];
    test(`${name} in ${language} has no barrier that axe finds, ${schemes.join(" or ")}`, async ({ as }) => {
      test.slow();
      for (const colorScheme of schemes) {
        const page = await as(who, { colorScheme, locale: language });
        await open(page, as);
        await settled(page);
        await expect(page.locator("html")).toHaveAttribute("lang", language);
        const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
        expect(violations.flatMap(told), `${name}, ${language}, ${colorScheme}`).toEqual([]);
        await page.context().close();
      }
    });
  }
}

/** A violation as short lines: the rule, the element, what is wrong with it. */
function told({ id, nodes }) {
  // Marks of a map lie where the reports are, under its buttons and over its edge too; the list beside the map is the
  // equivalent that WCAG 2.2 §2.5.8 asks for.
  const counted = nodes.filter((node) => id !== "target-size" || !node.html.includes("map-mark"));
  return counted.map((node) => `${id}: ${node.target.join(" ")}: ${node.failureSummary.split("\n").slice(1).join(";").trim()}`);
}
