/** About a group: its name, who is in it, and the way out. */

import { TITLE_CHARS } from "../limits.js";
import { clear, complete, explain, field } from "./auth.js";
import { dialogHead, peopleOf } from "./dialogs.js";
import { Rows, avatar, element } from "./dom.js";
import { count } from "./format.js";

const ROLES = { owner: "Owner", admin: "Admin", member: "" };
/** Who may do something to somebody: only to those below. */
const RANKS = { owner: 2, admin: 1, member: 0 };
/** Changes that come together are shown together. */
const SETTLE_MS = 150;

/**
 * Opens the dialog.
 * @param {object} options
 * @param {import("../conversation.js").Conversation} options.conversation
 * @param {import("../store.js").Store} options.store
 * @param {import("../api.js").Api} options.api
 * @param {() => void} options.left after this person has left the group
 */
export function groupDialog({ conversation, store, api, left }) {
  const { id } = conversation;
  const problem = element("p", { class: "problem", role: "alert" });
  const status = element("p", { class: "sr", role: "status" });
  const title = element("p", { class: "group-people" });
  const list = element("ul", { class: "members" });
  const rows = new Rows(list);
  let myRank = 0;

  /** Does one thing at a time and says what went wrong. */
  const act = async (form, button, run) => {
    clear(form, problem);
    if (!complete(form)) return;
    button.disabled = true;
    try {
      const done = await run();
      if (done) status.textContent = done;
    } catch (error) {
      explain(form, problem, error);
    } finally {
      button.disabled = false;
    }
  };

  const rename = line("title", "Name of the group", "Rename", { maxlength: TITLE_CHARS, value: conversation.title });
  rename.form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(rename.form, rename.button, async () => {
      const { title: name } = await api.rename(id, rename.input.value.trim());
      rename.input.value = name;
      return `The group is called ${name} now`;
    });
  });

  const add = line("emails", "Add somebody by e-mail address", "Add", {});
  add.form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(add.form, add.button, async () => {
      const people = await peopleOf(api, add.input);
      if (!people) return undefined;
      for (const user of people) await api.addMember(id, user);
      add.input.value = "";
      await refresh();
      return `${count(people.length, "person", "people")} added`;
    });
  });

  const leave = element("button", { class: "danger", type: "button" }, "Leave the group");
  const sure = element("p", { class: "hint", hidden: true }, "You will not see new messages. Somebody can add you again.");
  leave.addEventListener("click", () => {
    if (sure.hidden) {
      sure.hidden = false;
      leave.textContent = "Leave for good";
      return;
    }
    act(leaving, leave, async () => {
      await api.removeMember(id, store.me.id);
      dialog.close();
      left();
    });
  });
  const leaving = element("form", { class: "leaving", onsubmit: (event) => event.preventDefault() }, sure, leave);

  const remove = (user, button) =>
    act(leaving, button, async () => {
      await api.removeMember(id, user.id);
      await refresh();
      return `${user.fullName} removed`;
    });
  const refresh = async () => show(await api.readers(id));
  const show = (readers) => {
    const me = readers.find(({ user }) => user.id === store.me.id);
    if (!me) return dialog.close();
    myRank = RANKS[me.role] ?? 0;
    const mayManage = myRank >= RANKS.admin;
    rename.form.hidden = add.form.hidden = !mayManage;
    leaving.hidden = me.role === "owner";
    title.textContent = count(readers.length, "member");
    const sorted = [...readers].sort((a, b) => rank(b) - rank(a) || a.user.fullName.localeCompare(b.user.fullName));
    rows.show(sorted.map((reader) => memberRow(reader, mayRemove(reader) && remove)));
  };
  const mayRemove = ({ user, role }) => user.id !== store.me.id && myRank >= RANKS.admin && (RANKS[role] ?? 0) < myRank;
  const memberRow = ({ user, role }, removed) => ({
    key: user.id,
    look: [user.fullName, role, Boolean(removed)],
    make: () => {
      const button = element("button", { class: "link", type: "button", "aria-label": `Remove ${user.fullName}` }, "Remove");
      button.addEventListener("click", () => removed(user, button));
      const name = user.id === store.me.id ? `${user.fullName} (you)` : user.fullName;
      return element(
        "li",
        { class: "member" },
        avatar(user.id, user.fullName),
        element("span", { class: "member-name" }, name),
        ROLES[role] && element("span", { class: "member-role" }, ROLES[role]),
        removed && button,
      );
    },
  });

  // What others change while the dialog is open shows too.
  let timer = null;
  const stop = store.on("conversation", (change) => {
    if (change.id !== id || !["appended", "gone"].includes(change.kind)) return;
    if (conversation.isGone) return dialog.close();
    clearTimeout(timer);
    timer = setTimeout(() => refresh().catch(() => {}), SETTLE_MS);
  });
  const closed = () => {
    clearTimeout(timer);
    stop();
    dialog.remove();
  };
  const dialog = element(
    "dialog",
    { "aria-labelledby": "group-title", class: "group", onclose: closed },
    dialogHead("group-title", "About this group", () => dialog.close()),
    rename.form,
    title,
    list,
    add.form,
    problem,
    status,
    leaving,
  );
  for (const part of [rename.form, add.form, leaving]) part.hidden = true;
  document.body.append(dialog);
  dialog.showModal();
  refresh().catch((error) => (problem.textContent = error.message));
}

function rank({ role }) {
  return RANKS[role] ?? 0;
}

/** An input and its button in one line. */
function line(name, label, does, attributes) {
  const button = element("button", { class: "secondary", type: "submit" }, does);
  const place = field(name, { label, autocomplete: "off", ...attributes });
  const form = element("form", { class: "line", novalidate: true }, place, button);
  return { form, button, input: place.querySelector("input") };
}
