// SPDX-License-Identifier: EUPL-1.2
// Shows one sign until its answer is over; then the neutral text, whatever has failed.
"use strict";

const POLL_MS = 10000;
const body = document.body;
const text = document.getElementById("text");
const note = document.getElementById("note");
// Relative, since a proxy may have the service below a path of its own.
const path = `../../v1/signs/${encodeURIComponent(body.dataset.sign)}`;

// The server's clock, carried on by this machine's monotonic one: a display's own clock may be wrong by years.
let ahead = null;
let shown = null;
let sequence = -1;

function serverNow() {
  return ahead === null ? null : performance.now() + ahead;
}

function learnTime(answer, asked) {
  const date = Date.parse(answer.headers.get("date"));
  if (!Number.isNaN(date)) {
    // `Date` has whole seconds and was written at or after the request: the later reading keeps nothing too long.
    ahead = date + 1000 - asked;
  }
}

function isValid(sign) {
  const now = serverNow();
  return sign !== null && now !== null && now < Date.parse(sign.valid_until);
}

// The largest size at which the text, broken between words where that helps, fits into its box.
function fit() {
  const room = text.clientWidth;
  const tall = text.clientHeight;
  const range = document.createRange();
  range.selectNodeContents(text);
  let fits = 8;
  let tooLarge = Math.max(tall, fits) + 1;
  while (tooLarge - fits > 1) {
    const size = Math.floor((fits + tooLarge) / 2);
    text.style.fontSize = `${size}px`;
    const box = range.getBoundingClientRect();
    if (box.width <= room && box.height <= tall) {
      fits = size;
    } else {
      tooLarge = size;
    }
  }
  text.style.fontSize = `${fits}px`;
}

function show() {
  const valid = isValid(shown);
  const said = valid ? shown.text : body.dataset.neutral;
  // An operator who blanks a sign wants a dark one: no name, no remark, no light.
  const state = said === "" ? "blank" : valid ? shown.state : "unknown";
  const remark = valid && shown.simulated ? "Simulation" : valid ? "" : "Keine aktuellen Daten · No current data";
  const isNew = text.textContent !== said || body.dataset.state !== state || note.textContent !== remark;
  if (isNew) {
    text.textContent = said;
    note.textContent = remark;
    body.dataset.state = state;
    fit();
  }
}

function take(sign) {
  // What comes over the stream and what is asked for may overtake each other.
  if (sign.sequence >= sequence || !isValid(shown)) {
    sequence = sign.sequence;
    shown = sign;
  }
  show();
}

async function poll() {
  const asked = performance.now();
  try {
    const answer = await fetch(path, { cache: "no-store", headers: { Accept: "application/json" } });
    if (answer.ok) {
      learnTime(answer, asked);
      take(await answer.json());
    }
  } catch {
    // Nothing is lost: `show` withdraws what is over, and the next poll tries again.
  }
  setTimeout(poll, POLL_MS);
}

function listen() {
  const stream = new EventSource(`${path}/stream`);
  stream.addEventListener("sign", (event) => take(JSON.parse(event.data)));
  stream.onerror = () => {
    if (stream.readyState === EventSource.CLOSED) {
      setTimeout(listen, POLL_MS);
    }
  };
}

window.addEventListener("resize", fit);
setInterval(show, 250);
fit();
poll();
listen();
