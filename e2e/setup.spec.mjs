// The first run: a node without cities, its page for whoever has the link, and the first report in the city it made.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { AxeBuilder } from "@axe-core/playwright";
import { expect, test } from "@playwright/test";
import { report } from "./resident.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BINARY = resolve(ROOT, process.env.PENDOPO_BINARY ?? "target/debug/pendopo");
const TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];

/** Four districts side by side. */
const AREAS = {
  type: "FeatureCollection",
  features: [0, 1, 2, 3].map((at) => ({
    type: "Feature",
    properties: { kode: `33.72.0${at + 1}`, nama: ["Laweyan", "Serengan", "Pasar Kliwon", "Jebres"][at], jenis: "kecamatan" },
    geometry: { type: "Polygon", coordinates: [ring(110.78 + at * 0.02, -7.58)] },
  })),
};

function ring(west, south) {
  const [east, north] = [west + 0.02, south + 0.04];
  return [[west, south], [east, south], [east, north], [west, north], [west, south]];
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

let folder, node, link;

test.beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pendopo-setup-"));
  const args = ["serve", "--data", join(folder, "data"), "--listen", `127.0.0.1:${await freePort()}`, "--mqtt", "off"];
  node = spawn(BINARY, args, { cwd: ROOT, stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, LANG: "en" } });
  let said = "";
  link = await new Promise((found, failed) => {
    node.on("exit", () => failed(new Error(`the node ended: ${said}`)));
    node.stdout.on("data", (data) => {
      said += data;
      const address = said.match(/http:\/\/localhost:\d+\/mulai\/\S+/);
      if (address) found(address[0]);
    });
  });
});

test.afterAll(async () => {
  const gone = once(node, "exit");
  node.kill("SIGTERM");
  await gone;
  rmSync(folder, { recursive: true, force: true });
});

test("a city is made on a page from its GeoJSON and one CSV, and takes its first report", async ({ page, browser }, info) => {
  test.slow();
  const [areas, people] = [join(folder, "wilayah.geojson"), join(folder, "orang.csv")];
  writeFileSync(areas, JSON.stringify(AREAS));
  writeFileSync(people, "login,posisi\nsari,raja\n");

  // Nobody without the link.
  expect((await page.goto(link.slice(0, -1))).status()).toBe(404);
  await page.goto(link);
  await barrierFree(page);
  await page.getByLabel("Nama kota").fill("Kota Surakarta");
  await page.getByLabel("Nama pendek").fill("Kota Solo");
  await page.getByLabel("Kode resmi").fill("33.72");
  await page.getByLabel("Berkas wilayah").setInputFiles(areas);
  await page.getByLabel("Berkas akun").setInputFiles(people);
  await page.screenshot({ path: info.outputPath("form.png"), fullPage: true });
  await page.getByRole("button", { name: "Buat kota" }).click();

  // What is wrong is said, and what was typed is kept.
  await expect(page.locator("#galat")).toContainText("Nama pendek terdiri atas");
  await expect(page.locator("#galat")).toContainText("Baris 2 berkas akun");
  await expect(page.getByLabel("Nama kota")).toHaveValue("Kota Surakarta");
  await barrierFree(page);
  writeFileSync(people, "login,posisi\nsari,operator-meja\n");
  await page.getByLabel("Nama pendek").fill("surakarta");
  await page.getByLabel("Berkas wilayah").setInputFiles(areas);
  await page.getByLabel("Berkas akun").setInputFiles(people);
  await page.getByRole("button", { name: "Buat kota" }).click();

  await expect(page.locator("h1")).toHaveText("Kota Surakarta siap");
  await expect(page.locator(".done-note")).toContainText("4 wilayah");
  await barrierFree(page);
  await page.screenshot({ path: info.outputPath("done.png"), fullPage: true });
  const signIn = await page.locator("main li a", { hasText: "sari" }).getAttribute("href");

  // A resident reports, and the operator sees it.
  const city = await page.getByRole("link", { name: "Buka Kota Surakarta" }).getAttribute("href");
  const resident = await (await browser.newContext({ baseURL: city })).newPage();
  await report(resident, { description: "Bangku taman patah sejak kemarin malam." });
  await resident.context().close();
  const desk = await (await browser.newContext({ baseURL: city })).newPage();
  await desk.goto(signIn);
  await desk.locator("main form button").click();
  await desk.goto("/meja");
  await expect(desk.locator(".q-row[href*='/meja/laporan/']")).toHaveCount(1);
  await desk.context().close();

  // The link has done its work.
  expect((await page.goto(link)).status()).toBe(404);
});

async function barrierFree(page) {
  const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((one) => one.target).join(" ")}`)).toEqual([]);
}
