// SPDX-License-Identifier: EUPL-1.2
// Keeps what a page shows of lots and vehicles true: asks anew every few seconds, and turns into
// unknown by itself what is over its time. The server's clock counts, not the reader's.
import { applyFinder, listen } from "./finder.js";

const ASK_EVERY_MS = 10_000;
const LOOK_EVERY_MS = 1_000;
const RENEW_EVERY_MS = 300_000;
const WITH_PLACES = new Set(["free", "almost_full"]);
const words = JSON.parse(document.getElementById("words").textContent);
const listeners = [];
let known = null;
let clock = null;
let lastHeard = 0;
let drawn = null;
let placesAsked = null;
let stops = {};

export function say(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// Names of stops and lines: asked for once, by the list and by the map.
export function places() {
  placesAsked ??= fetch("/portal/places.json").then((answer) => {
    if (!answer.ok) throw new TypeError(`places: ${answer.status}`);
    return answer.json();
  }).catch((error) => { placesAsked = null; throw error; });
  return placesAsked;
}

export function localised(path) {
  return document.documentElement.lang === "de" ? path : `${path}?lang=${document.documentElement.lang}`;
}

export function whenLive(listener) {
  listeners.push(listener);
  if (known) listener(current());
}

function now() {
  return clock === null ? null : clock.server + (performance.now() - clock.here);
}

function isOver(entry) {
  return entry.until !== null && Date.parse(entry.until) <= now();
}

function lotNow(lot) {
  return isOver(lot) ? { ...lot, state: "unknown", free: null, min: null, max: null } : lot;
}

function vehicleNow(vehicle) {
  return isOver(vehicle) ? { ...vehicle, level: null } : vehicle;
}

function current() {
  return { lots: known.lots.map(lotNow), vehicles: known.vehicles.map(vehicleNow), simulated: known.simulated };
}

export function numberOf(lot) {
  const told = lot.free !== null && lot.state !== "closed" && lot.state !== "unknown";
  return told ? String(lot.free) : say("no_number");
}

export function noteOf(lot) {
  if (lot.state === "unknown") return say("no_data");
  if (lot.state === "closed") return lot.reason ?? (lot.closed_by ? say(`closed_${lot.closed_by}`) : "");
  if (lot.free !== null && lot.min !== lot.max) return say("between", lot);
  return lot.trend && WITH_PLACES.has(lot.state) ? say(lot.trend) : "";
}

function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

function part(element, name) {
  return element.querySelector(`[data-part="${name}"]`);
}

function showLot(element, lot) {
  setText(part(element, "free"), numberOf(lot));
  setText(part(element, "note"), noteOf(lot));
  if (element.dataset.state === lot.state) return null;
  element.dataset.state = lot.state;
  const badge = part(element, "badge");
  badge.className = `badge is-${lot.state}`;
  badge.querySelector("use").setAttribute("href", `#s-${lot.state}`);
  setText(part(badge, "word"), say(`state_${lot.state}`));
  return say("changed", { name: lot.name, state: say(`state_${lot.state}`) });
}

function showVehicle(element, vehicle) {
  const stop = stops[vehicle.stop];
  if (stop) setText(part(element, "stop"), say("at_stop", { stop: stop[0] }));
  const badge = part(element, "level");
  const level = vehicle.level ?? "none";
  if (badge.classList.contains(`is-level-${level}`)) return;
  badge.className = `level is-level-${level}`;
  setText(part(badge, "word"), say(`level_${level}`));
  const filled = { low: 1, medium: 2, high: 3 }[level] ?? 0;
  badge.querySelectorAll("use").forEach((use, place) => use.classList.toggle("is-empty", place >= filled));
}

// What another lot has, too, the sums count there only.
function showTotals(all) {
  const totals = document.getElementById("totals");
  if (!totals) return;
  const twice = new Set(JSON.parse(totals.dataset.twice));
  const lots = all.filter((lot) => !twice.has(lot.id));
  const open = lots.filter((lot) => WITH_PLACES.has(lot.state));
  setText(document.getElementById("total-free"), String(open.reduce((sum, lot) => sum + (lot.free ?? 0), 0)));
  setText(document.getElementById("total-lots"), String(open.length));
  setText(document.getElementById("total-unknown"), String(lots.filter((lot) => lot.state === "unknown").length));
}

function announce(changes) {
  const said = document.getElementById("said");
  if (!said || changes.length === 0) return;
  setText(said, changes.length > 3 ? say("changed_many", { count: changes.length }) : changes.join(". "));
}

function show() {
  if (known === null) return;
  const state = current();
  const lots = new Map(state.lots.map((lot) => [lot.id, lot]));
  const vehicles = new Map(state.vehicles.map((vehicle) => [vehicle.id, vehicle]));
  const changes = [];
  for (const element of document.querySelectorAll("[data-lot]")) {
    const gone = { name: element.dataset.name, state: "unknown", free: null, trend: null };
    const change = showLot(element, lots.get(element.dataset.lot) ?? gone);
    if (change) changes.push(change);
  }
  for (const element of document.querySelectorAll("[data-vehicle]")) {
    showVehicle(element, vehicles.get(element.dataset.vehicle) ?? { level: null });
  }
  showTotals(state.lots);
  document.getElementById("simulated").hidden = !state.simulated;
  announce(changes);
  applyFinder(say);
  for (const listener of listeners) listener(state);
}

function showStanding() {
  const late = lastHeard > 0 && performance.now() - lastHeard > 3 * ASK_EVERY_MS;
  document.getElementById("offline").hidden = !late;
}

// Which lots there are and, where lines are shown, which vehicles are on them: when that changes, the server draws the lists.
function shape({ lots, vehicles }) {
  const shown = document.getElementById("lines") ? vehicles : [];
  const runs = shown.map((vehicle) => `${vehicle.id}/${vehicle.line}/${vehicle.direction}`);
  return [lots.map((lot) => lot.id).join(), runs.sort().join()].join("|");
}

// Tells whether all was drawn: where somebody is reading by keyboard, the list waits.
async function redraw(selector) {
  const answer = await fetch(location.href, { cache: "no-cache", headers: { "X-Renewal": "1" } });
  if (!answer.ok) return false;
  let isWhole = true;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const old of document.querySelectorAll(selector)) {
    const fresh = page.getElementById(old.id);
    if (!fresh || old.contains(document.activeElement)) {
      isWhole = false;
      continue;
    }
    // Opened details stay open.
    fresh.querySelectorAll("details").forEach((details, place) => {
      details.open = old.querySelectorAll("details")[place]?.open ?? details.open;
    });
    old.replaceWith(fresh);
  }
  return isWhole;
}

