"use strict";
// Draws openapi.json without any library, so that the page works on a machine without internet access.

function make(name, text, parent) {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  if (parent) parent.append(node);
  return node;
}

function shape(schema, all, depth = 0) {
  if (!schema || depth > 6) return "…";
  if (schema.$ref) return shape(all[schema.$ref.split("/").pop()], all, depth);
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.anyOf) return schema.anyOf.map((each) => shape(each, all, depth)).filter((each) => each !== "null").join(" | ");
  if (schema.type === "array") return [shape(schema.items, all, depth + 1)];
  if (schema.properties) {
    const entries = Object.entries(schema.properties).map(([name, each]) => [name, shape(each, all, depth + 1)]);
    return Object.fromEntries(entries);
  }
  const type = Array.isArray(schema.type) ? schema.type.filter((each) => each !== "null").join(" | ") : schema.type;
  return schema.format || type || "anything";
}

function table(parameters, all, parent) {
  const grid = make("table", undefined, parent);
  for (const each of parameters) {
    const row = make("tr", undefined, grid);
    make("code", each.name + (each.required ? " *" : ""), make("td", undefined, row));
    make("td", each.in, row);
    const value = each.schema.default === undefined ? "" : `, ${each.schema.default} if absent`;
    make("td", JSON.stringify(shape(each.schema, all)).replace(/"/g, "") + value, row);
    const input = make("input", undefined, make("td", undefined, row));
    input.dataset.name = each.name;
    input.dataset.place = each.in;
    input.setAttribute("aria-label", each.name);
  }
}

async function send(method, path, box, output) {
  const headers = { Authorization: `Bearer ${document.getElementById("key").value}` };
  const query = new URLSearchParams();
  for (const input of box.querySelectorAll("input")) {
    if (input.dataset.place === "path") path = path.replace(`{${input.dataset.name}}`, encodeURIComponent(input.value));
    else if (!input.value) continue;
    else if (input.dataset.place === "header") headers[input.dataset.name] = input.value;
    else query.set(input.dataset.name, input.value);
  }
  const body = box.querySelector("textarea");
  if (body) headers["Content-Type"] = "application/json";
  const url = query.size ? `${path}?${query}` : path;
  try {
    const answer = await fetch(url, { method, headers, body: body ? body.value || "{}" : undefined, cache: "no-store" });
    const text = await answer.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* it is no JSON: shown as it is */ }
    output.textContent = `${method} ${url}\n${answer.status} ${answer.statusText}\n\n${shown}`;
  } catch (error) {
    output.textContent = `${method} ${url}\n${error}`;
  }
}

function fill(box, method, path, operation, all) {
  make("p", operation.description, box);
  if (operation.parameters.length) table(operation.parameters, all, box);
  const content = operation.requestBody && operation.requestBody.content["application/json"];
  if (content) {
    make("p", "Body", box);
    make("pre", JSON.stringify(shape(content.schema, all), null, 2), box);
    make("textarea", undefined, box).setAttribute("aria-label", "Body");
  }
  const good = Object.entries(operation.responses).find(([status]) => status.startsWith("2"));
  const answer = good[1].content && good[1].content["application/json"];
  make("p", `Answers ${good[0]}`, box);
  if (answer) make("pre", JSON.stringify(shape(answer.schema, all), null, 2), box);
  const button = make("button", "Try it", box);
  const output = make("pre", "", box);
  button.addEventListener("click", () => send(method, path, box, output));
}

function draw(api) {
  const all = api.components.schemas;
  document.getElementById("title").textContent = `${api.info.title} ${api.info.version}`;
  document.getElementById("about").textContent = api.info.description;
  const main = document.getElementById("operations");
  main.replaceChildren();
  for (const tag of api.tags) {
    const section = make("section", undefined, main);
    make("h2", tag.name, section);
    for (const [path, methods] of Object.entries(api.paths)) {
      for (const [name, operation] of Object.entries(methods)) {
        if (operation.tags[0] !== tag.name) continue;
        const box = make("details", undefined, section);
        const line = make("summary", undefined, box);
        make("b", name.toUpperCase(), line);
        make("code", path, line);
        make("span", ` — ${operation.summary}`, line);
        box.addEventListener("toggle", () => {
          if (box.childElementCount === 1) fill(box, name.toUpperCase(), path, operation, all);
        });
      }
    }
  }
}

document.getElementById("find").addEventListener("input", (event) => {
  const wanted = event.target.value.toLowerCase();
  for (const section of document.querySelectorAll("section")) {
    let any = false;
    for (const box of section.querySelectorAll("details")) {
      box.hidden = !box.firstElementChild.textContent.toLowerCase().includes(wanted);
      any = any || !box.hidden;
    }
    section.hidden = !any;
  }
});

fetch("/api/v1/openapi.json").then((answer) => answer.json()).then(draw).catch((error) => {
  document.getElementById("operations").textContent = `The description could not be read: ${error}`;
});
