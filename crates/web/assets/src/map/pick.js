// A pin that says where: tap, drag, arrow keys, the phone's own position or a place from the list.
// What counts are the inputs `lat` and `long`; each move tells them with a change event.
import { Marker } from "maplibre-gl";
import { icon, pinShape } from "./parts.js";

const NEAR = 16;

export function pickPlace(element, map) {
  const lat = document.getElementById("lat");
  const long = document.getElementById("long");
  if (!lat || !long) throw new Error("inputs lat and long are missing");

  const pin = document.createElement("button");
  pin.type = "button";
  pin.className = "map-pin";
  pin.setAttribute("aria-label", element.dataset.tPin ?? "");
  pin.append(pinShape());
  const marker = new Marker({ element: pin, anchor: "bottom", draggable: true });

  const set = (position, { follow = false, zoom = map.getZoom() } = {}) => {
    marker.setLngLat(position);
    if (!pin.isConnected) marker.addTo(map);
    lat.value = position.lat.toFixed(6);
    long.value = position.lng.toFixed(6);
    // Both are set before anybody hears of it.
    lat.dispatchEvent(new Event("change", { bubbles: true }));
    if (follow) map.easeTo({ center: position, zoom, animate: !matchMedia("(prefers-reduced-motion: reduce)").matches });
  };

  if (lat.value && long.value) {
    const position = { lat: Number(lat.value), lng: Number(long.value) };
    marker.setLngLat(position).addTo(map);
    map.jumpTo({ center: position, zoom: Math.max(map.getZoom(), NEAR - 2) });
  }
  map.on("click", (event) => set(event.lngLat));
  marker.on("dragend", () => set(marker.getLngLat()));
  pin.addEventListener("click", (event) => event.stopPropagation());

  // Without a pointer: Enter on the map puts the pin in its middle, arrows on the pin move it.
  map.getCanvas().addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    set(map.getCenter());
    pin.focus();
  });
  const steps = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  pin.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const far = event.shiftKey ? 1 : 10;
    const at = map.project(marker.getLngLat());
    const position = map.unproject([at.x + step[0] * far, at.y + step[1] * far]);
    set(position);
    if (!map.getBounds().contains(position)) map.panTo(position);
  });

  for (const select of document.querySelectorAll("select[data-place]")) {
    select.addEventListener("change", () => {
      const { lat: y, long: x } = select.selectedOptions[0]?.dataset ?? {};
      if (y && x) set({ lat: Number(y), lng: Number(x) }, { follow: true, zoom: Math.max(map.getZoom(), NEAR - 2) });
    });
  }
  if (navigator.geolocation) addLocate(element, map, set);
}

function addLocate(element, map, set) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn loc";
  button.setAttribute("aria-label", element.dataset.tLocate ?? "");
  button.append(icon(element, "locate-fixed"));
  const note = document.createElement("p");
  note.className = "map-note";
  note.setAttribute("role", "status");
  element.append(button);
  element.after(note);
  button.addEventListener("click", () => {
    note.textContent = "";
    button.setAttribute("aria-busy", "true");
    const done = () => button.removeAttribute("aria-busy");
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        done();
        const position = { lat: coords.latitude, lng: coords.longitude };
        const edge = map.getMaxBounds();
        if (edge && !edge.contains(position)) {
          note.textContent = element.dataset.tOutside ?? "";
          return;
        }
        set(position, { follow: true, zoom: NEAR });
      },
      () => {
        done();
        note.textContent = element.dataset.tLocateFailed ?? "";
      },
      { enableHighAccuracy: true, timeout: 10_000, maximumAge: 60_000 },
    );
  });
}