async function ask() {
  const begun = performance.now();
  let answer;
  try {
    answer = await fetch("/portal/live.json", { cache: "no-cache", signal: AbortSignal.timeout(8_000) });
    if (!answer.ok) return;
    known = await answer.json();
    // The header tells whole seconds, and the way here took time: taken as late as it may be, so
    // that nothing lives longer than it may.
    clock = { server: Date.parse(answer.headers.get("date")) + 1_000, here: begun };
    lastHeard = performance.now();
    const at = new Date(clock.server);
    setText(document.getElementById("standing"), say("updated", { time: timeOf(at) }));
    drawn ??= shape(known);
    if (drawn !== shape(known) && (await redraw("#lines, #lots, #wall"))) drawn = shape(known);
    if (document.querySelector("[data-vehicle]")) ({ stops } = await places());
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof DOMException || error instanceof SyntaxError)) throw error;
  }
}

const zone = document.body.dataset.zone;
const hours = new Intl.DateTimeFormat("de", { hour: "2-digit", minute: "2-digit", timeZone: zone });
export function timeOf(moment) {
  return hours.format(moment);
}

async function follow() {
  if (document.visibilityState === "visible") {
    await ask();
    show();
  }
  setTimeout(follow, ASK_EVERY_MS);
}

document.addEventListener("visibilitychange", async () => {
  if (document.visibilityState !== "visible") return;
  show();
  await ask();
  show();
});
setInterval(() => { show(); showStanding(); }, LOOK_EVERY_MS);
if (document.querySelector("[data-renew]")) {
  // A failed renewal is tried again; what it would renew says itself how old it is.
  setInterval(() => redraw("[data-renew]").catch(() => false), RENEW_EVERY_MS);
}
listen(say);
follow();

const map = document.getElementById("map");
if (map) {
  import(map.dataset.script).then((module) => module.start(map)).catch(() => {
    map.classList.add("is-failed");
    map.textContent = map.dataset.failed;
  });
}
