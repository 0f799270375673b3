// What the city does: the desk assigns, the crew accepts, arrives and resolves.

import { expect } from "./city.mjs";

/** Opens a report at the desk. */
export async function atDesk(desk, number) {
  await desk.goto(`/meja/laporan/${number}`);
  await expect(desk.locator("#rincian .eyebrow").first()).toContainText(number);
}

/** Gives a report to the team with this name. */
export async function assign(desk, number, team) {
  await atDesk(desk, number);
  const action = desk.locator("details#tugaskan");
  if ((await action.getAttribute("open")) === null) await action.locator("summary").click();
  await action.locator("select").selectOption({ label: team });
  await action.locator("button.primary").click();
  await expect(desk.locator(".done-note")).toBeVisible();
}

/** The name of the crew's own team, as its page says it. */
export async function teamOf(crew) {
  await crew.goto("/tugas");
  return (await crew.locator("main .eyebrow").innerText()).trim();
}

/** Opens the crew's task for a report. */
export async function openTask(crew, number) {
  await crew.goto("/tugas");
  await crew.locator(".tasks a", { hasText: new RegExp(`${number}\\b`) }).click();
  await expect(crew.locator("main .eyebrow")).toContainText(number);
}

/** Accepts, arrives, and says that it is done: with a reason, a photo, or both. */
export async function work(crew, number, { reason, photo }) {
  await openTask(crew, number);
  for (const step of ["terima", "tiba"]) {
    await crew.locator(`form[action$="/${step}"] button`).click();
    await expect(crew.locator(`form[action$="/${step}"]`)).toHaveCount(0);
    // Where the page goes after a step is the page's own business.
    if (!/\/tugas\/\d+/.test(crew.url())) await openTask(crew, number);
  }
  if (photo) await crew.locator("#photo").setInputFiles(photo);
  if (reason) await crew.locator("#reason").fill(reason);
  await crew.locator('form[action$="/selesai"] button').click();
  await expect(crew.locator('form[action$="/selesai"]')).toHaveCount(0);
}

/** Begins an incident of this service by hand; returns its number. */
export async function beginIncident(desk, service) {
  await desk.goto("/meja/kejadian/baru");
  await desk.locator("#service").selectOption(service);
  await desk.locator('input[name=priority][value="2"]').check();
  await desk.locator('form[action="/meja/kejadian/baru"] button.primary').click();
  await expect(desk.locator(".done-note")).toBeVisible();
  return new URL(desk.url()).pathname.split("/").at(-1);
}

/** Sends a unit or a team to an incident: `{ label }` or `{ value }` of the choice. */
export async function sendTeam(desk, number, choice) {
  await desk.goto(`/meja/kejadian/${number}`);
  await desk.locator("details#kirim > summary").click();
  await desk.locator("#dispatch-team").selectOption(choice);
  await desk.locator("details#kirim button.primary").click();
  await expect(desk.locator(".done-note")).toBeVisible();
}
