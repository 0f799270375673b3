// Warnings of the city: one person writes, another one publishes.

import { cityUrl, expect, signIn } from "./city.mjs";

const TEXTS = {
  "event-id": "Rob",
  "headline-id": "Rob di pesisir, jauhi dermaga sampai 20.10",
  "description-id": "Air laut naik sampai 40 cm di jalan pesisir.\nKendaraan kecil tidak dapat lewat.",
  "instruction-id": "Pindahkan kendaraan ke tempat tinggi.",
  "event-en": "Tidal flood",
  "headline-en": "Tidal flood at the shore, stay away from the jetty until 20:10",
  "description-en": "The sea rises to 40 cm on the shore road.\nSmall vehicles cannot pass.",
  "instruction-en": "Move vehicles to higher ground.",
};

/** Writes a draft and stays on its page. */
export async function write(page) {
  await page.goto("/meja/peringatan/tulis");
  for (const [name, text] of Object.entries(TEXTS)) await page.locator(`[name="${name}"]`).fill(text);
  await page.locator("#severity").selectOption("Severe");
  await page.locator("input[name=areas]").first().check();
  await page.locator("input[name=response][value=Avoid]").check();
  await page.locator("main form .btn.primary").click();
  await expect(page.locator("form[action$='/ajukan']")).toBeVisible();
}

/** Writes a draft, hands it on and stays on its page. */
export async function submit(page) {
  await write(page);
  await page.locator("form[action$='/ajukan'] button").click();
  await expect(page.locator("form[action$='/ajukan']")).toHaveCount(0);
}

/** A draft that somebody else wrote, on the page of who may publish it. */
export async function waiting(page) {
  const context = await page.context().browser().newContext({ baseURL: cityUrl() });
  const other = await context.newPage();
  await signIn(other, "dispatcher");
  await submit(other);
  const path = new URL(other.url()).pathname;
  await context.close();
  await page.goto(path);
  await expect(page.locator("form[action$='/terbitkan']")).toBeVisible();
}

/** A published warning, as the desk sees it. */
export async function publish(page) {
  await waiting(page);
  await page.locator("form[action$='/terbitkan'] button").click();
  await expect(page.locator(".alert-page h1")).toBeVisible();
}
