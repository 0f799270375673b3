// The status buttons of a crew keep working without a network: a press is kept with its time and a key of its own, and
// sent in order when there is a signal again. What is kept names a task and a state, nobody and no place.
const STORE = "pendopo:presses";
const RETRY_MS = 5000;
const PATIENCE_MS = 10000;
// The order in which a crew gets on.
const ORDER = ["dispatched", "acknowledged", "en_route", "on_scene", "transporting", "at_facility"];

function kept() {
  try {
    return JSON.parse(localStorage.getItem(STORE) ?? "[]");
  } catch {
    return [];
  }
}

/** False when the browser keeps nothing: then the form is sent as any other. */
function keep(presses) {
  try {
    localStorage.setItem(STORE, JSON.stringify(presses));
    return true;
  } catch {
    return false;
  }
}

const notice = (name, on) => {
  for (const element of document.querySelectorAll(`[data-press-${name}]`)) element.hidden = !on;
};

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-press]");
  if (!form) return;
  const press = {
    url: new URL(form.action).pathname,
    state: form.dataset.press,
    at: new Date().toISOString(),
    key: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`,
  };
  if (!keep([...kept(), press])) return;
  event.preventDefault();
  show();
  send();
});

/** The page as it will be when everything kept is sent. */
function show() {
  const presses = kept();
  notice("waiting", presses.length > 0);
  const here = presses.filter((press) => press.url.startsWith(`${location.pathname}/`));
  const reached = ORDER.indexOf(here.at(-1)?.state);
  if (reached < 0) return;
  const forms = [...document.querySelectorAll("form[data-press]")];
  for (const form of forms) form.hidden = ORDER.indexOf(form.dataset.press) <= reached;
  // What had the focus is gone: the next button takes it.
  if (document.activeElement === document.body || document.activeElement?.closest("form[hidden]")) {
    forms.find((form) => !form.hidden)?.querySelector("button").focus();
  }
}

let sending = false;
let again;

/** Sends what is kept, oldest first, in one tab at a time. */
async function send() {
  if (sending) return;
  sending = true;
  clearTimeout(again);
  try {
    if (navigator.locks) await navigator.locks.request(STORE, { ifAvailable: true }, (lock) => lock && sendAll());
    else await sendAll();
  } finally {
    sending = false;
    if (kept().length > 0) again = setTimeout(send, RETRY_MS);
  }
}

async function sendAll() {
  const seen = new Set();
  for (let press = kept()[0]; press; press = kept()[0]) {
    const outcome = await sendOne(press);
    if (outcome === "again") return;
    if (outcome === "signed-out") {
      notice("signed-out", true);
      return;
    }
    keep(kept().filter((other) => other.key !== press.key));
    seen.add(outcome);
  }
  notice("waiting", false);
  if (seen.size === 0) return;
  // The page as the city has it now; what was not taken is said there.
  const told = [...seen].filter((outcome) => outcome !== "taken");
  if (told.length > 0) sessionStorage.setItem(STORE, JSON.stringify(told));
  location.reload();
}

async function sendOne(press) {
  let answer;
  try {
    answer = await fetch(press.url, {
      method: "POST",
      headers: { accept: "application/json" },
      body: new URLSearchParams({ at: press.at, key: press.key }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    return "again";
  }
  if (answer.status === 401) return "signed-out";
  if (answer.status === 429 || answer.status >= 500) return "again";
  if (!answer.ok) return "refused";
  try {
    return (await answer.json()).outcome;
  } catch {
    return "again";
  }
}

for (const outcome of JSON.parse(sessionStorage.getItem(STORE) ?? "[]")) notice(outcome, true);
sessionStorage.removeItem(STORE);
addEventListener("online", send);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && send());
show();
if (kept().length > 0) send();
