/** What the audience asks the speakers: the newest standing of all, one's own questions and votes. */

import { newRef } from "../refs.js";
import { element, Rows } from "../views/dom.js";
import { number, t } from "./words.js";

/** As the server has it. */
const TEXT_CHARS = 500;

/** @param {import("./hall.js").Hall} hall */
export function boardView(hall) {
  const list = element("ul", { class: "board" });
  const rows = new Rows(list, { isReplaced: true });
  const status = element("p", { class: "said", role: "status" });
  const items = new Map();

  const draw = () => {
    const shown = [...items.values()].sort((a, b) => b.pinned - a.pinned || b.votes - a.votes || a.id - b.id);
    rows.show(shown.map((item) => ({ key: String(item.id), look: item, make: () => row(item, upvote) })));
    list.hidden = shown.length === 0;
    none.hidden = shown.length > 0;
  };
  const keep = (item) => {
    // A whole one from the server leaves out what is not so (any more).
    const absent = item.text === undefined ? {} : { pinned: false, answer: undefined };
    items.set(item.id, { mine: false, own: false, ...items.get(item.id), ...absent, ...strip(item) });
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
    const page = await hall.ask("GET", "/qa?limit=100").catch(() => undefined);
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
    list,
  );

  const stop = hall.on("board", ({ items: now }) => {
    const shown = new Set(now.map(({ id }) => id));
    // What is not shown to everybody any more, except one's own that nobody has looked at yet.
    for (const [id, item] of items) if (!shown.has(id) && !(item.own && item.status === "pending")) items.delete(id);
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

/** Members that the server leaves out do not overwrite what is known. */
function strip(item) {
  return Object.fromEntries(Object.entries(item).filter(([, value]) => value !== null && value !== undefined));
}

function row(item, upvote) {
  const words = [item.pinned && t("pinned"), ["answered", "pending"].includes(item.status) && t(item.status)].filter(
    Boolean,
  );
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
      item.answer && element("p", { class: "reply", dir: "auto" }, item.answer),
    ),
  );
}
