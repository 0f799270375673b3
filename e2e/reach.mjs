// Shows the page of one live entity on a phone's screen and says when each value of its mark on the map is to be seen, a
// line of JSON each. Started by `prove reach`, which sends the values; ends when its input does.
//
//   node reach.mjs URL ID

import { once } from "node:events";

import { chromium } from "@playwright/test";

import { launchOptions } from "./chromium.mjs";

const [url, id] = process.argv.slice(2);
const mark = `.map-mark.live[href$="/${id}"]`;

const browser = await chromium.launch(launchOptions);
try {
  const page = await browser.newPage({ viewport: { width: 390, height: 844 }, locale: "id-ID", timezoneId: "Asia/Jakarta" });
  await page.exposeBinding("seen", (_, told) => console.log(JSON.stringify(told)));
  await page.goto(url);
  await page.locator(mark).waitFor({ timeout: 60_000 });
  await page.locator(mark).evaluate((element) => element.scrollIntoView({ block: "center" }));
  await page.evaluate(watch, mark);
  console.log("ready");
  process.stdin.resume();
  await once(process.stdin, "end");
} finally {
  await browser.close();
}

/** In the page: tells of every new value once the frame that shows it has been drawn. */
function watch(selector) {
  const map = document.querySelector(selector).closest(".map");
  let last = document.querySelector(selector).lastElementChild.textContent;
  new MutationObserver(() => {
    const text = document.querySelector(selector)?.lastElementChild;
    const shown = text?.textContent;
    if (!shown || shown === last) return;
    last = shown;
    // The first frame draws it; the second begins when the first is done.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        const at = performance.timeOrigin + performance.now();
        window.seen({ shown, at, clock: Date.now(), visible: isVisible(text) });
      }),
    );
  }).observe(map, { childList: true, characterData: true, subtree: true });

  function isVisible(text) {
    const { left, right, top, bottom } = text.getBoundingClientRect();
    const inside = left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight && right > left && bottom > top;
    const above = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    return inside && text.checkVisibility() && above?.closest(selector) !== null;
  }
}
