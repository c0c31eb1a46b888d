// Shows the OpenAPI document beside this page and tries requests. No library: the document is small and the page must
// work without any other server. Text is only ever set as text, never as markup.
const methods = ["get", "post", "put", "patch", "delete"];
const byId = (id) => document.getElementById(id);

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== undefined && child !== null));
  return made;
}

// Text with `code` in it, as the document's Markdown has it: nodes, never markup.
function prose(text) {
  return (text ?? "").split(/(`[^`]+`)/).filter(Boolean).map((part) =>
    /^`.+`$/s.test(part) ? element("code", { textContent: part.slice(1, -1) }) : part);
}

const resolve = (api, schema) =>
  schema?.$ref ? api.components.schemas[schema.$ref.split("/").pop()] : schema;

function typeName(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  const union = schema.oneOf ?? schema.anyOf;
  if (union) return union.filter(({ type }) => type !== "null").map(typeName).join(" | ");
  if (schema.allOf) return schema.allOf.map(typeName).join(" + ");
  const kind = [].concat(schema.type ?? "any").filter((name) => name !== "null").join(" | ");
  if (kind === "array") return `${typeName(schema.items)}[]`;
  return schema.format ? `${kind} (${schema.format})` : kind;
}

// Members of an object, those of its parts among them.
function members(api, schema) {
  const whole = resolve(api, schema) ?? {};
  const parts = (whole.allOf ?? whole.oneOf ?? []).flatMap((part) => members(api, part));
  const required = new Set(whole.required ?? []);
  const own = Object.entries(whole.properties ?? {});
  return [...parts, ...own.map(([name, value]) => ({ name, value, required: required.has(name) }))];
}

function table(rows) {
  const line = (cells, tag) => element("tr", {}, ...cells.map((cell) => element(tag, {}, ...[cell].flat())));
  const body = rows.map(({ name, type, about }) => line([element("code", { textContent: name }), type, prose(about)], "td"));
  return element("table", {}, element("thead", {}, line(["Name", "Type", "Meaning"], "th")), element("tbody", {}, ...body));
}

function schemaTable(api, schema) {
  const target = schema?.items ?? schema;
  const rows = members(api, target).map(({ name, value, required }) => ({
    name: required ? `${name} *` : name,
    type: typeName(value),
    about: value.description ?? resolve(api, value)?.description,
  }));
  return rows.length ? table(rows) : element("p", { textContent: typeName(schema) });
}

const jsonSchema = (content) => Object.values(content ?? {})[0]?.schema;

function sample(api, schema) {
  const wanted = members(api, schema).filter(({ required }) => required);
  return JSON.stringify(Object.fromEntries(wanted.map(({ name }) => [name, ""])), null, 2);
}

function tryForm(api, path, method, operation) {
  const fields = (operation.parameters ?? []).map((parameter) => ({
    parameter,
    input: element("input", { placeholder: parameter.name, ariaLabel: parameter.name }),
  }));
  const schema = jsonSchema(operation.requestBody?.content);
  const body = schema && element("textarea", { value: sample(api, schema), ariaLabel: "Body" });
  const answer = element("pre", { hidden: true });
  const send = element("button", { type: "submit", textContent: `${method.toUpperCase()} ${path}` });
  const form = element("form", { className: "grid" }, ...fields.map(({ input }) => input), body, send, answer);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    answer.hidden = false;
    answer.textContent = await request(path, method, fields, body?.value).catch(String);
  });
  return element("details", {}, element("summary", { textContent: "Try it" }), form);
}

async function request(path, method, fields, body) {
  const headers = new Headers();
  const query = new URLSearchParams();
  for (const { parameter, input } of fields) {
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (!input.value) continue;
    else if (parameter.in === "query") query.set(parameter.name, input.value);
    else headers.set(parameter.name, input.value);
  }
  const token = byId("token").value.trim();
  if (token) headers.set("Authorization", `Bearer ${token}`);
  if (body !== undefined) headers.set("Content-Type", "application/json");
  const base = location.pathname.replace(/\/docs\/?$/, "");
  const url = `${base}${path}${query.size ? `?${query}` : ""}`;
  const answer = await fetch(url, { method: method.toUpperCase(), headers, body });
  const shown = ["content-type", "etag", "ignored-fields", "retry-after", "x-request-id"]
    .filter((name) => answer.headers.has(name))
    .map((name) => `${name}: ${answer.headers.get(name)}`);
  const text = await answer.text();
  let pretty = text;
  try {
    pretty = JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    // Not JSON: shown as it is.
  }
  return [`${answer.status} ${answer.statusText}`, ...shown, "", pretty].join("\n");
}

function operationView(api, path, method, operation) {
  const parameters = (operation.parameters ?? []).map((parameter) => ({
    name: `${parameter.name}${parameter.required ? " *" : ""} (${parameter.in})`,
    type: typeName(parameter.schema),
    about: parameter.description,
  }));
  const bodySchema = jsonSchema(operation.requestBody?.content);
  const answers = Object.entries(operation.responses ?? {}).map(([status, answer]) =>
    element("details", {}, element("summary", {}, `${status} `, ...prose(answer.description)),
      answer.content ? schemaTable(api, jsonSchema(answer.content)) : undefined));
  return element("details", { className: "operation" },
    element("summary", {},
      element("span", { className: "method", textContent: method.toUpperCase() }),
      element("span", { className: "path", textContent: path }),
      element("span", {}, ...prose(operation.summary)),
      operation.security ? element("span", { className: "lock", textContent: "needs a token" }) : undefined),
    element("div", {},
      operation.description ? element("p", {}, ...prose(operation.description)) : undefined,
      parameters.length ? element("div", {}, element("h4", { textContent: "Parameters" }), table(parameters)) : undefined,
      bodySchema ? element("div", {}, element("h4", { textContent: "Body" }), schemaTable(api, bodySchema)) : undefined,
      element("h4", { textContent: "Answers" }), ...answers, tryForm(api, path, method, operation)));
}

function show(api) {
  byId("title").textContent = `${api.info.title} API ${api.info.version}`;
  byId("about").replaceChildren(...prose(api.info.description));
  const all = Object.entries(api.paths).flatMap(([path, item]) =>
    methods.filter((method) => item[method]).map((method) => ({ path, method, operation: item[method] })));
  const sections = (api.tags ?? []).map((tag) =>
    element("section", {}, element("h2", { textContent: tag.name }), element("p", {}, ...prose(tag.description)),
      ...all.filter(({ operation }) => operation.tags?.includes(tag.name))
        .map(({ path, method, operation }) => operationView(api, path, method, operation))));
  byId("operations").replaceChildren(...sections);
}

byId("filter").addEventListener("input", ({ target }) => {
  const wanted = target.value.toLowerCase();
  for (const view of document.querySelectorAll("details.operation")) {
    view.hidden = !view.querySelector("summary").textContent.toLowerCase().includes(wanted);
  }
});

try {
  const answer = await fetch("openapi.json");
  show(await answer.json());
} catch (error) {
  byId("operations").replaceChildren(element("p", { textContent: `The document could not be loaded: ${error}` }));
}
