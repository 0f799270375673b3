// Small shapes that several parts of the map draw.
const SVG = "http://www.w3.org/2000/svg";

export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** An icon of the sprite; `data-sprite` on the map names it, by default beside this script. */
export function icon(element, name) {
  const sprite = element.dataset.sprite ?? new URL("sprite.svg", import.meta.url).pathname;
  return svg(
    "svg",
    { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" },
    svg("use", { href: `${sprite}#${name}` }),
  );
}

/** Shape and place of the digit for each priority, the same as in pages. */
const SHAPES = {
  1: ["path", { d: "M12 1.2 22.8 12 12 22.8 1.2 12z" }, 16.2],
  2: ["path", { d: "M12 1.6 23 21.6H1z" }, 18.9],
  3: ["path", { d: "M2.6 2.6h18.8v18.8H2.6z" }, 16.2],
  4: ["circle", { cx: 12, cy: 12, r: 10.2 }, 16.2],
};

export function priorityShape(priority, text) {
  const [name, attributes, y] = SHAPES[priority];
  const digits = svg("text", { x: 12, y });
  digits.textContent = text;
  return svg(
    "svg",
    { class: `shape p${priority}`, viewBox: "0 0 24 24", "aria-hidden": "true" },
    svg(name, { class: "f", ...attributes }),
    digits,
  );
}

export function hasShape(priority) {
  return Object.hasOwn(SHAPES, priority);
}

/** The pin of one place; its tip is the place. */
export function pinShape() {
  return svg(
    "svg",
    { viewBox: "0 0 40 48", "aria-hidden": "true" },
    svg("path", { class: "body", d: "M20 46C9 32 4 25 4 17a16 16 0 0 1 32 0c0 8-5 15-16 29z" }),
    svg("circle", { class: "eye", cx: 20, cy: 17, r: 6 }),
  );
}
