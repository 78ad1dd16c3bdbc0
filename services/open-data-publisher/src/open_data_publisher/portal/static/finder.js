// SPDX-License-Identifier: EUPL-1.2
// Search, filter and order of the list of lots; without this script the server searches.
const list = () => document.getElementById("lots");
const form = document.getElementById("finder");
let asked = "";

function wanted(element, search, onlyFree) {
  const name = element.dataset.name.toLocaleLowerCase();
  if (!search.every((word) => name.includes(word))) return false;
  return !onlyFree || element.dataset.state === "free" || element.dataset.state === "almost_full";
}

function freeOf(element) {
  const number = Number.parseInt(element.querySelector('[data-part="free"]').textContent, 10);
  return Number.isNaN(number) ? -1 : number;
}

function inOrder(elements, order) {
  const byName = (a, b) => a.dataset.name.localeCompare(b.dataset.name, "de");
  return [...elements].sort(order === "free" ? (a, b) => freeOf(b) - freeOf(a) || byName(a, b) : byName);
}

export function applyFinder(say) {
  if (!form || !list()) return;
  const search = form.elements.find.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const onlyFree = form.elements["only-free"].checked;
  let shown = 0;
  for (const element of list().children) {
    element.hidden = !wanted(element, search, onlyFree);
    shown += element.hidden ? 0 : 1;
  }
  const ordered = inOrder(list().children, form.elements.order.value);
  // A list in which somebody is reading or moving by keyboard is not moved about.
  const isStill = ordered.some((element, place) => element !== list().children[place]);
  if (isStill && !list().contains(document.activeElement)) list().append(...ordered);
  const question = `${search.join(" ")}|${onlyFree}`;
  if (question !== asked) {
    asked = question;
    const found = document.getElementById("found");
    if (search.length === 0 && !onlyFree) found.textContent = "";
    else found.textContent = shown === 0 ? say("found_none") : say("found", { count: shown });
  }
}

export function listen(say) {
  if (!form) return;
  form.addEventListener("input", () => applyFinder(say));
  form.addEventListener("submit", (event) => event.preventDefault());
}
