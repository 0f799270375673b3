// Every page, who sees it, and how one comes to it. Both the accessibility and the screenshot tests walk this list:
// a page that is not in it is not looked at by either.

import { expect, nodeUrl } from "./city.mjs";
import * as warnings from "./warnings.mjs";
import { fillReport, report, somewhere } from "./resident.mjs";
import { beginIncident, openTask, sendTeam } from "./staff.mjs";

const at = (path) => (page) => page.goto(path);

/** Goes to a list and follows its first link that matches. */
const firstOf = (path, link) => async (page) => {
  await page.goto(path);
  await page.goto(await page.locator(link).first().getAttribute("href"));
};

/** The team of the demo crew. */
const CREW = "pu-jalan";

const words = "Lampu taman mati sejak Jumat, gelap sekali.";

/** An incident that an alarm opened or belongs to. */
async function alarmedIncident(page) {
  await page.goto("/meja/kejadian");
  const links = await page.locator("main .list a").evaluateAll((all) => all.map((link) => link.getAttribute("href")));
  for (const link of links) {
    await page.goto(link);
    if (await page.locator("#alarm-kejadian").count()) return;
  }
  throw new Error("no incident has an alarm");
}

async function press(page) {
  await page.locator('form[action="/lapor"] .go button.primary').last().click();
}

