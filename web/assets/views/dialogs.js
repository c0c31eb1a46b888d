/** Starting a conversation with one person or a group. */

import { TITLE_CHARS } from "../limits.js";
import { clear, complete, explain, field, setError } from "./auth.js";
import { element, icon } from "./dom.js";

/**
 * Opens the dialog.
 * @param {object} options
 * @param {import("../api.js").Api} options.api
 * @param {() => string} options.newRef
 * @param {(conversation: {id: string}) => Promise<void>} options.created
 */
export function composeDialog({ api, newRef, created }) {
  const problem = element("p", { class: "problem", role: "alert" });
  const button = element("button", { class: "primary", type: "submit" }, "Start");
  const title = field("title", { label: "Name of the group", maxlength: TITLE_CHARS, autocomplete: "off" });
  const email = field("email", { label: "E-mail address", autocomplete: "off" });
  const emails = field("emails", {
    label: "E-mail addresses",
    tag: "textarea",
    rows: 4,
    autocomplete: "off",
    hint: "One on each line, or with commas between.",
  });
  // One ref for as long as the dialog is open: pressing Start twice makes one group.
  const clientRef = newRef();
  let kind = "direct";

  const choose = (next) => {
    kind = next;
    clear(form, problem);
    inputs.replaceChildren(...(kind === "direct" ? [email] : [title, emails]));
  };
  const inputs = element("div", {});
  const onsubmit = async (event) => {
    event.preventDefault();
    clear(form, problem);
    if (!complete(form)) return;
    button.disabled = true;
    try {
      const make = kind === "direct" ? direct : group;
      const conversation = await make(api, form, clientRef);
      if (!conversation) return;
      await created(conversation);
      dialog.close();
    } catch (error) {
      explain(form, problem, error);
    } finally {
      button.disabled = false;
    }
  };
  const form = element(
    "form",
    { novalidate: true, onsubmit },
    element(
      "fieldset",
      { class: "choice" },
      element("legend", { class: "sr" }, "With whom"),
      choice("One person", true, () => choose("direct")),
      choice("A group", false, () => choose("group")),
    ),
    inputs,
    problem,
    button,
  );
  const dialog = element(
    "dialog",
    { "aria-labelledby": "compose-title", onclose: () => dialog.remove() },
    dialogHead("compose-title", "New conversation", () => dialog.close()),
    form,
  );
  choose("direct");
  document.body.append(dialog);
  dialog.showModal();
  email.querySelector("input").focus();
}

/** The title of a dialog and the way out. */
export function dialogHead(id, title, close) {
  return element(
    "header",
    { class: "dialog-head" },
    element("h2", { id }, title),
    element("button", { class: "icon-button", type: "button", "aria-label": "Close", onclick: close }, icon("close")),
  );
}

function choice(label, checked, onchange) {
  return element(
    "label",
    {},
    element("input", { type: "radio", name: "kind", checked, onchange }),
    element("span", {}, label),
  );
}

async function direct(api, form) {
  const input = form.elements.email;
  const person = await api.lookup(input.value.trim());
  if (person) return api.createDirect(person.id);
  wrong(input, "Nobody with this address has an account here.");
}

async function group(api, form, clientRef) {
  const found = await peopleOf(api, form.elements.emails);
  return found && api.createGroup({ title: form.elements.title.value.trim(), members: found, clientRef });
}

/** The ids of the accounts whose addresses stand in an input; undefined, with a word beside it, when one has none. */
export async function peopleOf(api, input) {
  const addresses = [...new Set(input.value.split(/[\s,;]+/u).filter(Boolean))];
  const found = [];
  for (const address of addresses) {
    const person = await api.lookup(address);
    if (!person) return wrong(input, `Nobody with the address ${address} has an account here.`);
    found.push(person.id);
  }
  return found;
}

function wrong(input, text) {
  setError(input, text);
  input.focus();
}
