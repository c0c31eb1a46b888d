/** What admins do here: domains, brands, and the keys of checkers. */

import { field } from "../views/auth.js";
import { dialogHead } from "../views/dialogs.js";
import { element } from "../views/dom.js";
import { button, checkField, choiceField, copyButton, formDialog, optionalField } from "../hall/parts.js";
import { moment } from "./history.js";

/** All items of a list that has hundreds at the most. */
async function all(api, path) {
  const items = [];
  let cursor;
  do {
    const query = new URLSearchParams({ limit: 100, ...(cursor && { cursor }) });
    const page = await api.authorised("GET", `${path}?${query}`);
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor);
  return items;
}

const byName = (a, b) => a.name.localeCompare(b.name);

/** Makes or changes a domain. */
export async function domainDialog(api, domain) {
  const brands = (await all(api, "/api/brands")).sort(byName);
  const choices = { "": "None", ...Object.fromEntries(brands.map(({ id, name }) => [id, name])) };
  const plain = { type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false" };
  const fields = [
    field("domain", { ...plain, label: "Domain", maxlength: 253, value: domain?.domain, hint: "Such as example.org" }),
    choiceField("brand", "Brand", choices, domain?.brand?.id ?? ""),
    optionalField("noto", { ...plain, label: "Note (may be empty)", maxlength: 500, value: domain?.noto ?? undefined }),
  ];
  const save = (form) => {
    const { domain: name, brand, noto } = Object.fromEntries(new FormData(form));
    const body = { domain: name.trim(), brand: brand || null, noto: noto.trim() || null };
    return api.authorised(domain ? "PUT" : "POST", domain ? `/api/domains/${domain.id}` : "/api/domains", body);
  };
  formDialog({ title: domain ? "Edit the domain" : "New domain", fields, action: "Save", save });
}

/** Takes a domain off the board, when that is meant. */
export function removeDomain(api, { id, domain }) {
  if (!confirm(`Remove ${domain} with its history?`)) return undefined;
  return api.authorised("DELETE", `/api/domains/${id}`);
}

/** A dialog with a list of things and a way to make one more. */
async function listDialog({ api, path, id, title, none, row, add }) {
  const problem = element("p", { class: "problem", role: "alert" });
  const list = element("ul", { class: "things" });
  const run = async (act) => {
    problem.textContent = "";
    try {
      await act();
      await load();
    } catch (error) {
      problem.textContent = error.message;
    }
  };
  const load = async () => {
    const items = (await all(api, path)).sort(byName);
    list.replaceChildren(...items.map((item) => row(item, run)));
    hint.hidden = items.length > 0;
  };
  const hint = element("p", { class: "hint" }, none);
  const more = button(add.text, () => add.open(() => run(async () => {})), "primary");
  const dialog = element(
    "dialog",
    { class: "wide", "aria-labelledby": id, onclose: () => dialog.remove() },
    dialogHead(id, title, () => dialog.close()),
    hint,
    list,
    problem,
    more,
  );
  document.body.append(dialog);
  dialog.showModal();
  await run(async () => {});
}

function act(text, of, onclick) {
  const made = button(text, onclick, "link");
  made.setAttribute("aria-label", `${text}: ${of}`);
  return made;
}

function brandForm(api, brand, done) {
  const plain = { type: "text", autocomplete: "off" };
  const fields = [
    field("name", { ...plain, label: "Name", maxlength: 80, value: brand?.name }),
    field("code", { ...plain, label: "Code", maxlength: 20, value: brand?.code, hint: "Letters, digits, dashes" }),
  ];
  const save = async (form) => {
    const body = { name: form.elements.name.value.trim(), code: form.elements.code.value.trim() };
    await api.authorised(brand ? "PUT" : "POST", brand ? `/api/brands/${brand.id}` : "/api/brands", body);
    done();
  };
  formDialog({ title: brand ? "Edit the brand" : "New brand", fields, action: "Save", save });
}

export function brandsDialog(api) {
  const row = (brand, run) => {
    const remove = () => {
      if (confirm(`Remove the brand ${brand.name}?`)) run(() => api.authorised("DELETE", `/api/brands/${brand.id}`));
    };
    return element(
      "li",
      {},
      element("span", { class: "thing-name", dir: "auto" }, brand.name, " ", element("span", { class: "hint" }, brand.code)),
      act("Edit", brand.name, () => brandForm(api, brand, () => run(async () => {}))),
      act("Remove", brand.name, remove),
    );
  };
  const add = { text: "New brand", open: (done) => brandForm(api, undefined, done) };
  return listDialog({ api, path: "/api/brands", id: "brands-title", title: "Brands", none: "There are no brands yet.", row, add });
}

/** Shows a key: this once. */
function showKey(key) {
  const copy = copyButton("Copy", () => key);
  const dialog = element(
    "dialog",
    { class: "wide", "aria-labelledby": "key-title", onclose: () => dialog.remove() },
    dialogHead("key-title", "The key", () => dialog.close()),
    element("p", { class: "notice" }, "Copy it now: it is shown this once."),
    element("p", {}, element("code", { class: "key" }, key)),
    copy,
  );
  document.body.append(dialog);
  dialog.showModal();
}

function keyForm(api, done) {
  const fields = [
    field("name", { label: "Name", type: "text", maxlength: 80, autocomplete: "off", hint: "Which checker it is for" }),
    checkField("read", "May read the domains", true),
    checkField("write", "May report what it has found", true),
    optionalField("expires", { label: "Ends on (may be empty)", type: "date" }),
  ];
  const save = async (form) => {
    const { name, read, write, expires } = form.elements;
    const scopes = [read.checked && "status:read", write.checked && "status:write"].filter(Boolean);
    const expiresAt = expires.value ? new Date(`${expires.value}T23:59:59`).toISOString() : undefined;
    const { key } = await api.authorised("POST", "/api/keys", { name: name.value.trim(), scopes, expiresAt });
    done();
    showKey(key);
  };
  formDialog({ title: "New key", fields, action: "Make the key", save });
}

export function keysDialog(api) {
  const row = (key, run) => {
    const rotate = async () => {
      const { key: text } = await api.authorised("POST", `/api/keys/${key.id}/rotate`, {});
      showKey(text);
    };
    const revoke = () => {
      if (confirm(`End the key ${key.name} at once?`)) run(() => api.authorised("DELETE", `/api/keys/${key.id}`));
    };
    const about = [key.prefix, ...key.scopes];
    return element(
      "li",
      {},
      element(
        "span",
        { class: "thing-name", dir: "auto" },
        key.name,
        element("span", { class: "hint block" }, about.join(" · ")),
        element("span", { class: "hint block" }, ...(key.lastUsedAt ? ["Last used ", moment(key.lastUsedAt)] : ["Never used"])),
        key.expiresAt && element("span", { class: "hint block" }, "Ends ", moment(key.expiresAt)),
      ),
      act("Rotate", key.name, () => run(rotate)),
      act("Revoke", key.name, revoke),
    );
  };
  const add = { text: "New key", open: (done) => keyForm(api, done) };
  return listDialog({ api, path: "/api/keys", id: "keys-title", title: "Keys of checkers", none: "There are no keys yet.", row, add });
}
