// The crew's phone: status buttons with a network, without one, and without JavaScript.

import { expect, test } from "./city.mjs";
import { beginIncident, openTask, sendTeam, teamOf } from "./staff.mjs";

/** An incident to which the crew's team is sent, and the crew's page of it. */
async function task(as, options = {}) {
  const desk = await as("operator");
  const crew = await as("petugas", options);
  const number = await beginIncident(desk, "banjir-genangan");
  await sendTeam(desk, number, { label: await teamOf(crew) });
  await openTask(crew, number);
  return { desk, crew, number };
}

const press = (crew, step) => crew.locator(`form[action$="/${step}"] button`).click();

test("what is pressed without a network is kept, sent in order and counts from its own time", async ({ as }) => {
  const { desk, crew, number } = await task(as, { viewport: { width: 390, height: 844 } });
  const waiting = crew.locator("[data-press-waiting]");
  await expect(waiting).toBeHidden();
  await crew.context().setOffline(true);
  await press(crew, "terima");
  await expect(waiting).toBeVisible();
  await expect(waiting).toContainText("Belum tersimpan");
  await press(crew, "jalan");
  // Longer than a message waits: it is tried again, and not lost.
  await crew.waitForTimeout(6_000);
  await press(crew, "tiba");
  await expect(waiting).toBeVisible();
  const kept = await crew.evaluate(() => JSON.parse(localStorage.getItem("pendopo:presses")));
  expect(kept.map((one) => Object.keys(one).sort())).toEqual(Array(3).fill(["at", "key", "state", "url"]));
  expect(kept.map((one) => one.state)).toEqual(["acknowledged", "en_route", "on_scene"]);
  await desk.goto(`/meja/kejadian/${number}`);
  await expect(desk.locator("#jejak + ol")).not.toContainText("menerima tugas");

  await crew.context().setOffline(false);
  await expect(crew.locator('form[action$="/selesai"]')).toBeVisible();
  await expect(waiting).toBeHidden();
  expect(await crew.evaluate(() => localStorage.getItem("pendopo:presses"))).toBe("[]");
  await desk.reload();
  const timeline = desk.locator("#jejak + ol");
  for (const words of ["menerima tugas", "di jalan", "tiba di lokasi"]) await expect(timeline).toContainText(words);
  await expect(timeline).toContainText("ditekan");
});

test("a status that comes after a newer one changes nothing and says so", async ({ as }) => {
  const { desk, crew, number } = await task(as);
  const other = await as("petugas");
  await openTask(other, number);
  await crew.context().setOffline(true);
  await press(crew, "terima");
  await press(other, "terima");
  await expect(other.locator('form[action$="/terima"]')).toHaveCount(0);
  await press(other, "jalan");
  await expect(other.locator('form[action$="/jalan"]')).toHaveCount(0);
  await crew.context().setOffline(false);
  await expect(crew.locator("[data-press-late]")).toBeVisible();
  await expect(crew.locator('form[action$="/tiba"]')).toBeVisible();
  await desk.goto(`/meja/kejadian/${number}`);
  await expect(desk.locator("#jejak + ol")).toContainText("terlambat sampai");
});

test("the status buttons are plain forms without JavaScript", async ({ as }) => {
  const { crew } = await task(as, { javaScriptEnabled: false });
  await press(crew, "terima");
  await press(crew, "jalan");
  await press(crew, "tiba");
  await expect(crew.locator('form[action$="/selesai"]')).toBeVisible();
});
