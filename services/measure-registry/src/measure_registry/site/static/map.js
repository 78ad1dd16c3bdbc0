// SPDX-License-Identifier: EUPL-1.2
// The map of ideas and measures: drawn of the list beside it, so that both always say the same.
import { CityMap, html, project, readGeoJson } from "./city-map.js";

const NEAR = 34;
const CLOSEST = 18;

// Things so near to each other that their marks would cover: one mark with their number.
function grouped(things, view) {
  const groups = [];
  for (const thing of things) {
    const [x, y] = view.place(thing.at);
    const near = groups.find((group) => Math.abs(group.x - x) < NEAR && Math.abs(group.y - y) < NEAR);
    if (near) near.things.push(thing);
    else groups.push({ x, y, things: [thing] });
  }
  return groups;
}

class PlacesMap extends CityMap {
  constructor(root, known, collection, things) {
    super(root, known, collection);
    this.things = things;
    this.build();
    this.panel = html("div", "map-panel", root);
    this.panel.setAttribute("role", "status");
  }

  points() {
    return this.things.map((thing) => thing.lonLat);
  }

  marksNow() {
    return grouped(this.things, this.view).map(({ things }) => (things.length === 1 ? this.single(things[0]) : this.group(things)));
  }

  single(thing) {
    return this.mark(thing.href, thing.at, 0, (link) => {
      if (link.href) return;
      link.href = thing.href;
      link.className = `mark is-${thing.kind}`;
      link.title = thing.title;
      link.setAttribute("aria-label", `${thing.kindName}: ${thing.title}`);
      html("span", "mark-dot", link);
    });
  }

  group(things) {
    const first = things[0];
    const key = `group/${things.map((thing) => thing.href).join(" ")}`;
    return this.mark(key, first.at, 1, (link) => {
      if (link.dataset.count) return;
      link.className = "mark is-group";
      link.href = "#map-list";
      link.dataset.count = things.length;
      link.textContent = things.length;
      const told = this.root.dataset.group.replace("{count}", things.length);
      link.title = told;
      link.setAttribute("aria-label", `${told}: ${things.map((thing) => thing.title).join("; ")}`);
      link.addEventListener("click", (event) => { event.preventDefault(); this.open(things); });
    });
  }

  // Shows what a group holds, and comes nearer where that parts it.
  open(things) {
    const list = html("ul", "plain");
    for (const thing of things) {
      const link = html("a", "", html("li", "", list));
      link.href = thing.href;
      link.textContent = thing.title;
    }
    const heading = html("p", "map-panel-heading");
    heading.textContent = this.root.dataset.here;
    this.panel.replaceChildren(heading, list);
    if (this.view.zoom < CLOSEST - 1) {
      const [x, y] = this.view.place(things[0].at);
      this.view.move(x - this.view.width / 2, y - this.view.height / 2);
      this.zoom(1.5);
    }
    list.querySelector("a").focus();
  }
}

function listed() {
  return [...document.querySelectorAll("[data-lat]")].map((item) => {
    const link = item.querySelector("a");
    const lonLat = [Number(item.dataset.lon), Number(item.dataset.lat)];
    return { lonLat, at: project(lonLat), href: link.href, title: link.textContent, kind: item.dataset.kind, kindName: item.dataset.kindName };
  });
}

async function start(root) {
  const known = JSON.parse(root.dataset.known);
  const collection = await readGeoJson(root.dataset.base);
  new PlacesMap(root, known, collection, listed());
}

const root = document.getElementById("map");
if (root) {
  start(root).catch((error) => {
    root.classList.add("is-failed");
    root.textContent = root.dataset.failed;
    console.error(error);
  });
}
