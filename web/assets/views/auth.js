/** Signing in and signing up. */

import { FULL_NAME_CHARS } from "../limits.js";
import { newRef } from "../refs.js";
import { element, logo } from "./dom.js";

const FIELDS = {
  fullName: { label: "Name", type: "text", autocomplete: "name", maxlength: FULL_NAME_CHARS },
  email: { label: "E-mail", type: "email", autocomplete: "email", maxlength: 254 },
  password: { label: "Password", type: "password" },
};
/** Not among the fields that other forms have by their names: a brand has a code too. */
const ADDRESS = {
  label: "E-mail or telephone number",
  type: "text",
  autocomplete: "username",
  maxlength: 254,
  hint: "A telephone number with its country code, such as +49 30 1234567.",
};
const CODE = {
  label: "Code",
  type: "text",
  inputmode: "numeric",
  autocomplete: "one-time-code",
  pattern: "[0-9 ]{6,8}",
  maxlength: 8,
};

/**
 * @param {import("../api.js").Api} api
 * @param {string} [notice] why somebody who was signed in sees this
 */
export function authView(api, notice) {
  const view = element("main", { id: "main", class: "auth", tabindex: "-1" });
  const show = (mode, email) => {
    const forms = {
      in: () =>
        signIn(
          api,
          email,
          () => show("up", value(form, "email")),
          () => show("code", value(form, "email")),
        ),
      up: () => signUp(api, email, () => show("in", value(form, "email"))),
      code: () =>
        askForCode(
          api,
          email,
          (address) => show("enter", address),
          () => show("in"),
        ),
      enter: () => enterCode(api, email, () => show("code", email)),
    };
    const form = forms[mode]();
    const about = element(
      "p",
      { class: "auth-about" },
      "Conversations that keep their place, whatever the network does.",
    );
    const notes = notice ? [element("p", { class: "notice", role: "status" }, notice)] : [];
    view.replaceChildren(element("div", { class: "auth-card" }, brand(), about, ...notes, form));
    form.querySelector("input")?.focus();
  };
  show("in");
  return view;
}

function brand() {
  return element("h1", { class: "brand" }, logo(), "Plenum");
}

/** Where the code shall go. */
function askForCode(api, address, sent, other) {
  return form({
    title: "Send me a code",
    fields: ["address"],
    values: { address },
    details: { address: ADDRESS },
    submit: async (values) => {
      await api.sendCode(values.address);
      sent(values.address);
    },
    other: ["Have a password?", "Sign in", other],
  });
}

/** The code that has come. The account is made where there is none. */
function enterCode(api, address, other) {
  return form({
    title: "Sign in",
    fields: ["code"],
    values: {},
    details: { code: { ...CODE, hint: `Six digits, sent to ${address}. They are good for five minutes.` } },
    submit: (values) => api.signInWithCode(address, values.code.replaceAll(" ", "")),
    other: ["Nothing came?", "Send another code", other],
  });
}

function signIn(api, email, other, byCode) {
  return form({
    title: "Sign in",
    fields: ["email", "password"],
    values: { email },
    password: { autocomplete: "current-password" },
    submit: (values) => api.login(values),
    other: ["New here?", "Create an account", other],
    more: ["No password at hand?", "Get a code", byCode],
  });
}

function signUp(api, email, other) {
  const key = newRef();
  return form({
    title: "Create an account",
    fields: ["fullName", "email", "password"],
    values: { email },
    password: {
      autocomplete: "new-password",
      minlength: 8,
      hint: "At least 8 characters. A few unusual words are good.",
    },
    submit: (values) => api.register({ ...values, key }),
    other: ["Have an account?", "Sign in", other],
  });
}

function form({ title, fields, values, password, details = {}, submit, other, more }) {
  const problem = element("p", { class: "problem", role: "alert" });
  const button = element("button", { class: "primary", type: "submit" }, title);
  const inputs = fields.map((name) => field(name, { value: values[name], ...(name === "password" && password), ...details[name] }));
  const onsubmit = async (event) => {
    event.preventDefault();
    clear(made, problem);
    if (!complete(made)) return;
    button.disabled = true;
    try {
      await submit(Object.fromEntries(new FormData(made)));
    } catch (error) {
      explain(made, problem, error);
    } finally {
      button.disabled = false;
    }
  };
  const made = element(
    "form",
    { novalidate: true, onsubmit },
    element("h2", {}, title),
    ...inputs,
    problem,
    button,
    ...[other, more].filter(Boolean).map(elsewhere),
  );
  return made;
}

/** A question and the way to where it is answered. */
function elsewhere([question, answer, go]) {
  const link = element("button", { class: "link", type: "button", onclick: go }, answer);
  return element("p", { class: "other" }, question, " ", link);
}

/** An input with its label, hint and place for what is wrong with it. Used by the dialogs too. */
export function field(name, { hint, label, tag = "input", ...attributes } = {}) {
  const known = FIELDS[name] ?? {};
  const ids = { input: `field-${name}`, hint: `hint-${name}`, error: `error-${name}` };
  const describedby = [hint && ids.hint, ids.error].filter(Boolean).join(" ");
  const all = { ...known, ...attributes, id: ids.input, name, required: true, "aria-describedby": describedby };
  delete all.label;
  return element(
    "div",
    { class: "field" },
    element("label", { for: ids.input }, label ?? known.label),
    element(tag, all),
    hint && element("p", { class: "hint", id: ids.hint }, hint),
    element("p", { class: "error", id: ids.error }),
  );
}

/** Checks what can be checked here, in words of ours; focuses the first wrong input. */
export function complete(form) {
  const wrong = [...form.querySelectorAll("input, textarea")].filter((input) => !input.validity.valid);
  for (const input of wrong) setError(input, wordsFor(input));
  wrong[0]?.focus();
  return wrong.length === 0;
}

function wordsFor(input) {
  if (input.validity.valueMissing) return "Please fill this in.";
  if (input.validity.tooShort) return `At least ${input.minLength} characters, please.`;
  if (input.validity.patternMismatch) return "Six digits, please.";
  if (input.validity.typeMismatch) return "This is not an e-mail address.";
  return input.validationMessage;
}

export function setError(input, text) {
  input.setAttribute("aria-invalid", text ? "true" : "false");
  const place = document.getElementById(`error-${input.name}`);
  if (place) place.textContent = text;
}

export function clear(form, problem) {
  problem.textContent = "";
  for (const input of form.querySelectorAll("input, textarea")) setError(input, "");
}

/** What the server said, at the inputs where it named some. */
export function explain(form, problem, error) {
  const named = Object.entries(error.fields ?? {}).filter(([name]) => form.elements[name]);
  for (const [name, message] of named) setError(form.elements[name], message);
  if (named.length > 0) form.elements[named[0][0]].focus();
  else problem.textContent = error.message;
}

function value(form, name) {
  return form.elements[name]?.value;
}
