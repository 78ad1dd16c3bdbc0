// SPDX-License-Identifier: EUPL-1.2
// A map of a city: its own GeoJSON (and, where configured, pictures behind this server) as SVG, with links
// above it. Whoever extends it says what lies on it; everything on it is in a list too.

const SVG = "http://www.w3.org/2000/svg";
const TILE = 256;
const MIN_ZOOM = 9;
const MAX_ZOOM = 18;
const NAMES_FROM = 12.6;
const GAP = 4;
const RINGS = [[0, 0], [0, -1], [0, 1], [1, 0], [-1, 0], [1, -1], [-1, -1], [1, 1], [-1, 1], [0, -2], [0, 2], [1.6, 0], [-1.6, 0]];

// Web Mercator, in pictures of zoom 0: 0 to 1 from west to east and from north to south.
export function project([lon, lat]) {
  const sine = Math.sin((lat * Math.PI) / 180);
  return [lon / 360 + 0.5, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
}

export function element(name, attributes = {}, parent = null) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent?.append(made);
  return made;
}

export function html(name, className, parent) {
  const made = document.createElement(name);
  made.className = className;
  parent?.append(made);
  return made;
}

class View {
  constructor(width, height) {
    Object.assign(this, { width, height, zoom: 12, x: 0.5, y: 0.5 });
  }

  get scale() {
    return TILE * 2 ** this.zoom;
  }

  place([x, y]) {
    return [(x - this.x) * this.scale + this.width / 2, (y - this.y) * this.scale + this.height / 2];
  }

  fit(points) {
    if (points.length === 0) return;
    const xs = points.map((point) => point[0]);
    const ys = points.map((point) => point[1]);
    const [west, east, north, south] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const across = Math.max(this.width - 110, 60) / Math.max(east - west, 1e-6);
    const down = Math.max(this.height - 110, 60) / Math.max(south - north, 1e-6);
    this.zoom = Math.min(Math.max(Math.log2(Math.min(across, down) / TILE), MIN_ZOOM), 15);
    [this.x, this.y] = [(west + east) / 2, (north + south) / 2];
  }

  zoomAt(change, px, py) {
    const zoom = Math.min(Math.max(this.zoom + change, MIN_ZOOM), MAX_ZOOM);
    const [fx, fy] = [px - this.width / 2, py - this.height / 2];
    const before = this.scale;
    this.zoom = zoom;
    this.x += fx / before - fx / this.scale;
    this.y += fy / before - fy / this.scale;
  }

  move(px, py) {
    this.x = Math.min(Math.max(this.x + px / this.scale, 0), 1);
    this.y = Math.min(Math.max(this.y + py / this.scale, 0), 1);
  }
}

function pathOf(geometry) {
  const line = (points) => "M" + points.map((point) => project(point).join(" ")).join("L");
  const ring = (points) => line(points) + "Z";
  const shapes = {
    Polygon: (c) => c.map(ring).join(""),
    MultiPolygon: (c) => c.flat().map(ring).join(""),
    LineString: line,
    MultiLineString: (c) => c.map(line).join(""),
  };
  return shapes[geometry.type]?.(geometry.coordinates) ?? null;
}

// One drawn base: shapes are in projected units and scaled as a whole, points and names are placed anew.
class Base {
  constructor(svg, layer, collection) {
    this.shapes = element("g", {}, svg);
    this.layer = layer;
    this.points = [];
    for (const feature of collection.features) this.add(feature);
  }

  add({ geometry, properties }) {
    const className = `base-${String(properties.class ?? "area").replace(/[^a-z-]/g, "")}`;
    if (geometry.type === "Point") {
      this.points.push({ at: project(geometry.coordinates), name: properties.name ?? "", className, from: properties.min_zoom ?? 0 });
      return;
    }
    const d = pathOf(geometry);
    if (d) element("path", { d, class: className, "vector-effect": "non-scaling-stroke" }, this.shapes);
    if (d && properties.label) {
      this.points.push({ at: project(properties.label), name: properties.name, className: `${className}-name`, from: 0 });
    }
  }

  draw(view) {
    const [x, y] = view.place([0, 0]);
    this.shapes.setAttribute("transform", `translate(${x} ${y}) scale(${view.scale})`);
    const seen = [];
    for (const point of this.points) {
      if (view.zoom < point.from) continue;
      const [px, py] = view.place(point.at);
      if (px < -40 || py < -20 || px > view.width + 40 || py > view.height + 20) continue;
      seen.push({ ...point, px, py });
    }
    this.layer.replaceChildren(...this.marks(seen, view));
  }

