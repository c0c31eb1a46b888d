/** What the audience asks, for those who moderate: approve, answer, pin, dismiss. */

import { field } from "../views/auth.js";
import { element, Rows } from "../views/dom.js";
import { joined, labelList, lookOf, NOTHING, ORDERS, replyList, sortSelect } from "./board.js";
import { button, choiceField, formDialog, optionalField } from "./parts.js";
import { newRef } from "../refs.js";
import { t } from "./words.js";

/** @param {import("./hall.js").Hall} hall */
export function moderationView(hall, run) {
  const list = element("ul", { class: "board" });
  const rows = new Rows(list, { isReplaced: true });
  const none = element("p", { class: "hint" }, "Nobody has asked anything yet.");
  const items = new Map();
  const sort = sortSelect(() => {
    draw();
    load();
  });
  const keep = (item) => {
    const now = { pinned: false, ...NOTHING, score: items.get(item.id)?.score, ...item };
    items.set(item.id, { ...now, newestReplies: joined(items.get(item.id)?.newestReplies, now) });
  };
  const load = () =>
    run(async () => {
      for (const item of (await hall.ask("GET", `/qa?limit=100&sort=${sort.value}`)).items) keep(item);
      draw();
    });
  const draw = () => {
    const rank = { pending: 0, approved: 1, answered: 2, dismissed: 3 };
    const shown = [...items.values()].sort(
      (a, b) => rank[a.status] - rank[b.status] || ORDERS[sort.value](a, b),
    );
    const makes = (item) => () => row(item, { change, ask, others: () => shown.filter(({ id }) => id !== item.id), load });
    rows.show(shown.map((item) => ({ key: String(item.id), look: lookOf(item), make: makes(item) })));
    none.hidden = shown.length > 0;
    list.hidden = shown.length === 0;
    sort.parentElement.hidden = shown.length < 2;
    top.hidden = shown.filter(({ status }) => status === "approved").length < 2;
  };
  /** Asks for a change; the answer is a question as it stands then. */
  const ask = async (method, path, body) => {
    keep(await hall.ask(method, `/qa/${path}`, body));
    draw();
  };
  const change = (item, body) => run(() => ask("PUT", item.id, body));
  hall.on("board", ({ items: now, total }) => {
    for (const item of now) keep(item);
    // Merged ones are listed no more.
    const shown = new Set(now.map(({ id }) => id));
    if (now.length === total) for (const id of items.keys()) if (!shown.has(id)) items.delete(id);
    draw();
  });
  const top = button("Make a question of the top ideas", () => topDialog(hall));
  let isFollowed = false;
  const show = () => {
    if (isFollowed) return;
    isFollowed = true;
    hall.connection.follow(`boardHost:${hall.id}`);
  };
  draw();
  const view = element(
    "section",
    { class: "host-board", "aria-label": "Questions of the audience" },
    element("h2", {}, "Questions of the audience"),
    none,
    element("div", { class: "actions" }, sort.parentElement, top),
    list,
  );
  return { view, show };
}

/** A question whose options are what the audience most wants. */
function topDialog(hall) {
  const kinds = { single: "One choice", multiple: "Several choices", ranking: "Ranking" };
  const orders = { votes: "Votes", wilson: "Share of those who want it" };
  formDialog({
    title: "The top ideas as a question",
    action: "Add",
    fields: [
      field("text", { label: "Question", type: "text", maxlength: 1000, value: "Which of your ideas first?" }),
      choiceField("kind", "Kind", kinds, "single"),
      field("count", { label: "How many ideas", type: "number", min: 2, max: 20, value: 5 }),
      choiceField("sort", "The best by", orders, "votes"),
    ],
    save: async (form) => {
      const { text, kind, count, sort } = Object.fromEntries(new FormData(form));
      await hall.ask("POST", "/questions", { text, kind, fromTop: { count: Number(count), sort } });
      await hall.reload();
    },
  });
}

function mergeDialog(item, others, ask) {
  const choices = Object.fromEntries(others.map(({ id, text }) => [id, text]));
  formDialog({
    title: `Merge: ${item.text}`,
    action: "Merge",
    fields: [choiceField("into", "It says the same as", choices, String(others[0]?.id))],
    save: (form) => ask("POST", `${item.id}/merge`, { into: Number(form.elements.into.value) }),
  });
}

function labelDialog(item, ask) {
  const attributes = { label: "Labels", type: "text", hint: "At most 5, with commas between.", value: item.labels.join(", ") };
  formDialog({
    title: `Labels: ${item.text}`,
    action: "Save",
    fields: [optionalField("labels", attributes)],
    save: (form) => {
      const labels = form.elements.labels.value.split(",").map((label) => label.trim());
      return ask("PUT", item.id, { labels: labels.filter(Boolean) });
    },
  });
}

function replyDialog(item, ask) {
  const clientRef = newRef();
  formDialog({
    title: `Reply: ${item.text}`,
    action: "Reply",
    fields: [field("text", { label: "Your reply", tag: "textarea", rows: 3, maxlength: 1000 })],
    save: (form) => ask("POST", `${item.id}/replies`, { text: form.elements.text.value.trim(), clientRef }),
  });
}

function row(item, { change, ask, others, load }) {
  const act = (text, body) => {
    const made = button(text, () => change(item, body), "link");
    made.setAttribute("aria-label", `${text}: ${item.text}`);
    return made;
  };
  const answer = () => {
    const text = prompt(`Answer to: ${item.text}`, item.answer ?? "");
    if (text !== null) change(item, { answer: text, ...(text && { status: "answered" }) });
  };
  const answering = button("Answer", answer, "link");
  answering.setAttribute("aria-label", `Answer: ${item.text}`);
  /** What opens a dialog. */
  const opens = (text, open) => {
    const made = button(text, open, "link");
    made.setAttribute("aria-label", `${text}: ${item.text}`);
    return made;
  };
  const drop = (reply) => {
    const made = button("Remove", () => ask("DELETE", `${item.id}/replies/${reply.id}`).catch(() => load()), "link");
    made.setAttribute("aria-label", `Remove the reply: ${reply.text}`);
    return made;
  };
  const is = (...statuses) => statuses.includes(item.status);
  const words = [
    t("votes", { n: item.votes }),
    item.author,
    item.merged > 0 && t("mergedInto", { n: item.merged }),
    item.pinned && t("pinned"),
    t(item.status === "approved" ? "" : item.status),
  ];
  return element(
    "li",
    { class: `panel is-${item.status}` },
    element(
      "div",
      { class: "asked-text" },
      element("p", { dir: "auto" }, item.text),
      element("p", { class: "hint" }, words.filter(Boolean).join(" · ")),
      labelList(item),
      item.answer && element("p", { class: "reply", dir: "auto" }, item.answer),
      item.replies > item.newestReplies.length && button(t("allReplies", { n: item.replies }), load, "link"),
      replyList(item, drop),
      element(
        "div",
        { class: "actions" },
        is("pending", "dismissed") && act("Approve", { status: "approved" }),
        is("pending", "approved") && answering,
        is("approved") && act("Answered aloud", { status: "answered" }),
        !is("dismissed") && opens("Reply", () => replyDialog(item, ask)),
        act(item.pinned ? "Unpin" : "Pin", { pinned: !item.pinned }),
        opens("Labels", () => labelDialog(item, ask)),
        others().length > 0 && opens("Merge", () => mergeDialog(item, others(), ask)),
        !is("dismissed") && act("Dismiss", { status: "dismissed" }),
      ),
    ),
  );
}
