// Draws `figure[data-chart]` from the table of the same name, which stays below it for everyone. The drawing code comes
// when the figure is about to be seen, and not at all without one.
const WAIT = { rootMargin: "200px" };

for (const figure of document.querySelectorAll("figure[data-chart]")) {
  const table = document.getElementById(figure.dataset.chart);
  if (!table) continue;
  figure.hidden = false;
  const watch = new IntersectionObserver((seen) => {
    if (!seen.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    draw(figure, table).catch((error) => failed(figure, error));
  }, WAIT);
  watch.observe(figure);
}

async function draw(figure, table) {
  const { default: UPlot } = await import(new URL("uplot.js", import.meta.url).href);
  const data = read(table);
  const folded = document.querySelector("details[data-without-chart]");
  if (folded) folded.open = false;
  let plot = null;
  const again = () => {
    plot?.destroy();
    plot = new UPlot(options(UPlot, figure), data, figure);
  };
  again();
  new ResizeObserver(() => plot.setSize(size(figure))).observe(figure);
  // The colours live in the style sheet; the canvas has to be told when they change.
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
}

/** Seconds and values from the oldest to the newest; the table has the newest first. */
function read(table) {
  const rows = [...table.querySelectorAll("tbody tr")].reverse();
  return [rows.map((row) => Number(row.dataset.t)), rows.map((row) => Number(row.dataset.v))];
}

function size(figure) {
  const style = getComputedStyle(figure);
  const inside = figure.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  return { width: Math.max(200, Math.floor(inside)), height: inside < 500 ? 220 : 320 };
}

function options(UPlot, figure) {
  const { label, unit, zone } = figure.dataset;
  const style = getComputedStyle(figure);
  const colour = (name) => style.getPropertyValue(name).trim();
  const language = document.documentElement.lang || undefined;
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const axis = {
    stroke: colour("--ink-2"),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1 },
  };
  return {
    ...size(figure),
    tzDate: (seconds) => UPlot.tzDate(new Date(seconds * 1e3), zone),
    // Day and hour as they are read here, not as in the United States.
    axes: [
      { ...axis, values: (_, at, __, ___, step) => at.map((seconds) => time(language, zone, seconds, step)) },
      { ...axis, size: 64, values: (_, values) => values.map((value) => number.format(value)) },
    ],
    series: [
      { label: figure.dataset.tTime ?? "", value: (_, at) => (at == null ? "" : time(language, zone, at, 0)) },
      {
        label: label ?? "",
        stroke: colour("--accent"),
        width: 2,
        points: { show: false },
        value: (_, value) => (value == null ? "" : `${number.format(value)} ${unit ?? ""}`.trim()),
      },
    ],
  };
}

function time(language, zone, seconds, step) {
  const whole = step >= 86_400;
  const parts = whole
    ? { day: "numeric", month: "short" }
    : { ...(step ? {} : { day: "numeric", month: "short" }), hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return new Intl.DateTimeFormat(language, { ...parts, timeZone: zone }).format(seconds * 1e3);
}

function failed(figure, error) {
  console.warn("chart not drawn:", error.message);
  figure.hidden = true;
}
