/** The addresses that a conference tells what happens in it, and what went wrong with them. For its host. */

import { field } from "../views/auth.js";
import { element } from "../views/dom.js";
import { button, copyButton, formDialog } from "./parts.js";

const when = (moment) => new Date(moment).toLocaleString([], { dateStyle: "short", timeStyle: "medium" });

function failureView({ at, reason, offset }) {
  return element("li", {}, `${when(at)}: ${reason} (event ${offset})`);
}

function hookView({ id, url, delivered, givenUp, nextAt, failures }, drop) {
  const facts = [`${delivered} told`, givenUp > 0 && `${givenUp} given up`, nextAt && `tried again at ${when(nextAt)}`];
  return element(
    "li",
    { class: "hook" },
    element("strong", { dir: "ltr" }, url),
    element("span", { class: "hint" }, facts.filter(Boolean).join(" · ")),
    failures.length > 0 &&
      element("details", {}, element("summary", {}, "Last failures"), element("ul", {}, ...failures.map(failureView))),
    button(`Remove: ${url}`, () => drop(id), "link"),
  );
}

export function webhooksDialog({ hall }) {
  const list = element("ul", { class: "hooks" });
  const said = element("p", { class: "hint", role: "status" });
  const secret = element("output", { class: "secret", dir: "ltr" });
  const made = element("div", { hidden: true }, element("p", {}, "The secret of the new address, shown this once:"), secret);
  const load = async () => {
    const { items } = await hall.ask("GET", "/webhooks");
    list.replaceChildren(...items.map((hook) => hookView(hook, drop)));
    said.textContent = items.length === 0 ? "No address is told anything yet." : "";
  };
  const tell = (error) => (said.textContent = error.message);
  const drop = async (id) => {
    try {
      await hall.ask("DELETE", `/webhooks/${id}`);
      await load();
      form.elements.url.focus();
    } catch (error) {
      tell(error);
    }
  };
  const url = field("url", {
    label: "Address",
    type: "text",
    inputmode: "url",
    maxlength: 2000,
    autocomplete: "off",
    hint: "Begins with https:// and is told when the conference starts and ends and a question goes live and is closed.",
  });
  const form = formDialog({
    title: "Webhooks",
    action: "Add",
    isKept: true,
    fields: [list, said, url, made],
    save: async (form) => {
      const added = await hall.ask("POST", "/webhooks", { url: form.elements.url.value.trim() });
      secret.textContent = added.secret;
      made.replaceChildren(made.firstChild, secret, copyButton("Copy the secret", () => added.secret));
      made.hidden = false;
      form.elements.url.value = "";
      await load();
    },
  });
  load().catch(tell);
  return form;
}
