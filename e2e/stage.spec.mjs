// The stage of the city over the pages of residents and of the mayor. In another demo city than the other tests use, for a
// stage is everybody's.

import { AxeBuilder } from "@axe-core/playwright";

import { expect, signIn, test } from "./city.mjs";

/** The second demo city, where all is as it should be. */
const calm = () => `http://127.0.0.1:${Number(process.env.PENDOPO_PORT) + 2}`;

async function setStage(desk, number) {
  await desk.goto("/meja/peringatan");
  await desk.locator("#tahap").selectOption(String(number));
  await desk.locator("#tahap + button").click();
  await expect(desk.locator(`.stage-line.s${number}`)).toBeVisible();
}

test("each stage stands over the pages of residents and of the mayor, and an ordinary day has no band", async ({ browser }) => {
  test.slow();
  const open = async (login, options = {}) => {
    const page = await (await browser.newContext({ baseURL: calm(), ...options })).newPage();
    if (login) await signIn(page, login);
    return page;
  };
  const [desk, mayor] = [await open("operator"), await open("walikota", { viewport: { width: 390, height: 844 } })];
  const resident = await open();
  try {
    await resident.goto("/");
    await expect(resident.locator("h1")).toBeVisible();
    await expect(resident.locator(".stage-band")).toHaveCount(0);
    for (const number of [2, 3, 4, 5]) {
      await setStage(desk, number);
      for (const [page, path] of [[resident, "/"], [mayor, "/walikota"]]) {
        for (const colorScheme of ["light", "dark"]) {
          await page.emulateMedia({ colorScheme });
          await page.goto(path);
          const band = page.locator(".stage-band");
          await expect(band).toContainText(`Tahap ${number}`);
          await expect(band.locator("i.on")).toHaveCount(number);
          const { violations } = await new AxeBuilder({ page }).include(".stage-band").withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]).analyze();
          expect(violations.map(({ id }) => id)).toEqual([]);
        }
      }
      for (const width of [390, 1920]) {
        for (const colorScheme of ["light", "dark"]) {
          await resident.setViewportSize({ width, height: 400 });
          await resident.emulateMedia({ colorScheme });
          await resident.reload();
          await resident.screenshot({ path: `screenshots/home-stage-${number}-${width}-${colorScheme}.png` });
          expect(await resident.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        }
      }
    }
    await resident.locator(".stage-band a").click();
    await expect(resident.locator(".stage-line.s5")).toBeVisible();
  } finally {
    await setStage(desk, 1);
    for (const page of [desk, mayor, resident]) await page.context().close();
  }
});
