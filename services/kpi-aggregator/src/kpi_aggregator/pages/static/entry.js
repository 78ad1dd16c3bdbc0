// SPDX-License-Identifier: EUPL-1.2
// Enters and decides on values in the session of who is logged in; no key reaches this script.
const root = document.documentElement.dataset.root;
const language = document.documentElement.lang;
const words = JSON.parse(document.getElementById("words").textContent);
const at = (id) => document.getElementById(id);
const indicators = new Map();
let attempt = "";
let periods = {};

async function ask(method, path, body, once) {
  const headers = { "x-form-token": at("form_token").value, accept: "application/json" };
  if (body) headers["content-type"] = "application/json";
  if (once) headers["idempotency-key"] = once;
  const answer = await fetch(root + path, { method, headers, body: body && JSON.stringify(body) });
  const told = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(told.detail ?? told.title), { status: answer.status, told });
  return told;
}

function unmark() {
  for (const field of document.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
}

function say(text) {
  unmark();
  at("said").textContent = text;
  at("said").hidden = !text;
  at("refused").hidden = true;
}

// What is wrong, in the page's language; the English detail of the API is for programs.
function told({ code, why, field = "", of = "" }, fallback) {
  const base = `entry_error_${why ?? code}`;
  const said = words[`${base}_${field.split(".")[0]}`] ?? words[base] ?? words[fallback];
  // A bound comes with a decimal point.
  return said.replace("{of}", of.replace(/^([≤≥] )(.+)$/, (_, sign, number) => sign + shown(Number(number))));
}

function inputOf(field) {
  const [name, group, what] = field.split(".");
  if (!group) return at(name);
  return name === "means" ? at(`${what ?? "mean"}-of-${group}`) : at(`part-${group}`);
}

function labelOf(field) {
  const [name] = field.split(".");
  const input = inputOf(field);
  if (input?.tagName === "FIELDSET") return input.querySelector("legend").textContent;
  return input?.labels?.[0]?.textContent ?? words[`entry_${name}`] ?? words[`entry_period_${name}`] ?? words.entry_indicator;
}

function mark(field, card) {
  const [name] = field.split(".");
  const input = card?.querySelector(`[id^="${name}-"]`) ?? inputOf(field);
  input?.setAttribute("aria-invalid", "true");
}

function refuse(error, card) {
  const wrong = error.told?.errors ?? [];
  unmark();
  const lines = wrong.map((each) => {
    mark(each.field, card);
    return `${labelOf(each.field)}: ${told(each, "entry_error_other")}`;
  });
  if (!lines.length) {
    const known = error.told && words[`entry_error_${error.told.why ?? error.told.code}`];
    const may = !known && (error.status === 401 || error.status === 403);
    if (may) lines.push(words.entry_refused);
    else if (!error.status) lines.push(words.entry_away);
    else lines.push((error.told.field ? `${labelOf(error.told.field)}: ` : "") + told(error.told, "entry_error_problem"));
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

function field(id, text, attributes) {
  const made = Object.assign(document.createElement("div"), { className: "field" });
  const input = Object.assign(document.createElement("input"), { id, type: "number", min: "0" }, attributes);
  made.append(Object.assign(document.createElement("label"), { htmlFor: id, textContent: text }), input);
  return made;
}

function showMeans() {
  const { mean_groups: groups, group_titles, unit, least_group } = chosen();
  at("means").hidden = !groups.length;
  at("means-lead").textContent = words.entry_means_lead.replace("{number}", least_group);
  at("mean-fields").replaceChildren(...groups.flatMap((group) => {
    const told = (name) => words[name].replace("{group}", group_titles[group]?.[language] ?? group).replace("{unit}", unit);
    return [
      field(`mean-of-${group}`, told("entry_mean"), { min: "", step: "any" }),
      field(`persons-of-${group}`, told("entry_mean_persons"), { step: "1" }),
    ];
  }));
}

function typedMeans() {
  const means = {};
  for (const group of chosen().mean_groups) {
    const [mean, persons] = [at(`mean-of-${group}`).value, at(`persons-of-${group}`).value];
    if (mean || persons) means[group] = { mean: mean === "" ? null : Number(mean), persons: persons === "" ? null : Number(persons) };
  }
  return means;
}

function showGroups() {
  const { groups, group_titles, source, unit, whole, period, parts } = chosen();
  showMeans();
  at("period_start").replaceChildren(...periods[period].map((each) => new Option(each.words, each.start)));
  // The newest one goes on: most values are of the one before.
  at("period_start").selectedIndex = 1;
  at("parts").hidden = !groups.length;
  at("group_size").closest(".field").hidden = source !== "survey";
  at("untold-field").hidden = source !== "survey";
  at("group_size").required = source === "survey" && !whole;
  at("group_size").labels[0].textContent = whole ? words.entry_group_size_counted : words.entry_group_size;
  const counted = source === "survey" && parts !== "percent" ? words.entry_persons : unit;
  at("part-fields").replaceChildren(...groups.map((group) =>
    field(`part-${group}`, `${group_titles[group]?.[language] ?? group} (${counted})`, {})));
}

function typed() {
  const said = (id) => at(id).value.trim();
  const indicator = chosen();
  const parts = {};
  for (const group of indicator.groups) {
    if (at(`part-${group}`).value) parts[group] = Number(at(`part-${group}`).value);
  }
  const means = typedMeans();
  const body = {
    period: indicator.period,
    period_start: said("period_start"),
    value: said("value") === "" ? null : Number(said("value")),
    source: said("source"),
    source_date: said("source_date"),
  };
  if (at("author_role")) body.author_role = said("author_role");
  if (said("cause")) body.cause = said("cause");
  if (indicator.source === "survey" && at("untold").checked) body.untold = true;
  if (said("evidence")) body.evidence = said("evidence");
  if (indicator.source === "survey" && said("group_size")) body.group_size = Number(said("group_size"));
  if (Object.keys(parts).length) body.parts = parts;
  if (Object.keys(means).length) body.means = means;
  return body;
}

const shown = (number) => new Intl.NumberFormat(language, { maximumFractionDigits: 6 }).format(number);
// A day without an hour is the same one wherever the browser is.
const day = (iso) => new Date(iso).toLocaleDateString(language, { dateStyle: "medium", timeZone: iso.length > 10 ? undefined : "UTC" });

// The database keeps groups in an order of its own.
function inOrder(told, groups = []) {
  const place = (group) => groups.includes(group) ? groups.indexOf(group) : groups.length;
  return Object.entries(told ?? {}).sort(([one], [other]) => place(one) - place(other));
}

function partsOf(value, known) {
  return inOrder(value.parts, known?.groups).map(([group, number]) => {
    const before = value.holds_parts?.[group];
    const told = before === undefined || before === number ? "" : ` (${words.entry_holds}: ${shown(before)})`;
    return `${known?.group_titles[group]?.[language] ?? group} ${shown(number)}${told}`;
  }).join(", ");
}

function meansOf(value, known) {
  return inOrder(value.means, known?.mean_groups).map(([group, { mean, persons }]) => {
    const before = value.holds_means?.[group];
    const said = (each) => `${shown(each.mean)} (${shown(each.persons)} ${words.entry_persons})`;
    const told = !before || (before.mean === mean && before.persons === persons) ? "" : ` (${words.entry_holds}: ${said(before)})`;
    return `${known?.group_titles[group]?.[language] ?? group} ${said({ mean, persons })}${told}`;
  }).join(", ");
}

function entered(value) {
  const card = document.createElement("li");
  card.className = "card";
  const known = indicators.get(value.indicator_id);
  const title = Object.assign(document.createElement("h3"), { textContent: known ? known.title[language] : value.indicator_id });
  const facts = Object.assign(document.createElement("dl"), { className: "facts" });
  const fact = (name, content) => {
    if (!content) return;
    const told = document.createElement("dd");
    told.append(content);
    facts.append(Object.assign(document.createElement("dt"), { textContent: words[`entry_${name}`] }), told);
  };
  const before = value.holds === null ? "" : ` (${words.entry_holds}: ${shown(value.holds)} ${value.holds_unit})`;
  fact("period", value.period_words);
  fact("value", `${shown(value.value)} ${value.unit}${before}`);
  fact("parts", partsOf(value, known));
  fact("means", meansOf(value, known));
  fact("group_size", value.group_size && shown(value.group_size));
  fact("source", `${value.source} (${day(value.source_date)})`);
  fact("evidence_given", value.evidence && Object.assign(document.createElement("a"), { href: value.evidence, rel: "noreferrer", textContent: value.evidence }));
  fact("cause_given", value.cause_words);
  fact("so_far_title", value.so_far && value.state !== "rejected" && words.entry_so_far);
  fact("by", `${value.author_role}${value.mine ? ` (${words.entry_mine})` : ""}, ${day(value.proposed_at)}`);
  if (value.decided_at) {
    const verdict = words[value.withdrawn ? "entry_withdrawn" : `entry_${value.state}`];
    fact("decision", `${verdict}: ${value.decided_role ?? ""}, ${day(value.decided_at)}`);
    fact("note", value.decision_note);
  }
  card.append(title, facts);
  return card;
}

function pendingCard(value) {
  const card = entered(value);
  const inputs = {};
  const decides = at("pending-section").dataset.decides !== "no";
  const withdraws = value.mine && at("value-form");
  if (!decides && !withdraws) return card;
  for (const name of words.is_person || !decides ? ["note"] : ["note", "role"]) {
    const input = Object.assign(document.createElement("input"), { id: `${name}-${value.value_id}`, type: "text" });
    const label = Object.assign(document.createElement("label"), { htmlFor: input.id, textContent: words[`entry_${name}`] });
    card.append(label, input);
    inputs[name] = input;
  }
  const buttons = Object.assign(document.createElement("p"), { className: "buttons" });
  for (const verb of [...(decides ? ["approve", "reject"] : []), ...(withdraws ? ["withdraw"] : [])]) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: words[`entry_${verb}`] });
    button.addEventListener("click", async () => {
      try {
        const said = verb === "withdraw" ? { note: inputs.note } : inputs;
        const body = Object.fromEntries(Object.entries(said).map(([name, input]) => [name, input.value]));
        await ask("POST", `erfassen/werte/${value.value_id}/${verb}`, body);
        await show();
        say(verb === "withdraw" ? words.entry_taken_back : words.entry_decided);
      } catch (error) { refuse(error, card); }
    });
    buttons.append(button);
  }
  card.append(buttons);
  return card;
}

