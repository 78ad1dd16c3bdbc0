// SPDX-License-Identifier: EUPL-1.2
// Renews the page each minute and sends forms beside it; what somebody has entered stays.
const EVERY_MS = 60_000;
const said = document.getElementById("said");
const content = () => document.getElementById("content");
const WORDS = {
  away: "Der Dienst antwortet nicht: diese Seite ist von vorhin. – The service does not answer: this page is of before.",
  ended: "Die Anmeldung ist abgelaufen: in einem zweiten Fenster neu anmelden, dann noch einmal senden; Eingaben bleiben. – The login is over: log in again in a second window, then send again.",
  sent: "Festgehalten. – Recorded.",
};

function say(text) {
  said.textContent = text;
  said.hidden = !text;
}

function entered(form) {
  const chosen = form.querySelector("input[name=chosen]:checked")?.value;
  const note = form.querySelector("input[name=note]").value;
  return chosen || note ? { chosen, note } : null;
}

// Puts what was entered into the same peak's form of the newer page; a peak that is gone keeps its place.
function carry(article, form, next) {
  const typed = entered(form);
  if (!typed) return;
  const place = next.querySelector(`#${article.id} form.record`);
  if (!place) {
    article.classList.add("gone");
    next.querySelector(`#${article.id}`)?.remove();
    next.querySelector("#stand").after(article);
    return;
  }
  place.querySelector("input[name=note]").value = typed.note;
  if (!typed.chosen) return;
  const same = [...place.querySelectorAll("input[name=chosen]")].find((each) => each.value === typed.chosen);
  if (same) {
    same.checked = true;
    same.closest("details")?.setAttribute("open", "");
  } else place.querySelector(".lapsed").hidden = false;
}

function show(text, done) {
  const next = new DOMParser().parseFromString(text, "text/html").getElementById("content");
  const active = document.activeElement;
  const caret = active?.name === "note" ? [active.selectionStart, active.selectionEnd] : null;
  for (const form of content().querySelectorAll("form.record")) {
    if (form !== done) carry(form.closest("article"), form, next);
  }
  for (const open of content().querySelectorAll("details[open]")) next.querySelector(`#${open.id}`)?.setAttribute("open", "");
  const top = scrollY;
  content().replaceChildren(...next.childNodes);
  scrollTo(scrollX, top);
  if (!active?.id) return;
  const again = document.getElementById(active.id);
  again?.focus({ preventScroll: true });
  if (caret) again?.setSelectionRange(...caret);
}

// Fetches a page of ours and shows it; tells whether that is what was asked for.
async function renew(address, options, done) {
  try {
    const answer = await fetch(address, options);
    if (!answer.ok) throw new Error(`${answer.status}`);
    if (new URL(answer.url).pathname.endsWith("/anmelden")) {
      say(WORDS.ended);
      return false;
    }
    const refused = new URL(answer.url).searchParams.has("hinweis");
    show(await answer.text(), refused ? undefined : done);
    say("");
    return !refused;
  } catch {
    say(WORDS.away);
    return false;
  }
}

const shown = () => {
  const address = new URL(location.href);
  address.searchParams.delete("hinweis");
  address.hash = "";
  return address;
};

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form.record, form.undo")) return;
  event.preventDefault();
  const button = form.querySelector("button");
  if (button.disabled) return;
  button.disabled = true;
  const body = new URLSearchParams(new FormData(form));
  if (await renew(form.action, { method: "POST", body }, form)) say(WORDS.sent);
  button.disabled = false;
});

if (document.querySelector("#stand")) {
  const look = () => { if (!document.hidden) renew(shown()); };
  setInterval(look, EVERY_MS);
  document.addEventListener("visibilitychange", look);
}
