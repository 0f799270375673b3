// The wall of a control room: the state of the city on a screen that nobody touches.
//
// It asks for everything as one answer, when the server says that something changed and now and then anyway. Without
// an answer it keeps what it has, says since when, and tries again. Each part is drawn by itself: one that cannot be
// drawn is left out and harms no other.
import { showAlerts, showStage } from "./wall/alerts.js";
import { fitText } from "./wall/room.js";
import { showFoot } from "./wall/foot.js";
import { showGauges, showSilent } from "./wall/gauge.js";
import { showLayers } from "./wall/layers.js";
import { showHead, showList } from "./wall/list.js";
import { showMap } from "./wall/map.js";
import { age, cityNow, clock, setCityNow, words } from "./wall/words.js";

/** Asked anyway after so long: what a stream missed, and what is only old. */
const AGAIN = 5_000;
/** A lost line is tried again after so long: back within five seconds, whatever the browser thinks of it. */
const RETRY = 1_500;
/** An answer that takes longer is none. */
const PATIENCE = 4_000;
/** Nothing heard for so long, and the stream is dead though nobody said so. */
const SILENCE = 6_000;
/** Rows of the list that are worth more than what tells of the second gauge. */
const ROWS = 2;
/** Against pictures that burn in: two pixels every ten minutes. */
const SHIFT = 600_000;
const SHIFTS = [[0, 0], [2, 0], [2, 2], [0, 2]];

const body = document.body;
const lost = document.querySelector("[data-lost]");
let last = null; // the last answer
let lastAt = null; // the city's time of it
let asking = false;
let again = false;
let timer = 0;
let map = null;

fitText();
const started = showMap(document.querySelector(".wall-map")).then((shown) => {
  map = shown;
  map.onmove(ask);
  showLayers(document.querySelector("[data-layers]"), () => last && each(() => map.show(last)));
});
started.catch((error) => console.warn("map not drawn:", error.message)).finally(ask);
ask();

async function ask() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  clearTimeout(timer);
  let next = AGAIN;
  try {
    const address = new URL(body.dataset.data, location.href);
    if (map) for (const [name, value] of Object.entries(map.asks())) address.searchParams.set(name, value);
    const answer = await fetch(address, { signal: AbortSignal.timeout(PATIENCE), headers: { accept: "application/json" } });
    if (answer.status === 404) return gone();
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    last = await answer.json();
    lastAt = last.at;
    setCityNow(last.at);
    lost.hidden = true;
    body.classList.remove("is-lost");
    draw();
  } catch {
    lose();
    next = RETRY;
  } finally {
    asking = false;
  }
  timer = setTimeout(ask, again ? 0 : next);
  again = false;
}

/** The link was taken away: what stood here is not for this screen any more. */
function gone() {
  stream?.close();
  location.reload();
}

function lose() {
  if (lastAt !== null) lost.textContent = body.dataset.tLost.replace("{at}", clock(lastAt));
  lost.hidden = lastAt === null;
  body.classList.toggle("is-lost", lastAt !== null);
}

function draw() {
  const parts = [
    () => showStage(document.querySelector("[data-stage]"), last.stage),
    () => showAlerts(document.querySelector("[data-warnings]"), last.alerts),
    () => showHead(document.querySelector("[data-head]"), last),
    () => showGauges(document.querySelector("[data-gauges]"), last.gauges ?? []),
    () => showSilent(document.querySelector("[data-silent]"), last.silent),
    () => showFoot(document.querySelector("[data-foot]"), last),
    // After the others, for it takes the room that they leave.
    () => showRows(),
    () => map?.show(last),
  ];
  for (const part of parts) each(part);
}

/** What asks for somebody goes before what only tells: with too few rows the silent one leaves, then the second gauge. */
function showRows() {
  const list = document.querySelector("[data-list]");
  for (const least of [".wall-silent", ".wall-gauge + .wall-gauge", null]) {
    const { shown, hidden } = showList(list, last);
    if (!hidden || shown >= ROWS || !least) return;
    document.querySelector(least)?.remove();
  }
}

function each(act) {
  try {
    act();
  } catch (error) {
    console.warn("a part of the wall was not drawn:", error.message);
  }
}

let stream = null;
let heard = performance.now();

function listen() {
  stream = new EventSource(body.dataset.events);
  const hear = () => (heard = performance.now());
  for (const name of ["hello", "alive", "changed"]) stream.addEventListener(name, hear);
  stream.addEventListener("hello", ask);
  stream.addEventListener("changed", ask);
  stream.onerror = () => {
    stream.close();
    setTimeout(listen, RETRY);
    ask();
  };
}
listen();

// What is read: the clock and every age go on by themselves.
setInterval(() => {
  if (performance.now() - heard > SILENCE) {
    heard = performance.now();
    stream.onerror();
  }
  each(() => {
    const now = document.querySelector("[data-now]");
    now.firstChild.data = clock(cityNow());
  });
  for (const one of document.querySelectorAll("[data-age]")) each(() => (one.textContent = words(one.dataset.words, age(Number(one.dataset.age)))));
  each(() => {
    for (const one of document.querySelectorAll("[data-stale-at]")) one.classList.toggle("stale", cityNow() > Number(one.dataset.staleAt));
  });
}, 1_000);

let shift = 0;
setInterval(() => {
  shift = (shift + 1) % SHIFTS.length;
  const [x, y] = SHIFTS[shift];
  body.style.setProperty("--shift-x", `${x}px`);
  body.style.setProperty("--shift-y", `${y}px`);
}, SHIFT);
