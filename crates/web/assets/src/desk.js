// Keys of the desk. Each does what an element on the page does when clicked, so nothing can be done by
// key alone. One switch turns all of them off (people who dictate need that).
const STORE = "pendopo:keys";

const off = () => {
  try {
    return localStorage.getItem(STORE) === "off";
  } catch {
    return false;
  }
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || off()) return;
  if (event.target.closest("input, select, textarea, [contenteditable], .maplibregl-canvas, dialog[open]")) return;
  const key = event.key.toLowerCase();
  if (key === "j" || key === "k") {
    if (move(key === "j" ? 1 : -1)) event.preventDefault();
    return;
  }
  if (key === "?") {
    const list = document.querySelector("dialog[data-keys]");
    if (!list) return;
    event.preventDefault();
    list.showModal();
    return;
  }
  const element = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].find((one) => one.checkVisibility());
  if (!element) return;
  event.preventDefault();
  if (element.matches("input, select, textarea")) element.focus();
  else if (element.matches("summary")) {
    element.parentElement.open = true;
    (element.parentElement.querySelector("input, select, textarea, button, a") ?? element).focus();
  } else element.click();
});

/** Rows are links: Enter opens them, as everywhere. */
function move(step) {
  const rows = [...document.querySelectorAll(".queue a.q-row")];
  if (rows.length === 0) return false;
  const here = rows.indexOf(document.activeElement.closest?.("a.q-row"));
  const from = here >= 0 ? here : rows.findIndex((row) => row.getAttribute("aria-current") === "true");
  const to = here < 0 && from < 0 ? 0 : from + step;
  rows[Math.min(Math.max(to, 0), rows.length - 1)].focus();
  return true;
}

/** The clock of the city, minute by minute; the zone's short name beside it stays. */
for (const clock of document.querySelectorAll("time[data-clock]")) {
  const format = new Intl.DateTimeFormat(document.documentElement.lang || undefined, {
    timeZone: clock.dataset.clock,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  setInterval(() => {
    const now = new Date();
    clock.dateTime = now.toISOString();
    clock.firstChild.data = `${format.format(now)} `;
  }, 5_000);
}

for (const box of document.querySelectorAll("input[data-keys-on]")) {
  box.checked = !off();
  box.addEventListener("change", () => {
    try {
      if (box.checked) localStorage.removeItem(STORE);
      else localStorage.setItem(STORE, "off");
    } catch {
      // Not kept, then; the keys stay as they are.
    }
  });
}
