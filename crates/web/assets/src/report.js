// Turns the one long report form into steps. Without this script the form is one page and works.
import { keepDraft, forgetDraft } from "./report/draft.js";
import { shrinkPhotos } from "./report/photo.js";

for (const done of document.querySelectorAll("[data-draft-done]")) forgetDraft(done.dataset.draftDone);
for (const form of document.querySelectorAll("form[data-steps]")) {
  keepDraft(form);
  for (const input of form.querySelectorAll("input[type=file][data-photo]")) shrinkPhotos(input);
  hintSimilar(form);
  sendWhenOnline(form);
  showSteps(form);
}

function showSteps(form) {
  const steps = [...form.querySelectorAll("fieldset[data-step]")];
  const submit = form.querySelector("[data-submit]");
  if (steps.length < 2 || !submit) return;
  const text = form.dataset;

  const head = document.createElement("div");
  head.className = "step-head";
  const back = document.createElement("button");
  back.type = "button";
  back.className = "btn quiet back";
  const bars = document.createElement("div");
  bars.className = "steps";
  bars.setAttribute("aria-hidden", "true");
  bars.append(...steps.map(() => document.createElement("i")));
  // A legend may say itself which step it is; then it is not said twice.
  const where = document.createElement("p");
  where.className = "eyebrow";
  where.hidden = Boolean(steps[0].querySelector("legend .eyebrow"));
  head.append(back, bars, where);
  form.prepend(head);

  const next = document.createElement("button");
  next.type = "button";
  next.className = submit.className;
  next.textContent = text.tNext ?? "";
  submit.before(next);

  // A form that came back with an error opens where the first error is.
  const wrong = form.querySelector("[aria-invalid=true]")?.closest("fieldset[data-step]");
  let now = Math.max(0, steps.indexOf(wrong));

  const show = (index, { focus = true, push = false } = {}) => {
    now = Math.min(Math.max(index, 0), steps.length - 1);
    steps.forEach((step, i) => (step.hidden = i !== now));
    [...bars.children].forEach((bar, i) => bar.classList.toggle("on", i <= now));
    where.textContent = (text.tStep ?? "{n} / {m}").replace("{n}", now + 1).replace("{m}", steps.length);
    back.hidden = now === 0;
    back.textContent = steps[now - 1]?.dataset.step ?? "";
    next.hidden = now === steps.length - 1;
    submit.hidden = !next.hidden;
    for (const element of document.querySelectorAll("[data-only-step]")) {
      element.hidden = element.dataset.onlyStep !== String(now + 1);
    }
    if (push) history.pushState({ step: now }, "");
    // A map that was hidden has to measure itself again.
    window.dispatchEvent(new Event("resize"));
    if (focus) {
      const legend = steps[now].querySelector("legend");
      const heading = legend?.querySelector("h1, h2, .step-title") ?? legend;
      heading?.setAttribute("tabindex", "-1");
      heading?.focus({ preventScroll: true });
      window.scrollTo({ top: 0 });
    }
  };

  next.addEventListener("click", () => {
    // Only what the browser itself can judge is checked here; the rest is the server's to say.
    const fields = [...steps[now].querySelectorAll("input, select, textarea")];
    if (form.noValidate || fields.every((field) => field.reportValidity())) show(now + 1, { push: true });
  });
  back.addEventListener("click", () => history.back());
  // The back button of the phone goes one step back, not out of the form.
  window.addEventListener("popstate", (event) => show(event.state?.step ?? 0));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input:not([type=file])") && !next.hidden) {
      event.preventDefault();
      next.click();
    }
  });
  // A link of the error summary may lead into a step that is not shown.
  document.querySelector(".errors")?.addEventListener("click", (event) => {
    const field = document.getElementById(event.target.closest("a")?.hash.slice(1) ?? "");
    const step = steps.indexOf(field?.closest("fieldset[data-step]"));
    if (step < 0) return;
    event.preventDefault();
    show(step, { focus: false });
    field.focus();
  });

  history.replaceState({ step: 0 }, "");
  // Back from an error in a later step still leads through the earlier ones.
  for (let i = 1; i <= now; i += 1) history.pushState({ step: i }, "");
  show(now, { focus: false });
}

/** Shows reports that are like this one, before it is written twice. */
function hintSimilar(form) {
  const address = form.dataset.similar;
  const place = document.getElementById("mirip");
  if (!address || !place) return;
  let timer = 0;
  let running = null;
  const ask = async () => {
    running?.abort();
    // What is told in confidence is not compared with what is public.
    if (form.querySelector("[data-secret]:checked")) {
      place.replaceChildren();
      return;
    }
    const fields = new FormData(form);
    const query = new URLSearchParams();
    for (const name of ["lat", "long", "place", "service"]) {
      const value = fields.get(name);
      if (value) query.set(name, String(value));
    }
    if (!query.has("service") || !(query.has("lat") || query.has("place"))) return;
    running = new AbortController();
    try {
      const answer = await fetch(`${address}?${query}`, { signal: running.signal, headers: { accept: "text/html" } });
      if (answer.ok) place.innerHTML = await answer.text();
    } catch {
      // A hint that cannot be had is no error.
    }
  };
  form.addEventListener("change", (event) => {
    if (!["lat", "long", "place", "service"].includes(event.target.name)) return;
    clearTimeout(timer);
    timer = setTimeout(ask, 400);
  });
}

function sendWhenOnline(form) {
  const note = document.createElement("p");
  note.className = "banner offline";
  note.setAttribute("role", "status");
  note.hidden = true;
  const bar = form.querySelector("[data-submit]")?.closest(".go");
  if (bar) bar.before(note);
  else form.append(note);
  let waiting = null;
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) {
      event.preventDefault(); // a second press while the first is on its way
      return;
    }
    if (navigator.onLine) {
      sent = true;
      form.setAttribute("aria-busy", "true");
      return;
    }
    event.preventDefault();
    waiting = event.submitter;
    note.textContent = form.dataset.offline ?? "";
    note.hidden = false;
  });
  window.addEventListener("online", () => {
    if (note.hidden) return;
    note.hidden = true;
    form.requestSubmit(waiting?.isConnected ? waiting : undefined);
  });
  // A page that comes back out of the browser's memory may be sent again.
  window.addEventListener("pageshow", () => {
    sent = false;
    form.removeAttribute("aria-busy");
  });
}
