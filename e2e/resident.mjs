// What a resident does: report, follow, answer.

import { expect } from "./city.mjs";

/** Where the script shows one step at a time, it puts a button before the one that sends. */
export const NEXT = ".go button[type=button]";
/** Without questions of its own, so that a report is one form. */
export const SERVICE = "taman-rusak";

/** A point in the city where no other test reports, as the form takes it. */
export function somewhere() {
  const around = (centre) => (centre + (Math.random() - 0.5) * 0.02).toFixed(6);
  return { lat: around(0.9206), long: around(104.46063) };
}

/** Fills the form of `/lapor`, step by step, with whatever is given. */
export async function fillReport(page, report) {
  await page.goto("/lapor");
  if (report.photo) await page.locator("#photo").setInputFiles(report.photo);
  await toStep(page, 2);
  if (report.at) {
    await open(page, "details.coords");
    await page.locator("#lat").fill(report.at.lat);
    await page.locator("#long").fill(report.at.long);
  } else {
    await page.locator("#area").selectOption({ index: 1 });
  }
  if (report.place) await page.locator("#place").fill(report.place);
  await toStep(page, 3);
  await page.locator(`input[name=service][value="${report.service ?? SERVICE}"]`).check();
  await page.locator("#description").fill(report.description);
  if (report.privacy) await page.locator(`input[name=privacy][value=${report.privacy}]`).check();
  for (const field of ["name", "email", "phone"]) {
    if (report[field]) await page.locator(`#${field}`).fill(report[field]);
  }
}

/** Goes on to a step, where the script shows one at a time; without a script all three are there. */
async function toStep(page, step) {
  const fields = page.locator("fieldset[data-step]").nth(step - 1);
  for (let tries = 0; tries < 3 && !(await fields.isVisible()); tries++) {
    await page.locator(`${NEXT}:visible`).click();
  }
  await expect(fields).toBeVisible();
}

async function open(page, details) {
  const found = page.locator(details);
  if ((await found.getAttribute("open")) === null) await found.locator("summary").click();
}

/** Presses *send*, and past *is it one of these?*, until the report has a number. Returns it with the reporter's link. */
export async function send(page) {
  await page.locator('form[action="/lapor"] .go button.primary').last().click();
  const similar = page.locator('form[action="/lapor"] input[type=hidden][name=not_similar]');
  const link = page.locator(".link-box a");
  await expect(similar.or(link).first()).toBeAttached();
  if (await similar.count()) await page.locator('form[action="/lapor"] button').click();
  return sent(page);
}

/** What the page after sending says. */
export async function sent(page) {
  const link = page.locator(".link-box a");
  await expect(link).toBeVisible();
  const [number] = (await page.locator("h1").innerText()).match(/L-\d+/) ?? [];
  expect(number, "the number of the report").toBeTruthy();
  return { number, link: await link.getAttribute("href") };
}

/** Fills and sends a report. */
export async function report(page, what) {
  await fillReport(page, what);
  return send(page);
}

/** Answers on the reporter's own page: `yes` or not yet, with stars. */
export async function answer(page, link, { yes, stars }) {
  await page.goto(link);
  await choose(page, page.locator(yes ? "#verdict-confirmed" : "#verdict-not-yet"));
  if (stars) await choose(page, page.locator(`input[name=stars][value="${stars}"]`));
  // The page before may show an earlier answer as saved, so wait for this one.
  const answered = page.waitForResponse((response) => response.url().endsWith("/jawaban"));
  await page.locator('form[action$="/jawaban"] button.primary').click();
  await answered;
  await expect(page.locator(".done-note").first()).toBeVisible();
}

/** Chooses a radio that is hidden behind its drawn label: one clicks the label, once it stands still. */
async function choose(page, radio) {
  await page.locator("label", { has: radio }).click();
  await expect(radio).toBeChecked();
}

/** The four honest numbers of `/angka`, in order: received, on time, the city says done, confirmed. */
export async function numbers(page) {
  await page.goto("/angka");
  const texts = await page.locator("dl.four > div dd b").allInnerTexts();
  const [received, onTime, saysDone, confirmed] = texts.map((text) => Number(text.replace(/\D/g, "")));
  return { received, onTime, saysDone, confirmed };
}

/** Presses Tab until the focus is on `selector`, as someone without a mouse does. */
export async function tabTo(page, selector) {
  for (let presses = 0; presses < 150; presses++) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab never reaches ${selector}`);
}
