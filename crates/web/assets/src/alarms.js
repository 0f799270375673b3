// Says of the list of alarms what changed: how many there are, politely; a new one of priority 1 at once.
// The list itself is kept fresh by live.js, which tells of what came before it shows it.
const list = document.getElementById("alarm");
const count = document.querySelector("[data-alarm-count]");
const urgent = document.querySelector("[data-alarm-urgent]");

const known = new Set(urgents(list).map(([id]) => id));

list.addEventListener("pendopo:fresh", ({ detail: fresh }) => {
  const words = fresh.querySelector("[data-count]")?.textContent;
  if (words && words !== count.textContent) count.textContent = words;
  for (const [id, what] of urgents(fresh)) {
    if (known.has(id)) continue;
    known.add(id);
    urgent.textContent = urgent.dataset.tUrgent.replace("{what}", what);
  }
});

function urgents(element) {
  return [...element.querySelectorAll("[data-urgent]")].map(({ dataset }) => [dataset.urgent, dataset.what]);
}
