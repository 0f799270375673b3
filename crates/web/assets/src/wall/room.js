// How large text is in this room, and what leaves when it is so large that not everything has room.

/** Heights of the screen in text heights under which something leaves, the first to leave first. */
const LEAVE = [38, 33, 28, 24];

export function fitText() {
  const root = document.documentElement;
  const u = Number(document.body.dataset.u);
  root.style.setProperty("--u", `${u}px`);
  const fit = () => {
    const tall = innerHeight / u;
    // 1 without footer counts, 2 without the second gauge, 3 without details of the incident, 4 without names of places.
    root.dataset.less = String(LEAVE.filter((height) => tall < height).length);
  };
  addEventListener("resize", fit);
  fit();
}

/** How much has to leave: 0 to 4. */
export const less = () => Number(document.documentElement.dataset.less);
