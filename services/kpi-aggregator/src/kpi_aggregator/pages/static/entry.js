// Enters and decides on values through the API; the key is kept in this page's memory alone.
const root = document.documentElement.dataset.root;
const language = document.documentElement.lang;
const words = JSON.parse(document.getElementById("words").textContent);
const at = (id) => document.getElementById(id);
const indicators = new Map();
let key = "";
let attempt = "";

async function ask(method, path, body, once) {
  const headers = { authorization: `Bearer ${key}`, accept: "application/json" };
  if (body) headers["content-type"] = "application/json";
  if (once) headers["idempotency-key"] = once;
  const answer = await fetch(root + path, { method, headers, body: body && JSON.stringify(body) });
  const told = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(told.detail ?? told.title), { status: answer.status, told });
  return told;
}

function say(text) {
  at("said").textContent = text;
  at("said").hidden = !text;
  at("refused").hidden = true;
}

function refuse(error) {
  const wrong = error.told?.errors ?? [];
  for (const field of document.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  const lines = wrong.map((each) => {
    const field = at(each.field.split(".")[0]);
    if (!field) return `${each.field}: ${each.detail}`;
    field.setAttribute("aria-invalid", "true");
    return `${field.labels?.[0]?.textContent ?? each.field}: ${each.detail}`;
  });
  if (!lines.length) {
    const may = error.status === 401 || error.status === 403;
    lines.push(may ? words.entry_refused : (error.status ? error.message : words.entry_away));
  }
  const list = document.createElement("ul");
  list.append(...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
  at("refused").replaceChildren(list);
  at("refused").hidden = false;
  at("said").hidden = true;
}

function chosen() {
  return indicators.get(at("indicator_id").value);
}

function showGroups() {
  const { groups, source, unit } = chosen();
  at("parts").hidden = !groups.length;
  at("group_size").closest(".field").hidden = source !== "survey";
  at("part-fields").replaceChildren(...groups.map((group) => {
    const field = Object.assign(document.createElement("div"), { className: "field" });
    const input = Object.assign(document.createElement("input"), { id: `part-${group}`, type: "number", min: "0" });
    input.dataset.group = group;
    const label = Object.assign(document.createElement("label"), { htmlFor: input.id, textContent: `${group} (${unit})` });
    field.append(label, input);
    return field;
  }));
}

function typed() {
  const said = (id) => at(id).value.trim();
  const indicator = chosen();
  const parts = {};
  for (const input of document.querySelectorAll("#part-fields input")) {
    if (input.value) parts[input.dataset.group] = Number(input.value);
  }
  const body = {
    period: indicator.period,
    period_start: said("period_start"),
    value: said("value") === "" ? null : Number(said("value")),
    source: said("source"),
    source_date: said("source_date"),
    author_role: said("author_role"),
  };
  if (said("cause")) body.cause = said("cause");
  if (said("evidence")) body.evidence = said("evidence");
  if (indicator.source === "survey" && said("group_size")) body.group_size = Number(said("group_size"));
  if (Object.keys(parts).length) body.parts = parts;
  return body;
}

function pendingCard(value) {
  const card = document.createElement("li");
  card.className = "card";
  const add = (name, text) => card.append(Object.assign(document.createElement(name), { textContent: text }));
  const known = indicators.get(value.indicator_id);
  add("h3", known ? known.title[language] : value.indicator_id);
  add("p", `${value.value} ${known?.unit ?? ""} · ${words[`entry_period_${value.period}`]} ${value.period_start}`);
  add("p", `${value.source} (${value.source_date}), ${value.author_role}`);
  const inputs = {};
  for (const name of ["note", "role"]) {
    const input = Object.assign(document.createElement("input"), { id: `${name}-${value.value_id}`, type: "text" });
    const label = Object.assign(document.createElement("label"), { htmlFor: input.id, textContent: words[`entry_${name}`] });
    card.append(label, input);
    inputs[name] = input;
  }
  const buttons = Object.assign(document.createElement("p"), { className: "buttons" });
  for (const verb of ["approve", "reject"]) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: words[`entry_${verb}`] });
    button.addEventListener("click", async () => {
      try {
        await ask("POST", `v1/values/${value.value_id}:${verb}`, { note: inputs.note.value, role: inputs.role.value });
        await showPending();
        say(words.entry_decided);
      } catch (error) { refuse(error); }
    });
    buttons.append(button);
  }
  card.append(buttons);
  return card;
}

async function showPending() {
  const { items } = await ask("GET", "v1/values?state=pending");
  at("pending").replaceChildren(...items.map(pendingCard));
  at("pending-none").hidden = items.length > 0;
}

at("indicator_id").addEventListener("change", showGroups);
at("value-form").addEventListener("input", () => { attempt = ""; });

at("key-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  key = at("key").value.trim();
  try {
    // Indicators are told to everybody: this is where a key that may not is refused.
    await ask("GET", "v1/values?state=pending");
    for (const each of (await ask("GET", "v1/indicators")).items) {
      if (each.source !== "formula") indicators.set(each.indicator_id, each);
    }
    at("indicator_id").replaceChildren(...[...indicators.values()].map((each) => new Option(
      `${each.title[language]} (${words[`entry_period_${each.period}`]}, ${each.unit})`, each.indicator_id)));
    if (indicators.size) showGroups();
    await showPending();
    for (const id of ["value-form", "pending-section"]) at(id).hidden = false;
    at("key-form").hidden = true;
    say("");
    at("indicator_id").focus();
  } catch (error) { refuse(error); }
});

at("value-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  // The same words sent twice, as by a second click, make one value.
  attempt ||= `entry-${Date.now()}-${Math.random().toString(36).slice(2)}`;
  try {
    await ask("POST", `v1/indicators/${at("indicator_id").value}/values`, typed(), attempt);
    await showPending();
    for (const id of ["value", "cause"]) at(id).value = "";
    attempt = "";
    say(words.entry_sent);
  } catch (error) {
    attempt = "";
    refuse(error);
  }
});
