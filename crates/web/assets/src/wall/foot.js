// The foot: how many alarms of each priority, how many of each kind send, and that the line is good.
import { less } from "./room.js";
import { shapeOf } from "./list.js";
import { eachOf, number, part } from "./words.js";

const { dataset } = document.body;

export function showFoot(element, { alarms = [], kinds = [], crews = 0, shelved = 0 }) {
  if (less() >= 1) {
    element.replaceChildren(part("span", "end", dataset.tLine));
    return;
  }
  const counts = [1, 2, 3, 4].map((priority) => {
    const count = alarms.filter((alarm) => alarm?.priority === priority && alarm.state !== "shelved").length;
    return part("span", count ? "" : "none", shapeOf({ priority }), part("b", "", number(count)));
  });
  const sending = eachOf(kinds.slice(0, 3), ({ name, fresh, total }) =>
    part("span", "", dataset.tKind.replace("{name}", name).replace("{fresh}", number(fresh)).replace("{total}", number(total))),
  );
  const others = [
    shelved ? part("span", "", dataset.tShelved.replace("{n}", number(shelved))) : null,
    part("span", "", dataset.tCrews.replace("{n}", number(crews))),
  ];
  element.replaceChildren(...counts, part("span", "sep"), ...[...sending, ...others].filter(Boolean), part("span", "end", dataset.tLine));
  // What has no room leaves from the end; never a scroll bar.
  const loose = [...element.children].slice(5, -1);
  while (loose.length && element.scrollWidth > element.clientWidth + 1) loose.pop().remove();
}