  marks(points, view) {
    const dots = points.filter((point) => point.className === "base-stop").map((point) =>
      element("circle", { cx: point.px, cy: point.py, r: view.zoom > 13 ? 4 : 2.5, class: point.className }));
    const taken = [];
    const names = [];
    for (const point of points) {
      const isStop = point.className === "base-stop";
      if (!point.name || (isStop && view.zoom < NAMES_FROM)) continue;
      const half = point.name.length * 3.4;
      const y = point.py + (isStop ? -8 : 4);
      // Of names that would cover each other only the first is told.
      if (taken.some((t) => Math.abs(t.x - point.px) < t.half + half && Math.abs(t.y - y) < 15)) continue;
      taken.push({ x: point.px, y, half });
      const text = element("text", { x: point.px, y, class: `base-name ${point.className}`, "text-anchor": "middle" });
      text.textContent = point.name;
      names.push(text);
    }
    return [...dots, ...names];
  }
}

// Marks that would cover each other step aside; a thin line leads to where they belong.
function spread(marks) {
  const taken = [];
  for (const mark of marks) {
    const { width, height } = mark;
    const fits = RINGS.map(([dx, dy]) => ({ x: mark.px + dx * (width + GAP), y: mark.py + dy * (height + GAP) }));
    const free = fits.find(({ x, y }) => taken.every((t) =>
      Math.abs(x - t.x) >= (width + t.width) / 2 + GAP || Math.abs(y - t.y) >= (height + t.height) / 2 + GAP));
    const { x, y } = free ?? fits[0];
    taken.push({ x, y, width, height });
    Object.assign(mark, { x, y });
  }
}

export class CityMap {
  // `known` is what the server says of the base map: `tiles` (path, max_zoom) or null, and `credits`.
  constructor(root, known, collection) {
    this.root = root;
    this.known = known;
    root.replaceChildren();
    this.stage = html("div", "map-stage", root);
    this.stage.tabIndex = 0;
    this.stage.setAttribute("role", "group");
    this.stage.setAttribute("aria-label", root.dataset.label);
    this.stage.setAttribute("aria-describedby", "map-help");
    this.tiles = html("div", "map-tiles", this.stage);
    this.svg = element("svg", { class: "map-base", "aria-hidden": "true", focusable: "false" }, this.stage);
    this.marks = html("div", "map-marks", this.stage);
    this.view = new View(1, 1);
    this.base = new Base(this.svg, element("g"), collection);
    this.leads = element("g", { class: "map-leads" }, this.svg);
    this.svg.append(this.base.layer);
    this.links = new Map();
    this.isFitted = false;
  }

  // What lies on it: results of `mark`; and the points that are to be seen at first.
  marksNow() { return []; }

  points() { return []; }

  // Choices of what is shown, before the buttons.
  choices() {}

  build() {
    this.controls();
    this.credit();
    this.gestures();
    new ResizeObserver(() => this.resize()).observe(this.stage);
  }

  controls() {
    const bar = html("div", "map-bar no-print", this.root);
    this.choices(bar);
    const buttons = html("div", "map-buttons", bar);
    const actions = [["in", "+", () => this.zoom(1)], ["out", "−", () => this.zoom(-1)], ["all", "⤢", () => this.fit()]];
    for (const [key, sign, action] of actions) {
      const button = html("button", "map-button", buttons);
      button.type = "button";
      button.textContent = sign;
      button.setAttribute("aria-label", this.root.dataset[`zoom${key[0].toUpperCase()}${key.slice(1)}`]);
      button.addEventListener("click", action);
    }
    const help = html("p", "unseen", this.root);
    help.id = "map-help";
    help.textContent = this.root.dataset.help;
  }

  credit() {
    if (this.known.credits.length === 0) return;
    const line = html("p", "map-credit small muted", this.root);
    this.known.credits.forEach(({ text, url }, place) => {
      if (place) line.append(" · ");
      const part = html(url ? "a" : "span", "", line);
      if (url) part.href = url;
      part.textContent = text;
    });
  }

