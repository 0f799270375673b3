// Warnings of the city: one person writes, another one publishes.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { cityUrl, expect, signIn } from "./city.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

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

/** A warning of an agency, and the same message with other words, which is put aside for people. */
export function bringDiffering() {
  const folder = mkdtempSync(join(tmpdir(), "pendopo-cap-"));
  const bring = (headline) => {
    const file = join(folder, "warning.cap");
    writeFileSync(file, agencyWarning(headline));
    const program = resolve(ROOT, process.env.PENDOPO_BINARY ?? "target/debug/pendopo");
    execFileSync(program, ["alert", "import", file, "--city", "tanjungpinang", "--data", process.env.PENDOPO_E2E_DATA]);
  };
  try {
    bring("Hujan lebat sampai malam");
    bring("Hujan ringan sampai malam");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** CAP 1.2; one for the whole run. */
function agencyWarning(headline) {
  return `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>e2e-differs</identifier>
<sender>warn@agency.example</sender><sent>2026-01-01T00:00:00-00:00</sent><status>Actual</status><msgType>Alert</msgType>
<scope>Public</scope><info><language>id</language><category>Met</category><event>Hujan</event>
<urgency>Past</urgency><severity>Minor</severity><certainty>Observed</certainty>
<expires>2026-01-01T06:00:00-00:00</expires><headline>${headline}</headline>
<area><areaDesc>Pesisir</areaDesc><polygon>0.9,104.42 0.9,104.46 0.95,104.46 0.9,104.42</polygon></area></info></alert>`;
}
