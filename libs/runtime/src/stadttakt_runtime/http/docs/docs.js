// SPDX-License-Identifier: EUPL-1.2
// Renders openapi.json readably, with text nodes only; calls nothing else.
"use strict";

const METHODS = ["get", "put", "post", "patch", "delete"];

function element(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) node.setAttribute(key, value);
  node.append(...children.filter((child) => child !== undefined && child !== ""));
  return node;
}

function typeOf(schema) {
  if (schema === undefined) return element("span");
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return element("a", { href: `#schema-${name}` }, name);
  }
  const either = schema.anyOf ?? schema.oneOf;
  if (either) {
    const parts = either.flatMap((part, index) => (index ? [" | ", typeOf(part)] : [typeOf(part)]));
    return element("span", {}, ...parts);
  }
  if (schema.type === "array") return element("span", {}, "list of ", typeOf(schema.items ?? {}));
  if (schema.const !== undefined) return element("code", {}, JSON.stringify(schema.const));
  if (schema.enum) return element("code", {}, schema.enum.map((one) => JSON.stringify(one)).join(" | "));
  const bounds = ["format", "pattern", "minimum", "maximum", "maxLength", "default"]
    .filter((key) => schema[key] !== undefined)
    .map((key) => `${key} ${schema[key]}`);
  return element("span", {}, [schema.type ?? "any", ...bounds].join(", "));
}

function table(head, rows) {
  const line = (cell) => (cells) => element("tr", {}, ...cells.map((one) => element(cell, {}, one ?? "")));
  return element("table", {}, element("thead", {}, line("th")(head)), element("tbody", {}, ...rows.map(line("td"))));
}

function contentRows(label, description, content) {
  const entries = Object.entries(content ?? {});
  if (entries.length === 0) return [[label, description ?? "", "", ""]];
  return entries.map(([media, body]) => [label, description ?? "", media, typeOf(body.schema)]);
}

function operation(path, method, spec) {
  const scopes = (spec.security ?? []).flatMap((one) => Object.values(one).flat());
  const details = element(
    "details", {},
    element("summary", {}, element("span", { class: "method" }, method), element("code", {}, path), ` ${spec.summary ?? ""}`),
    element("p", {}, spec.description ?? ""),
  );
  if (scopes.length > 0) details.append(element("p", {}, "Scope: ", element("code", {}, scopes.join(", "))));
  if (spec.parameters?.length > 0) {
    const rows = spec.parameters.map((one) => [
      element("code", {}, one.name + (one.required ? " *" : "")), one.in, typeOf(one.schema), one.description ?? "",
    ]);
    details.append(table(["parameter", "in", "type", "meaning"], rows));
  }
  const body = spec.requestBody ? contentRows("body", spec.requestBody.description, spec.requestBody.content) : [];
  const answers = Object.entries(spec.responses ?? {})
    .flatMap(([status, answer]) => contentRows(status, answer.description, answer.content));
  details.append(table(["", "meaning", "media type", "form"], [...body, ...answers]));
  return details;
}

function schema(name, spec) {
  const rows = Object.entries(spec.properties ?? {}).map(([field, one]) => [
    element("code", {}, field + (spec.required?.includes(field) ? " *" : "")), typeOf(one), one.description ?? "",
  ]);
  const form = rows.length > 0 ? table(["field", "type", "meaning"], rows) : element("p", {}, typeOf(spec));
  return element("details", { id: `schema-${name}`, open: "" },
    element("summary", {}, element("code", {}, name)), element("p", {}, spec.description ?? ""), form);
}

function render(api) {
  document.title = api.info.title;
  document.getElementById("title").textContent = `${api.info.title} ${api.info.version}`;
  document.getElementById("about").textContent = api.info.description ?? "";
  const groups = new Map();
  for (const [path, item] of Object.entries(api.paths ?? {})) {
    for (const method of METHODS.filter((one) => item[one])) {
      const tag = item[method].tags?.[0] ?? "API";
      if (!groups.has(tag)) groups.set(tag, [element("h2", {}, tag)]);
      groups.get(tag).push(operation(path, method, item[method]));
    }
  }
  document.getElementById("operations").replaceChildren(...[...groups.values()].flat());
  const schemas = Object.entries(api.components?.schemas ?? {});
  document.getElementById("schemas").replaceChildren(
    element("h2", {}, "Schemas"), ...schemas.map(([name, spec]) => schema(name, spec)));
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

fetch("openapi.json")
  .then((answer) => answer.json())
  .then(render)
  .catch((error) => { document.getElementById("operations").textContent = `openapi.json could not be read: ${error}`; });
