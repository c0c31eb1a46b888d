/** Parts of the profile that are about others, and about its end. */

import { button, checkField, formDialog, optionalField } from "../hall/parts.js";
import { element } from "../views/dom.js";
import { moment, pageForm, pagedList, panel, rowButton, trouble } from "./parts.js";

/** Who may find one, and how. */
export function privacyPanel(frame, { privacy }) {
  const fields = [
    checkField("listed", "Show me in lists of people, with what I say about myself", privacy.listed),
    checkField("findable", "Who knows my e-mail address may find me by it", privacy.findable),
  ];
  const save = async (form) => {
    const { listed, findable } = form.elements;
    await frame.ask("PUT", "/api/auth/update-profile", { privacy: { listed: listed.checked, findable: findable.checked } });
  };
  return panel("privacy", "Who finds you", pageForm({ fields, action: "Change who finds me", save }));
}

/** Whom one has blocked. */
export function blockedPanel(frame) {
  const { view: problem, run } = trouble();
  const list = pagedList({
    label: "Blocked people",
    none: "You have blocked nobody.",
    read: (cursor) => frame.ask("GET", `/api/users/blocked${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ""}`),
    row: ({ id, fullName, since }) =>
      element(
        "li",
        {},
        element("span", { class: "thing-name", dir: "auto" }, fullName, element("span", { class: "hint block" }, "Since ", moment(since))),
        rowButton("Unblock", fullName, () => unblock(id)),
      ),
  });
  const unblock = async (id) => {
    if (await run(() => frame.ask("DELETE", `/api/users/${id}/block`))) await list.reload();
  };
  list.reload();
  return panel("blocked", "Blocked people", problem, list.view);
}

/** The end of the account. */
export function deletionPanel(frame, { id, role }) {
  const about =
    role === "admin"
      ? "An admin's account is deleted by another admin."
      : "Your name, addresses and everything you said about yourself are erased. Messages stay where others read them, as those of a deleted account.";
  const open = element("div", {}, button("Delete my account", () => deletionDialog(frame, id), "danger"));
  return panel("deletion", "Deleting the account", element("p", { class: "hint" }, about), ...(role === "admin" ? [] : [open]));
}

function deletionDialog(frame, id) {
  const sure = checkField("sure", "I know that this cannot be taken back", false);
  const password = optionalField("currentPassword", {
    label: "Your password",
    type: "password",
    autocomplete: "current-password",
    hint: "Only needed when you signed in a while ago.",
  });
  const save = async (form) => {
    if (!form.elements.sure.checked) throw new Error("Say that you know it first.");
    const currentPassword = form.elements.currentPassword.value || undefined;
    const deleted = "Your account was deleted.";
    frame.expectEnd(deleted);
    try {
      await frame.ask("DELETE", `/api/users/${id}`, { currentPassword });
    } catch (error) {
      frame.expectEnd();
      throw error;
    }
    frame.api.session.end(deleted);
  };
  formDialog({ title: "Delete the account", fields: [sure, password], action: "Delete it for ever", save });
}
