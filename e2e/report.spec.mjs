// A report's way through the city, as the people in it see it.

import { expect, test } from "./city.mjs";
import { photo } from "./picture.mjs";
import { NEXT, SERVICE, answer, fillReport, numbers, report, sent, somewhere, tabTo } from "./resident.mjs";
import { assign, atDesk, teamOf, work } from "./staff.mjs";

test("a resident reports in three steps with the keyboard alone", async ({ page }) => {
  const at = somewhere();
  await page.goto("/lapor");
  await page.keyboard.press("Tab");
  await expect(page.locator("a.skip"), "the first Tab offers to skip the navigation").toBeFocused();

  await tabTo(page, "#photo");
  await nextByKeyboard(page);
  await tabTo(page, "details.coords > summary");
  await page.keyboard.press("Enter");
  await tabTo(page, "#lat");
  await page.keyboard.type(at.lat);
  await tabTo(page, "#long");
  await page.keyboard.type(at.long);
  await nextByKeyboard(page);
  await tabTo(page, "input[name=service]");
  // A group of radios is one stop; the arrows choose in it.
  for (let presses = 0; presses < 30; presses++) {
    const chosen = await page.evaluate(() => document.querySelector("input[name=service]:checked")?.value);
    if (chosen === SERVICE) break;
    await page.keyboard.press("ArrowDown");
  }
  await tabTo(page, "#description");
  await page.keyboard.type("Ayunan di taman putus satu rantainya.");
  await tabTo(page, ".go button.primary");
  await page.keyboard.press("Enter");

  const { number, link } = await sent(page);
  await page.goto(link);
  await expect(page.locator("main")).toContainText("Ayunan di taman putus");
  await page.goto(`/laporan/${number}`);
  await expect(page.locator("main")).toContainText("Ayunan di taman putus");
});

async function nextByKeyboard(page) {
  if ((await page.locator(`${NEXT}:visible`).count()) === 0) return;
  await tabTo(page, NEXT);
  await page.keyboard.press("Enter");
}

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("a resident reports, finds the report by its number, and reads it", async ({ page }) => {
    const { number } = await report(page, { description: "Bangku taman patah, pakunya keluar." });
    await page.goto("/");
    await page.locator("#nomor").fill(number);
    await page.locator("form.follow button").click();
    await expect(page).toHaveURL(new RegExp(`/laporan/${number}$`));
    await expect(page.locator("main")).toContainText("pakunya keluar");
  });

  test("a mistake keeps what was typed and says what to do", async ({ page }) => {
    await fillReport(page, { at: somewhere(), description: "Pendek" });
    await page.locator('form[action="/lapor"] .go button.primary').click();
    await expect(page.locator("#galat")).toBeVisible();
    await expect(page.locator("#description")).toHaveValue("Pendek");
    await expect(page.locator("#description")).toHaveAttribute("aria-invalid", "true");
  });
});

test("a second report at the same place is offered the first one", async ({ page, as }) => {
  const at = somewhere();
  const first = await report(page, { at, description: "Perosotan retak di ujung bawah." });
  const neighbour = await as();
  await fillReport(neighbour, { at, description: "Perosotan taman retak, tajam." });
  const similar = neighbour.locator("#mirip .similar");
  await expect(similar).toContainText(first.number);
  await similar.locator(`button[formaction="/laporan/${first.number}/ikut"]`).click();
  await expect(neighbour).toHaveURL(new RegExp(`/laporan/${first.number}`));
  await expect(neighbour.locator(".done-note")).toBeVisible();
});

test("a photo is shown with the report", async ({ page }) => {
  const { number } = await report(page, { at: somewhere(), photo: photo(), description: "Lampu taman pecah." });
  await page.goto(`/laporan/${number}`);
  const shown = page.locator(".ba img").first();
  await shown.scrollIntoViewIfNeeded();
  await expect.poll(() => shown.evaluate((img) => img.complete && img.naturalWidth)).toBeGreaterThan(0);
});

test("something that is no picture is refused, and the words are kept", async ({ page }) => {
  const file = { name: "catatan.png", mimeType: "image/png", buffer: Buffer.from("bukan gambar") };
  await fillReport(page, { at: somewhere(), photo: file, description: "Pagar taman roboh sebagian." });
  await page.locator('form[action="/lapor"] .go button.primary').last().click();
  await expect(page.locator("#galat a[href='#photo']")).toBeVisible();
  await expect(page.locator("#description")).toHaveValue("Pagar taman roboh sebagian.");
});

test("done means that the reporter agrees", async ({ page, as }) => {
  test.slow();
  const before = await numbers(page);
  const { number, link } = await report(page, { at: somewhere(), description: "Pintu toilet taman lepas." });
  const desk = await as("operator");
  const crew = await as("petugas");
  const team = await teamOf(crew);

  await desk.goto("/meja");
  await expect(desk.locator(".q-row", { hasText: new RegExp(`${number}\\b`) })).toBeVisible();
  await assign(desk, number, team);
  await work(crew, number, { reason: "Engsel diganti, pintu terpasang." });

  await page.goto(link);
  await expect(page.locator("main")).toContainText("Engsel diganti");
  await answer(page, link, { yes: false });
  await atDesk(desk, number);
  await expect(desk.locator("#rincian .next"), "the desk reads the reporter's word").toBeVisible();

  await work(crew, number, { reason: "Baut yang hilang dipasang.", photo: photo("sesudah.png") });
  await answer(page, link, { yes: true, stars: 4 });
  await expect(page.locator('input[name=stars][value="4"]')).toBeChecked();

  // Others report at the same time, so the numbers are at least so many more.
  const counted = expect.poll(async () => {
    const after = await numbers(page);
    return after.received > before.received && after.saysDone > before.saysDone && after.confirmed > before.confirmed;
  });
  await counted.toBe(true);
  await page.goto(`/laporan/${number}`);
  await expect(page.locator(".chip.done").first()).toBeVisible();
});

test("the reporter changes a not yet into a yes", async ({ page, as }) => {
  test.slow();
  const { number, link } = await report(page, { at: somewhere(), description: "Keran taman bocor terus." });
  const desk = await as("operator");
  const crew = await as("petugas");
  await assign(desk, number, await teamOf(crew));
  await work(crew, number, { reason: "Karet keran diganti." });
  await answer(page, link, { yes: false });
  await answer(page, link, { yes: true, stars: 5 });
  await crew.goto("/tugas");
  await expect(crew.locator(".tasks a", { hasText: new RegExp(`${number}\\b`) }), "the team is called back").toHaveCount(0);
});

test("a report link that was changed by one character opens nothing", async ({ page }) => {
  const { link } = await report(page, { at: somewhere(), description: "Papan nama taman miring." });
  const wrong = link.slice(0, -1) + (link.endsWith("A") ? "B" : "A");
  expect((await page.goto(wrong)).status()).toBe(404);
});

test("the other language comes back to the same page, and stays", async ({ page }) => {
  await page.goto("/laporan?q=lampu");
  await page.locator("a.lang").click();
  await expect(page).toHaveURL(/\/laporan\?q=lampu$/);
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
  await page.goto("/angka");
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
});