// What somebody types into other cards stays: a card is drawn anew only where what it tells has changed.
function drawPending(values) {
  const list = at("pending");
  const before = new Map([...list.children].map((card) => [card.id, card]));
  const cards = values.map((value) => {
    const [id, told] = [`pending-${value.value_id}`, JSON.stringify(value)];
    const old = before.get(id);
    if (old?.dataset.told === told) return old;
    const card = Object.assign(pendingCard(value), { id });
    card.dataset.told = told;
    for (const input of old?.querySelectorAll("input") ?? []) card.querySelector(`#${input.id}`).value = input.value;
    return card;
  });
  for (const card of before.values()) if (!cards.includes(card)) card.remove();
  cards.forEach((card, place) => {
    if (list.children[place] !== card) list.insertBefore(card, list.children[place] ?? null);
  });
}

async function show() {
  const { indicators: known, pending, decided, periods: open } = await ask("GET", `erfassen/daten?lang=${language}`);
  for (const each of known) indicators.set(each.indicator_id, each);
  periods = open;
  drawPending(pending);
  at("pending-none").hidden = pending.length > 0;
  at("decided").replaceChildren(...decided.map(entered));
  at("decided-section").hidden = !decided.length;
}

async function open() {
  try {
    await show();
    if (at("value-form")) {
      at("indicator_id").replaceChildren(...[...indicators.values()].map((each) => new Option(
        `${each.title[language]} (${words[`entry_period_${each.period}`]}, ${each.unit})`, each.indicator_id)));
      if (indicators.size) showGroups();
      at("value-form").hidden = false;
    }
    at("pending-section").hidden = false;
  } catch (error) { refuse(error); }
}

// These are of one value and never of the next one; source, its day and the function may be.
function forget() {
  const inputs = [...document.querySelectorAll("#group_size, #evidence, #cause, #part-fields input, #mean-fields input")];
  const had = at("untold").checked || inputs.some((input) => input.value);
  for (const input of inputs) input.value = "";
  at("untold").checked = false;
  return had;
}

function chooseAnother() {
  if (forget()) say(words.entry_forgotten);
}

at("indicator_id")?.addEventListener("change", () => { chooseAnother(); showGroups(); });
at("period_start")?.addEventListener("change", chooseAnother);
at("value-form")?.addEventListener("input", () => { attempt = ""; });

at("value-form")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  // The same words sent twice, as by a second click, make one value.
  attempt ||= `entry-${Date.now()}-${Math.random().toString(36).slice(2)}`;
  try {
    const sent = await ask("POST", `erfassen/werte/${at("indicator_id").value}`, typed(), attempt);
    await show();
    at("value").value = "";
    forget();
    attempt = "";
    say(sent.so_far ? `${words.entry_sent} ${words.entry_so_far}` : words.entry_sent);
  } catch (error) {
    attempt = "";
    refuse(error);
  }
});

open();
