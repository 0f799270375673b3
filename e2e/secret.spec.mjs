// What is nobody's business: the words of a secret report, and who reported. Marked words are sent in, and looked for in
// everything that a stranger can ask for, in the city's files and in its log.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { cityPort, expect, test } from "./city.mjs";
import { report, somewhere } from "./resident.mjs";
import { assign, atDesk, teamOf } from "./staff.mjs";

/** One word each, so that no encoding of a page or an answer hides it. */
const mark = (what) => `${what}zq${Math.random().toString(36).slice(2, 10)}`;
const SECRET = { words: mark("rahasia"), place: mark("tempat"), name: mark("nama"), email: mark("surel") };
const NAMED = { name: mark("warga"), email: mark("pos"), phone: "0800 0000 7319" };
const MARKS = [...Object.values(SECRET), NAMED.name, NAMED.email, NAMED.phone, NAMED.phone.replaceAll(" ", "")];
/** A page links to every other; a fault that makes endless links must not make an endless test. */
const MOST_PAGES = 400;

test.describe.configure({ mode: "serial" });

let secret, named, heard;

test("a secret report and a named one are sent", async ({ page }) => {
  heard = listen(`${cityPort()}/events`);
  await heard.opened;
  secret = await report(page, {
    at: somewhere(),
    place: SECRET.place,
    description: `Diminta uang untuk izin: ${SECRET.words}`,
    privacy: "secret",
    name: SECRET.name,
    email: `${SECRET.email}@kota.example`,
  });
  named = await report(page, {
    at: somewhere(),
    description: "Rumput taman setinggi lutut.",
    name: NAMED.name,
    email: `${NAMED.email}@kota.example`,
    phone: NAMED.phone,
  });
});

test("those who may read them do", async ({ page, as }) => {
  await page.goto(secret.link);
  await expect(page.locator("main"), "the reporter").toContainText(SECRET.words);
  const desk = await as("operator");
  await atDesk(desk, secret.number);
  await expect(desk.locator("#rincian"), "the desk").toContainText(SECRET.words);
  await expect(desk.locator("#rincian"), "who it was is not shown unasked").not.toContainText(SECRET.name);
  await desk.locator('form[action$="/identitas"] button').click();
  await expect(desk.locator("#rincian"), "but on request, which is written down").toContainText(SECRET.name);
  // Now it has a team and a history as well.
  await assign(desk, secret.number, await teamOf(await as("petugas")));
});

test("no page that a stranger can walk to holds a mark", async ({ request }) => {
  test.slow();
  const left = ["/", "/peta", "/angka", "/angka?hari=0", "/lapor", "/laporan?state=received", `/laporan/${secret.number}`];
  left.push(`/laporan/${named.number}`, `/laporan/cari?nomor=${secret.number}`, `/laporan?q=${SECRET.words}`);
  const seen = new Set(left);
  for (let walked = 0; left.length > 0 && walked < MOST_PAGES; walked++) {
    const path = left.shift();
    const text = await clean(request, path);
    for (const [, href] of text.replaceAll("&#x2f;", "/").matchAll(/(?:href|data-[a-z]+)="(\/[^"#]*)/g)) {
      const next = href.replaceAll("&amp;", "&");
      // A stream of events has no end.
      if (!seen.has(next) && !/^\/(assets|keluar|events|map\/live\/events)/.test(next)) left.push(next), seen.add(next);
    }
  }
  expect(seen.size).toBeGreaterThan(20);
});

test("no answer of Open311 or of the map holds a mark, nor shows the secret report", async ({ request }) => {
  const id = secret.number.replace("L-", "");
  const v2 = "/open311/v2";
  for (const type of ["json", "xml"]) {
    const all = `${v2}/requests.${type}?page_size=1000&extensions=true`;
    for (const path of [all, `${all}&status=open`, `${all}&q=${SECRET.words}`, `${v2}/services.${type}`]) {
      const text = await clean(request, path);
      // The number stands in other numbers too, so it is looked for as a whole word in quotes or tags.
      expect(text, path).not.toMatch(new RegExp(`["'>](L-)?${id}["'<]`));
    }
    for (const number of [id, secret.number]) {
      const answer = await request.get(`${cityPort()}${v2}/requests/${number}.${type}`);
      expect(answer.status(), `${number}.${type}`).toBe(404);
    }
    await clean(request, `${v2}/requests.${type}?service_request_id=${id},${secret.number}`);
    await clean(request, `${v2}/servicerequestupdates.${type}`);
    await clean(request, `/open311/discovery.${type}`);
  }
  for (const path of ["/map/base.json", "/map/areas.json"]) await clean(request, path);
  for (const zoom of [8, 12, 18]) {
    const text = await clean(request, `/map/reports.json?bbox=104.3,0.8,104.6,1.1&zoom=${zoom}`);
    expect(text).not.toContain(`"${secret.number}"`);
  }
});

test("nothing of the desk is open to a stranger", async ({ request }) => {
  for (const path of ["/meja", `/meja/laporan/${secret.number}`, "/tugas", "/tugas/1"]) {
    const answer = await request.get(cityPort() + path, { maxRedirects: 0 });
    expect(answer.status(), path).not.toBe(200);
    expectClean(await answer.text(), path);
  }
});

test("the live events tell that something changed, and no more", async () => {
  await expect.poll(() => heard.text()).toContain("changed");
  expectClean(heard.text(), "/events");
  heard.close();
});

test("no file of the city and no line of the log holds a mark", async () => {
  const folder = join(process.env.PENDOPO_E2E_DATA, "tanjungpinang");
  const files = readdirSync(folder).filter((name) => /\.db(-wal)?$/.test(name));
  expect(files).toContain("city.db");
  for (const name of files) expectClean(readFileSync(join(folder, name), "latin1"), name);
  expectClean(readFileSync(process.env.PENDOPO_E2E_LOG, "latin1"), "log");
});

/** The text of an answer, whatever its status, after it was looked through. */
async function clean(request, path) {
  const answer = await request.get(cityPort() + path);
  expect(answer.status(), path).toBeLessThan(500);
  const text = await answer.text();
  // An answer may repeat the question: the words searched for were the stranger's own.
  const asked = decodeURIComponent(path);
  expectClean(text, path, MARKS.filter((marked) => !asked.includes(marked)));
  return text;
}

function expectClean(text, where, marks = MARKS) {
  expect(marks.filter((marked) => text.includes(marked)), where).toEqual([]);
}

/** Follows a stream of events (Server-Sent Events) and keeps all that it says. */
function listen(url) {
  const stop = new AbortController();
  let text = "";
  let tell;
  const opened = new Promise((resolve) => (tell = resolve));
  const follow = async () => {
    const answer = await fetch(url, { signal: stop.signal, headers: { accept: "text/event-stream" } });
    tell();
    const decoder = new TextDecoder();
    for await (const chunk of answer.body) text += decoder.decode(chunk, { stream: true });
  };
  // The stream ends when the test closes it; what it said until then is what counts.
  follow().catch(tell);
  return { opened, text: () => text, close: () => stop.abort() };
}
