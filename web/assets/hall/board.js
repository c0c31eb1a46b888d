/** What the audience asks the speakers: the newest standing of all, one's own questions and votes. */

import { newRef } from "../refs.js";
import { element, Rows } from "../views/dom.js";
import { number, t } from "./words.js";

/** As the server has it. */
const TEXT_CHARS = 300;
/** Within this time a hall asks for what has changed. */
const SPREAD_MS = 1_500;

/** @param {import("./hall.js").Hall} hall */
export function boardView(hall) {
  const list = element("ul", { class: "board" });
  const rows = new Rows(list, { isReplaced: true });
  const status = element("p", { class: "said", role: "status" });
  const items = new Map();

  // Not among the questions: those are drawn anew while others vote.
  const replying = element("div");
  const sort = sortSelect(() => {
    draw();
    load();
  });
  const draw = () => {
    const shown = [...items.values()].sort(ORDERS[sort.value]);
    const makes = (item) => () => row(item, { upvote, more: load, reply: hall.conference?.audienceReplies && reply });
    rows.show(shown.map((item) => ({ key: String(item.id), look: lookOf(item), make: makes(item) })));
    list.hidden = shown.length === 0;
    none.hidden = shown.length > 0;
    sort.parentElement.hidden = shown.length < 2;
  };
  const keep = (item) => {
    // A whole one from the server leaves out what is not so (any more).
    const absent = item.text === undefined ? {} : { pinned: false, answer: undefined, ...NOTHING };
    const known = items.get(item.id);
    const now = { mine: false, own: false, ...known, ...absent, ...strip(item) };
    items.set(item.id, { ...now, newestReplies: joined(known?.newestReplies, now) });
  };
  const reply = (item) => {
    const replied = (now) => {
      replying.replaceChildren();
      keep({ ...now, mine: items.get(item.id)?.mine, own: items.get(item.id)?.own });
      draw();
      list.querySelector(`[data-reply="${item.id}"]`)?.focus();
    };
    const form = replyForm({ hall, item, status, replied });
    replying.replaceChildren(form);
    form.querySelector("textarea").focus();
  };
  const upvote = async (item) => {
    const up = !item.mine;
    keep({ id: item.id, mine: up, votes: item.votes + (up ? 1 : -1) });
    draw();
    list.querySelector(`[data-item="${item.id}"]`)?.focus();
    try {
      const { item: now } = await hall.connection.request({ upvote: { conference: hall.id, item: item.id, up } });
      keep({ ...now, mine: up });
    } catch (error) {
      keep({ id: item.id, mine: item.mine, votes: item.votes });
      status.textContent = t("failed", { reason: error.message });
    }
    draw();
  };
  const load = async () => {
    const page = await hall.ask("GET", `/qa?limit=100&sort=${sort.value}`).catch(() => undefined);
    for (const item of page?.items ?? []) keep(item);
    draw();
  };
  const none = element("p", { class: "hint" }, t("noQuestions"));
  const asked = (item) => {
    keep({ ...item, own: true });
    draw();
  };
  const form = askForm({ hall, status, asked });
  const view = element(
    "section",
    { class: "panel asked", "aria-label": t("ask") },
    element("h2", {}, t("ask")),
    form,
    status,
    none,
    sort.parentElement,
    replying,
    list,
  );

  const stop = hall.on("board", ({ items: now }) => {
    const shown = new Set(now.map(({ id }) => id));
    // What is not shown to everybody any more, except one's own that nobody has looked at yet.
    const gone = [...items].filter(([id, item]) => !shown.has(id) && !(item.own && item.status === "pending"));
    for (const [id] of gone) items.delete(id);
    // Merged into another one, perhaps: then that one is mine from now on. A hall does not ask all at once.
    if (gone.some(([, { mine, own }]) => mine || own)) setTimeout(load, Math.random() * SPREAD_MS);
    const before = [...items.values()].filter((item) => item.own && item.status === "pending").length;
    for (const item of now) keep(item);
    // Approved meanwhile: that it waits for somebody is true no more.
    const after = [...items.values()].filter((item) => item.own && item.status === "pending").length;
    if (after < before) status.textContent = "";
    draw();
  });
  hall.connection.follow(`board:${hall.id}`);
  draw();
  load();
  return { view, stop };
}

/** The form for one's own question; `status` says what became of it, `asked` is told of it. */
function askForm({ hall, status, asked }) {
  const input = element("textarea", { id: "ask", rows: 2, maxlength: TEXT_CHARS, required: true });
  const button = element("button", { type: "submit", class: "secondary" }, t("askSend"));
  let clientRef = newRef();
  const onsubmit = async (event) => {
    event.preventDefault();
    if (!input.value.trim()) return input.focus();
    button.disabled = true;
    try {
      const ask = { conference: hall.id, text: input.value.trim(), clientRef };
      const { item } = await hall.connection.request({ ask });
      asked(item);
      input.value = "";
      // Repeated before, it would have been the same question.
      clientRef = newRef();
      status.textContent = t(item.status === "pending" ? "askPending" : "askDone");
    } catch (error) {
      status.textContent = t("failed", { reason: error.message });
    } finally {
      button.disabled = false;
    }
  };
  const label = element("label", { for: "ask" }, t("askLabel"));
  return element("form", { class: "asking", onsubmit }, label, input, button);
}

