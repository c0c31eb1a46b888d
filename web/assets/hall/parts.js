/** Parts of the host's pages: buttons, dialogs, the form of a conference. */

import { clear, complete, explain, field } from "../views/auth.js";
import { dialogHead } from "../views/dialogs.js";
import { element } from "../views/dom.js";

const COPIED_MS = 2_000;

export function button(text, onclick, kind = "secondary") {
  return element("button", { type: "button", class: kind, onclick }, text);
}

/** Copies what `make` gives, and says so. */
export function copyButton(text, make) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(make());
      made.textContent = "Copied";
    } catch {
      // Pages from plain http have no clipboard: show it, to be copied by hand.
      prompt(text, make());
    }
    setTimeout(() => (made.textContent = text), COPIED_MS);
  };
  const made = button(text, copy);
  return made;
}

/** A list of choices with its label. */
export function choiceField(name, label, choices, value, onchange) {
  const options = Object.entries(choices).map(([key, text]) =>
    element("option", { value: key, selected: key === value }, text),
  );
  const select = element("select", { id: `field-${name}`, name, onchange }, ...options);
  return element("div", { class: "field" }, element("label", { for: `field-${name}` }, label), select);
}

/** A field that may stay empty. */
export function optionalField(name, attributes) {
  const made = field(name, attributes);
  made.querySelector("input, textarea").required = false;
  return made;
}

export function checkField(name, label, checked) {
  const box = element("input", { type: "checkbox", id: `field-${name}`, name, checked });
  return element("div", { class: "check" }, box, element("label", { for: `field-${name}` }, label));
}

/**
 * Opens a dialog with a form.
 * @param {object} options
 * @param {Element[]} options.fields
 * @param {(form: HTMLFormElement) => Promise<void>} options.save rejects with what is wrong
 */
export function formDialog({ title, fields, action, save }) {
  const problem = element("p", { class: "problem", role: "alert" });
  const press = element("button", { class: "primary", type: "submit" }, action);
  const onsubmit = async (event) => {
    event.preventDefault();
    clear(form, problem);
    if (!complete(form)) return;
    press.disabled = true;
    try {
      await save(form);
      dialog.close();
    } catch (error) {
      explain(form, problem, error);
    } finally {
      press.disabled = false;
    }
  };
  const form = element("form", { novalidate: true, onsubmit }, ...fields, problem, press);
  const dialog = element(
    "dialog",
    { class: "wide", "aria-labelledby": "form-title", onclose: () => dialog.remove() },
    dialogHead("form-title", title, () => dialog.close()),
    form,
  );
  document.body.append(dialog);
  dialog.showModal();
  form.querySelector("input, textarea, select")?.focus();
  return form;
}

const IDENTITIES = {
  anonymous: "Anonymous: nobody gives a name",
  pseudonymous: "Everybody gives a name of their choice",
  signedIn: "Only people with an account",
};

/** Makes or changes a conference. */
export function conferenceDialog({ conference, save }) {
  const fields = [
    field("title", { label: "Title", type: "text", maxlength: 200, value: conference?.title, autocomplete: "off" }),
    optionalField("description", { label: "Description", tag: "textarea", rows: 2, maxlength: 2000 }),
    optionalField("date", { label: "Date", type: "date", value: conference?.date ?? undefined }),
    !conference && choiceField("identity", "Who votes", IDENTITIES, "anonymous"),
    !conference &&
      optionalField("passcode", {
        label: "Passcode (may be empty)",
        type: "text",
        maxlength: 100,
        autocomplete: "off",
      }),
    checkField("moderated", "Questions of the audience are read by a moderator first", conference?.moderated),
  ].filter(Boolean);
  fields[1].querySelector("textarea").value = conference?.description ?? "";
  const send = (form) => {
    const { title, description, date, identity, passcode } = Object.fromEntries(new FormData(form));
    const moderated = form.elements.moderated.checked;
    const fresh = conference ? {} : { identity, ...(passcode && { passcode }) };
    return save({
      title: title.trim(),
      description: description.trim() || null,
      date: date || null,
      moderated,
      ...fresh,
    });
  };
  formDialog({
    title: conference ? "Edit the conference" : "New conference",
    fields,
    action: conference ? "Save" : "Create",
    save: send,
  });
}
