// Keeps parts of a page fresh. The server says only *that* something changed; the page asks for its
// own HTML again and swaps the part in place. The focus and the scroll never move for news.
const AGAIN_AFTER = 5_000;
const GATHER = 300;

for (const element of document.querySelectorAll("[data-live]")) listen(element);

function listen(element) {
  const lost = document.querySelector("[data-live-lost]");
  const lostText = lost?.textContent ?? "";
  const more = document.querySelector(`[data-live-new="${element.id}"]`) ?? document.querySelector("[data-live-new]");
  const moreText = more?.textContent ?? "";
  let heard = new Date();
  let source = null;
  let timer = 0;
  let waiting = null; // fresh HTML that may not be shown yet

  const open = () => {
    source = new EventSource(element.dataset.live);
    source.onopen = () => {
      const wasLost = lost && !lost.hidden;
      heard = new Date();
      if (lost) lost.hidden = true;
      if (wasLost) refresh(); // what happened meanwhile was not heard
    };
    source.addEventListener("changed", () => {
      heard = new Date();
      clearTimeout(timer);
      timer = setTimeout(refresh, GATHER);
    });
    source.addEventListener("alive", () => (heard = new Date()));
    source.onerror = () => {
      // Browsers wait differently long, and some give up after a 502: one rule of our own.
      source.close();
      if (lost) {
        lost.textContent = lostText.replace("{time}", clock(heard, element.dataset.tz));
        lost.hidden = false;
      }
      setTimeout(open, AGAIN_AFTER);
    };
  };

  const refresh = async () => {
    try {
      const answer = await fetch(element.dataset.liveSrc ?? location.href, { headers: { accept: "text/html" } });
      // A redirect means that the sign-in has ended; the next click will say so.
      if (!answer.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(element.id);
      if (!fresh) return;
      window.dispatchEvent(new Event("pendopo:changed"));
      element.dispatchEvent(new CustomEvent("pendopo:fresh", { detail: fresh }));
      const held = "liveHold" in element.dataset || element.contains(document.activeElement);
      if (!held) {
        swap(fresh);
      } else if (fresh.innerHTML !== element.innerHTML) {
        waiting = fresh;
        offer(fresh);
      }
    } catch {
      // The line is gone; the event source says so.
    }
  };

  const offer = (fresh) => {
    if (!more) return;
    const known = new Set(itemsOf(element));
    const count = itemsOf(fresh).filter((item) => !known.has(item)).length;
    more.textContent = count > 0 ? moreText.replace("{n}", count) : (more.dataset.tChanged ?? moreText.replace("{n}", "").trim());
    more.hidden = false;
  };

  const swap = (fresh) => {
    waiting = null;
    if (more) more.hidden = true;
    const [top, left] = [element.scrollTop, element.scrollLeft];
    element.replaceChildren(...fresh.childNodes);
    element.scrollTop = top;
    element.scrollLeft = left;
    element.dispatchEvent(new CustomEvent("pendopo:swapped", { bubbles: true }));
  };

  more?.addEventListener("click", () => {
    if (!waiting) return;
    swap(waiting);
    // The button is gone now; the reader stands at the head of what it brought.
    element.setAttribute("tabindex", "-1");
    element.focus();
  });
  // Somebody who leaves the list gets the news without asking.
  element.addEventListener("focusout", () => {
    setTimeout(() => {
      if (waiting && !("liveHold" in element.dataset) && !element.contains(document.activeElement) && document.activeElement !== more) {
        swap(waiting);
      }
    });
  });
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => event.persisted && open());
  open();
}

function itemsOf(element) {
  return [...element.querySelectorAll("[data-live-item]")].map((item) => item.dataset.liveItem);
}

function clock(time, zone) {
  const options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(zone ? { timeZone: zone } : {}) };
  return new Intl.DateTimeFormat(document.documentElement.lang || undefined, options).format(time);
}