export const PAGES = [
  { name: "cities", open: (page) => page.goto(nodeUrl()) },
  { name: "home", open: at("/") },
  { name: "report-form", open: at("/lapor") },
  {
    name: "report-form-errors",
    open: async (page) => {
      await fillReport(page, { at: somewhere(), description: "Pendek", email: "bukan surel" });
      await press(page);
      await expect(page.locator("#galat")).toBeVisible();
    },
  },
  {
    name: "report-questions",
    open: async (page) => {
      await fillReport(page, { at: somewhere(), service: "banjir-genangan", description: words });
      await press(page);
      await expect(page.locator("input[name=questions_asked]")).toBeAttached();
    },
  },
  {
    name: "report-similar",
    open: async (page) => {
      const spot = somewhere();
      await report(page, { at: spot, description: words });
      await fillReport(page, { at: spot, description: words });
      await press(page);
      await expect(page.locator("input[type=hidden][name=not_similar]")).toBeAttached();
    },
  },
  { name: "report-sent", open: (page) => report(page, { at: somewhere(), description: words }) },
  {
    name: "follow",
    open: async (page) => page.goto((await report(page, { at: somewhere(), description: words, name: "Warga" })).link),
  },
  { name: "reports", open: at("/laporan") },
  { name: "reports-none", open: at("/laporan?q=tidakadayangbegini") },
  { name: "report", open: firstOf("/laporan", "main .list a[href^='/laporan/']") },
  { name: "map", open: at("/peta") },
  { name: "live", open: at("/langsung") },
  { name: "live-entity", open: at("/langsung/urn:ngsi-ld:WaterObserved:demo-1") },
  { name: "live-stale", open: at("/langsung/urn:ngsi-ld:WaterObserved:demo-4?hari=7") },
  { name: "live-staff", who: "operator", open: at("/meja/langsung") },
  { name: "live-entity-staff", who: "operator", open: at("/meja/langsung/urn:ngsi-ld:WaterObserved:demo-2?hari=30") },
  { name: "sources", who: "operator", open: at("/meja/sumber") },
  { name: "source", who: "operator", open: at("/meja/sumber/feed/tide-gauges") },
  { name: "source-quarantine", who: "operator", open: at("/meja/sumber/mqtt/air-stations") },
  { name: "source-quarantine-managed", who: "ti", open: at("/meja/sumber/mqtt/air-stations?alasan=malformed") },
  {
    name: "source-tried-again",
    who: "ti",
    open: async (page) => {
      await page.goto("/meja/sumber/mqtt/air-stations");
      await page.locator("form[action$='/ulang'] button").click();
      await expect(page.locator(".reasons")).toBeVisible();
    },
  },
  { name: "numbers", open: at("/angka") },
  { name: "privacy", open: at("/privasi") },
  { name: "sign-in", open: at("/masuk") },
  {
    name: "sign-in-wrong",
    open: async (page) => {
      await page.goto("/masuk");
      await page.locator("#login").fill("nobody");
      await page.locator("#password").fill("not the password");
      await page.locator('form[action="/masuk"] button').click();
      await expect(page.locator("#galat")).toBeVisible();
    },
  },
  { name: "sign-in-link", open: at("/masuk/tautan/unknown") },
  { name: "not-found", open: at("/tidak-ada") },
  { name: "desk", who: "operator", open: at("/meja") },
  { name: "desk-empty", who: "operator", open: at("/meja?q=tidakadayangbegini") },
  { name: "desk-report", who: "operator", open: firstOf("/meja", ".q-row[href*='/meja/laporan/']") },
  { name: "desk-incident", who: "operator", open: firstOf("/meja", ".q-row[href*='/meja/kejadian/']") },
  { name: "desk-steps-late", who: "operator", open: firstOf("/meja", ".q-row:has(.chip.over)[href*='/meja/kejadian/']") },
  { name: "desk-incident-alarmed", who: "operator", open: alarmedIncident },
  { name: "incidents", who: "operator", open: at("/meja/kejadian") },
  { name: "incident-form", who: "operator", open: at("/meja/kejadian/baru") },
  {
    name: "incident-form-errors",
    who: "operator",
    open: async (page) => {
      await page.goto("/meja/kejadian/baru");
      await page.locator('form[action="/meja/kejadian/baru"] button.primary').click();
      await expect(page.locator("#galat")).toBeVisible();
    },
  },
  {
    name: "incident-begun",
    who: "operator",
    open: async (page) => {
      await sendTeam(page, await beginIncident(page, "banjir-genangan"), { value: "dlh" });
    },
  },
  { name: "units", who: "dispatcher", open: at("/meja/satuan") },
  {
    name: "crew-task-steps",
    who: "petugas",
    open: async (page, as) => {
      const desk = await as("operator");
      const number = await beginIncident(desk, "banjir-genangan");
      await sendTeam(desk, number, { value: CREW });
      await openTask(page, number);
    },
  },
  { name: "warnings-none", open: at("/peringatan") },
  { name: "warnings-desk", who: "operator", open: at("/meja/peringatan") },
  { name: "warning-form", who: "operator", open: at("/meja/peringatan/tulis") },
  {
    name: "warning-form-incident",
    who: "operator",
    open: async (page) => {
      await alarmedIncident(page);
      await page.locator("a[href*='/tulis?insiden=']").click();
      await expect(page.locator("main form #severity")).toBeVisible();
    },
  },
  {
    name: "warnings-desk-aside",
    who: "operator",
    open: async (page) => {
      warnings.bringDiffering();
      await page.goto("/meja/peringatan");
      await expect(page.locator("#umpan")).toBeVisible();
    },
  },
  {
    name: "warning-form-errors",
    who: "operator",
    open: async (page) => {
      await page.goto("/meja/peringatan/tulis");
      await page.locator("main form").evaluate((form) => (form.noValidate = true));
      await page.locator("main form .btn.primary").click();
      await expect(page.locator("#galat")).toBeVisible();
    },
  },
  { name: "warning-draft", who: "operator", open: warnings.submit },
  { name: "warning-to-approve", who: "operator", open: warnings.waiting },
  {
    name: "warnings-desk-full",
    who: "operator",
    open: async (page) => {
      await warnings.publish(page);
      await page.goto("/meja/peringatan");
    },
  },
  { name: "warning-staff", who: "operator", open: warnings.publish },
  { name: "warnings", open: at("/peringatan") },
  { name: "warning", open: firstOf("/peringatan", "main .alerts a") },
  { name: "home-warned", open: at("/") },
  { name: "desk-warned", who: "operator", open: at("/meja") },
  { name: "alarms", who: "operator", open: at("/meja/alarm") },
  { name: "rules", who: "operator", open: at("/meja/aturan") },
  { name: "walls", who: "ti", open: at("/kelola/dinding") },
  { name: "mayor", who: "walikota", open: at("/walikota") },
  { name: "crew", who: "petugas", open: at("/tugas") },
  { name: "crew-task", who: "petugas", open: firstOf("/tugas", ".tasks a") },
];

/** Waits until there is nothing left to draw. Live pages keep a connection open, so silence is not the sign. */
export async function settled(page) {
  await page.waitForLoadState("load");
  if (await page.locator(".map[data-map]:visible").count()) {
    // A map that does not come is the business of the tests of the map.
    await page.locator(".map canvas").first().waitFor({ timeout: 5_000 }).catch(() => {});
    await page.waitForTimeout(500);
  }
  await page.evaluate(async () => {
    await document.fonts.ready;
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  });
}
