// SPDX-License-Identifier: EUPL-1.2
// The map of lots and vehicles, on the city's base map. Everything on it is in the lists too.
import { CityMap, element, html, project, readGeoJson } from "./city-map.js";
import { localised, numberOf, places as readPlaces, say, whenLive } from "./live.js";

class LotMap extends CityMap {
  constructor(root, places, collection) {
    super(root, places, collection);
    this.shown = { lots: true, vehicles: true };
    this.state = { lots: [], vehicles: [] };
    this.build();
  }

  choices(bar) {
    const layers = html("fieldset", "map-layers", bar);
    html("legend", "unseen", layers).textContent = this.root.dataset.layers;
    for (const key of ["lots", "vehicles"]) {
      const label = html("label", "check", layers);
      const box = html("input", "", label);
      box.type = "checkbox";
      box.checked = true;
      label.append(` ${this.root.dataset[`show${key[0].toUpperCase()}${key.slice(1)}`]}`);
      box.addEventListener("change", () => { this.shown[key] = box.checked; this.draw(); });
    }
  }

  points() {
    return this.state.lots.map((lot) => [lot.lon, lot.lat]);
  }

  take(state) {
    this.state = state;
    this.refresh();
  }

  marksNow() {
    return [...(this.shown.vehicles ? this.vehicleMarks() : []), ...(this.shown.lots ? this.lotMarks() : [])];
  }

  lotMarks() {
    return this.state.lots.map((lot) => this.mark(`lot/${lot.id}`, project([lot.lon, lot.lat]), 1, (link) => {
      const number = numberOf(lot);
      const told = `${lot.name}: ${lot.state === "free" || lot.state === "almost_full" ? `${number} ` : ""}${say(`state_${lot.state}`)}`;
      fill(link, told, lot.state, number === say("no_number") ? "" : number, `mark is-lot is-${lot.state}`);
      link.href = localised(`/parken/${encodeURIComponent(lot.id)}`);
    }));
  }

  vehicleMarks() {
    const marks = [];
    for (const vehicle of this.state.vehicles) {
      const stop = this.known.stops[vehicle.stop];
      if (!stop) continue;
      const [name, lat, lon] = stop;
      const end = this.known.ends[vehicle.line]?.[vehicle.direction];
      const level = say(`level_${vehicle.level ?? "none"}`);
      const told = [say("line", vehicle), end ? say("towards", { end }) : "", say("at_stop", { stop: name }), level].filter(Boolean).join(", ");
      marks.push(this.mark(`vehicle/${vehicle.id}`, project([lon, lat]), 0, (link) => {
        fill(link, told, null, vehicle.line, `mark is-vehicle is-level-${vehicle.level ?? "none"}`);
        people(link, vehicle.level);
        link.href = localised("/bus-und-bahn");
      }));
    }
    return marks;
  }
}

function fill(link, told, state, text, className) {
  if (link.getAttribute("aria-label") === told && link.dataset.text === text) return;
  link.className = className;
  link.setAttribute("aria-label", told);
  link.title = told;
  link.dataset.text = text;
  link.replaceChildren();
  if (state) {
    const svg = element("svg", { class: "symbol", "aria-hidden": "true", focusable: "false" }, link);
    element("use", { href: `#s-${state}` }, svg);
  }
  if (text) html("span", "mark-text", link).textContent = text;
}

function people(link, level) {
  if (link.querySelector(".people")) return;
  const svg = element("svg", { class: "people", viewBox: "0 0 50 24", "aria-hidden": "true", focusable: "false" }, link);
  const filled = { low: 1, medium: 2, high: 3 }[level] ?? 0;
  for (let number = 0; number < 3; number += 1) {
    element("use", { href: "#s-person", x: number * 17, width: 14, height: 24, class: number < filled ? "" : "is-empty" }, svg);
  }
}

export async function start(root) {
  const [known, collection] = await Promise.all([readPlaces(), readGeoJson("/portal/base-map.geojson")]);
  const map = new LotMap(root, known, collection);
  whenLive((state) => map.take(state));
}
