// Where the value of a live entity stands: beside its place, on a stem, where no report and no other value is.

/** Ways that a stem may go. */
const SIDES = { up: [0, -1], right: [1, 0], left: [-1, 0], down: [0, 1] };
/** Lengths of a stem in pixels; the long one reaches over a large cluster. Both are in live.css. */
const STEMS = { short: 8, long: 34 };

/** Puts the values of `marks` beside their places and turns their stems there; those of a crowd stay on their places. */
export function placeBeside(element, map, marks) {
  const frame = map.getContainer().getBoundingClientRect();
  const reports = [...element.querySelectorAll(".map-mark:not(.live)")].map((mark) => mark.getBoundingClientRect());
  const taken = reports
    .filter((box) => box.width > 0)
    .map((box) => [box.left - frame.left, box.top - frame.top, box.right - frame.left, box.bottom - frame.top]);
  for (const control of element.querySelectorAll(".map-zoom, .map-layers")) {
    const box = control.getBoundingClientRect();
    taken.push([box.left - frame.left, box.top - frame.top, box.right - frame.left, box.bottom - frame.top]);
  }
  const crowded = element.classList.contains("map-crowded");
  for (const { value, stem } of marks) {
    const mark = value.getElement();
    const line = stem.getElement();
    if (crowded) {
      delete line.dataset.side;
      value.setOffset([0, 0]);
      continue;
    }
    const at = map.project(value.getLngLat());
    const [width, height] = [mark.offsetWidth, mark.offsetHeight];
    if (width === 0) continue;
    const places = Object.entries(STEMS).flatMap(([name, length]) =>
      Object.entries(SIDES).map(([side, [x, y]]) => {
        const offset = [x * (width / 2 + length), y * (height / 2 + length)];
        const middle = [at.x + offset[0], at.y + offset[1]];
        const box = [middle[0] - width / 2, middle[1] - height / 2, middle[0] + width / 2, middle[1] + height / 2];
        return { name, side, offset, box };
      }),
    );
    const inside = ({ box }) => box[0] >= 0 && box[1] >= 0 && box[2] <= frame.width && box[3] <= frame.height;
    const covers = ({ box }) => taken.reduce((sum, other) => sum + overlap(box, other), 0);
    // The first that covers nothing, else the one that covers least.
    const open = places.filter(inside);
    const best = (open.length ? open : places).map((place) => [covers(place), place]).sort((a, b) => a[0] - b[0])[0][1];
    line.dataset.side = best.side;
    line.dataset.stem = best.name;
    value.setOffset(best.offset);
    taken.push(best.box);
  }
}

/** How many square pixels two boxes share. */
function overlap(one, other) {
  const width = Math.min(one[2], other[2]) - Math.max(one[0], other[0]);
  const height = Math.min(one[3], other[3]) - Math.max(one[1], other[1]);
  return width > 0 && height > 0 ? width * height : 0;
}
