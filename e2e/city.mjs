// What every test has: the address of the demo city, people who are signed in already, and a page that may not break.

import { test as base, expect } from "@playwright/test";

/** Demo sign-ins; their passwords are printed on the demo's first page. */
export const password = (login) => `pendopo-demo-${login}`;

/** The demo city as a resident's browser names it. */
export const cityUrl = () => `http://tanjungpinang.localhost:${process.env.PENDOPO_PORT}`;
/** The page that lists the cities. */
export const nodeUrl = () => `http://localhost:${process.env.PENDOPO_PORT}`;
/** The same city for requests from Node, where names below `.localhost` may not resolve. */
export const cityPort = () => `http://127.0.0.1:${Number(process.env.PENDOPO_PORT) + 1}`;

export const test = base.extend({
  baseURL: async ({}, use) => use(cityUrl()),

  /** Cookies of a sign-in, fetched once for each worker. */
  cookiesOf: [
    async ({ browser }, use) => {
      const known = new Map();
      await use(async (login) => {
        if (!known.has(login)) {
          const context = await browser.newContext({ baseURL: cityUrl() });
          await signIn(await context.newPage(), login);
          known.set(login, await context.cookies());
          await context.close();
        }
        return known.get(login);
      });
    },
    { scope: "worker" },
  ],

  /** A page of somebody else in the same test: `await as("operator")`; `await as()` for a resident. */
  as: async ({ browser, cookiesOf, contextOptions, colorScheme, viewport }, use) => {
    const contexts = [];
    await use(async (login, options = {}) => {
      const context = await browser.newContext({ ...contextOptions, baseURL: cityUrl(), colorScheme, viewport, ...options });
      contexts.push(context);
      if (login) await context.addCookies(await cookiesOf(login));
      return context.newPage();
    });
    await Promise.all(contexts.map((context) => context.close()));
  },

  /** Scripts that throw, and what the content policy stopped, fail the test. */
  unbroken: [
    async ({ page }, use) => {
      const broken = [];
      page.on("pageerror", (error) => broken.push(String(error)));
      page.on("console", (message) => {
        if (message.type() === "error" && /Content Security Policy|Refused to/.test(message.text())) broken.push(message.text());
      });
      await use();
      expect(broken, "errors in the browser").toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

/** Signs in by login and password. */
export async function signIn(page, login) {
  await page.goto("/masuk");
  await page.locator("#login").fill(login);
  await page.locator("#password").fill(password(login));
  await page.locator('form[action="/masuk"] button').click();
  await expect(page.locator('form[action="/keluar"]').first(), `${login} is signed in`).toBeAttached();
}