/** Of what stands there already, `value` tells the order. */
export const ORDERS = {
  votes: (a, b) => b.pinned - a.pinned || b.votes - a.votes || a.id - b.id,
  newest: (a, b) => b.pinned - a.pinned || b.id - a.id,
  wilson: (a, b) => b.pinned - a.pinned || (b.score ?? 0) - (a.score ?? 0) || a.id - b.id,
};

/** What a row shows of a question: not the score, which changes with every vote. */
export function lookOf({ score, ...shown }) {
  return shown;
}

/** What a question has of these when nothing is said. */
export const NOTHING = { labels: [], merged: 0, replies: 0, newestReplies: [] };

/** Asks for the order; its parent is the line to show. */
export function sortSelect(onchange) {
  const options = Object.entries({ votes: "byVotes", newest: "byNewest", wilson: "byScore" });
  const select = element(
    "select",
    { id: "sort", onchange },
    ...options.map(([value, text]) => element("option", { value }, t(text))),
  );
  element("p", { class: "sort" }, element("label", { for: "sort" }, t("sortBy")), " ", select);
  return select;
}

/** The replies that are known: those that were loaded before, and the newest that came with `now`. */
export function joined(before = [], { replies, newestReplies }) {
  const first = newestReplies[0]?.id ?? 0;
  const all = [...before.filter(({ id }) => id < first), ...newestReplies];
  return all.length > replies ? newestReplies : all;
}

/** A form for a reply to somebody else's question. */
function replyForm({ hall, item, status, replied }) {
  const clientRef = newRef();
  const id = `reply-${item.id}`;
  const input = element("textarea", { id, rows: 2, maxlength: TEXT_CHARS, required: true });
  const button = element("button", { type: "submit", class: "secondary" }, t("replySend"));
  const onsubmit = async (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (!text) return input.focus();
    button.disabled = true;
    try {
      const reply = { conference: hall.id, item: item.id, text, clientRef };
      const { item: now } = await hall.connection.request({ reply });
      status.textContent = "";
      replied(now);
    } catch (error) {
      status.textContent = t("failed", { reason: error.message });
      button.disabled = false;
    }
  };
  return element("form", { class: "asking", onsubmit }, element("label", { for: id }, t("replyTo", item)), input, button);
}

/** The replies to a question; `take` makes what stands beside each. */
export function replyList(item, take = () => undefined) {
  const rowOf = (reply) => {
    const who = reply.host ? t("ofHost") : reply.author;
    const said = element("p", { dir: "auto" }, who && element("strong", {}, `${who}: `), reply.text);
    return element("li", { class: reply.host ? "reply of-host" : "reply" }, said, take(reply));
  };
  return item.newestReplies.length > 0 && element("ul", { class: "replies" }, ...item.newestReplies.map(rowOf));
}

/** What a question is about. */
export function labelList({ labels }) {
  return labels.length > 0 && element("p", { class: "labels" }, ...labels.map((label) => element("span", { class: "mark" }, label)));
}

/** Members that the server leaves out do not overwrite what is known. */
function strip(item) {
  return Object.fromEntries(Object.entries(item).filter(([, value]) => value !== null && value !== undefined));
}

function row(item, { upvote, more, reply }) {
  const words = [
    item.pinned && t("pinned"),
    ["answered", "pending"].includes(item.status) && t(item.status),
    item.merged > 0 && t("mergedInto", { n: item.merged }),
  ].filter(Boolean);
  const link = (text, onclick) => element("button", { type: "button", class: "link", onclick }, text);
  const answer = reply && item.status !== "pending" && link(t("reply"), () => reply(item));
  if (answer) {
    answer.dataset.reply = item.id;
    answer.setAttribute("aria-label", t("replyTo", { text: item.text }));
  }
  const label = t("upvote", { n: item.votes, text: item.text });
  const onclick = () => upvote(item);
  const attributes = {
    type: "button",
    class: "upvote",
    "data-item": item.id,
    "aria-pressed": String(item.mine),
    "aria-label": label,
    onclick,
  };
  return element(
    "li",
    {},
    element("button", attributes, element("span", { "aria-hidden": "true" }, "▲"), number(item.votes)),
    element(
      "div",
      { class: "asked-text" },
      element("p", { dir: "auto" }, item.text),
      (item.author || words.length > 0) &&
        element("p", { class: "hint" }, [item.author, ...words].filter(Boolean).join(" · ")),
      labelList(item),
      item.answer && element("p", { class: "reply", dir: "auto" }, item.answer),
      item.replies > item.newestReplies.length && link(t("allReplies", { n: item.replies }), more),
      replyList(item),
      answer,
    ),
  );
}