  gestures() {
    const fingers = new Map();
    const where = (event) => {
      const box = this.stage.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    this.stage.addEventListener("pointerdown", (event) => {
      if (event.target.closest("a")) return;
      // One finger scrolls the page, two move the map; a mouse drags it.
      fingers.set(event.pointerId, where(event));
      if (event.pointerType === "mouse") this.stage.setPointerCapture(event.pointerId);
    });
    this.stage.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      const here = where(event);
      const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
      if (others.length > 0) {
        const [ox, oy] = others[0];
        const grown = Math.hypot(here[0] - ox, here[1] - oy) / Math.max(Math.hypot(before[0] - ox, before[1] - oy), 1);
        this.view.zoomAt(Math.log2(grown), (here[0] + ox) / 2, (here[1] + oy) / 2);
        this.view.move((before[0] - here[0]) / 2, (before[1] - here[1]) / 2);
      } else if (event.pointerType === "mouse") {
        this.view.move(before[0] - here[0], before[1] - here[1]);
      }
      fingers.set(event.pointerId, here);
      this.draw();
    });
    for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
      this.stage.addEventListener(end, (event) => fingers.delete(event.pointerId));
    }
    this.stage.addEventListener("wheel", (event) => {
      // A plain wheel scrolls the page.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.view.zoomAt(-event.deltaY / 240, ...where(event));
      this.draw();
    }, { passive: false });
    this.stage.addEventListener("dblclick", (event) => { this.view.zoomAt(1, ...where(event)); this.draw(); });
    this.stage.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    if (event.target !== this.stage || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = { ArrowLeft: [-80, 0], ArrowRight: [80, 0], ArrowUp: [0, -80], ArrowDown: [0, 80] };
    if (steps[event.key]) this.view.move(...steps[event.key]);
    else if (event.key === "+") this.view.zoomAt(1, this.view.width / 2, this.view.height / 2);
    else if (event.key === "-") this.view.zoomAt(-1, this.view.width / 2, this.view.height / 2);
    else if (event.key === "0") this.fit();
    else return;
    event.preventDefault();
    this.draw();
  }

  zoom(change) {
    this.view.zoomAt(change, this.view.width / 2, this.view.height / 2);
    this.draw();
  }

  resize() {
    const box = this.stage.getBoundingClientRect();
    if (box.width === 0) return;
    this.view.width = box.width;
    this.view.height = box.height;
    this.svg.setAttribute("viewBox", `0 0 ${box.width} ${box.height}`);
    if (this.isFitted) this.draw(); else this.fit();
  }

  fit() {
    const points = this.points();
    this.isFitted = points.length > 0 && this.view.width > 1;
    this.view.fit(points.map(project));
    this.draw();
  }

  // Draws anew what has changed.
  refresh() {
    if (this.isFitted) this.draw(); else this.fit();
  }

  draw() {
    this.base.draw(this.view);
    this.drawTiles();
    const marks = this.marksNow();
    const kept = new Set(marks.map((mark) => mark.key));
    for (const [key, link] of this.links) {
      if (!kept.has(key)) { link.remove(); this.links.delete(key); }
    }
    const visible = marks.filter((mark) => mark.isInside);
    // Those of a higher rank keep their place; the others step aside.
    spread(visible.sort((a, b) => b.rank - a.rank || a.py - b.py));
    this.leads.replaceChildren(...visible.filter((mark) => mark.x !== mark.px || mark.y !== mark.py).map((mark) =>
      element("path", { d: `M${mark.px} ${mark.py}L${mark.x} ${mark.y}` })));
    for (const mark of marks) {
      if (mark.isInside) mark.link.style.transform = `translate(${mark.x}px, ${mark.y}px) translate(-50%, -50%)`;
    }
  }

  mark(key, at, rank, make) {
    let link = this.links.get(key);
    if (!link) {
      link = html("a", "mark", this.marks);
      this.links.set(key, link);
    }
    make(link);
    const [px, py] = this.view.place(at);
    const isInside = px > 0 && py > 0 && px < this.view.width && py < this.view.height;
    // What is hidden has no size to be measured.
    link.hidden = !isInside;
    return { key, link, rank, px, py, x: px, y: py, isInside, width: link.offsetWidth || 52, height: link.offsetHeight || 30 };
  }

  drawTiles() {
    const { tiles } = this.known;
    if (!tiles) return;
    const zoom = Math.min(Math.round(this.view.zoom), tiles.max_zoom);
    const count = 2 ** zoom;
    const size = this.view.scale / count;
    const [left, top] = this.view.place([0, 0]);
    const wanted = new Map();
    for (let x = Math.floor(-left / size); x * size + left < this.view.width; x += 1) {
      for (let y = Math.floor(-top / size); y * size + top < this.view.height; y += 1) {
        if (x >= 0 && y >= 0 && x < count && y < count) wanted.set(`${zoom}/${x}/${y}`, [x, y]);
      }
    }
    for (const image of [...this.tiles.children]) if (!wanted.has(image.dataset.key)) image.remove();
    for (const [key, [x, y]] of wanted) {
      let image = this.tiles.querySelector(`[data-key="${key}"]`);
      if (!image) {
        image = html("img", "", this.tiles);
        image.alt = "";
        image.dataset.key = key;
        image.src = tiles.path.replace("{z}", zoom).replace("{x}", x).replace("{y}", y);
      }
      image.style.width = image.style.height = `${size}px`;
      image.style.transform = `translate(${left + x * size}px, ${top + y * size}px)`;
    }
  }
}

export async function readGeoJson(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new TypeError(`${address}: ${answer.status}`);
  return answer.json();
}
