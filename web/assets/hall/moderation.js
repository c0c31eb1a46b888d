/** What the audience asks, for those who moderate: approve, answer, pin, dismiss. */

import { element, Rows } from "../views/dom.js";
import { button } from "./parts.js";
import { t } from "./words.js";

/** @param {import("./hall.js").Hall} hall */
export function moderationView(hall, run) {
  const list = element("ul", { class: "board" });
  const rows = new Rows(list, { isReplaced: true });
  const none = element("p", { class: "hint" }, "Nobody has asked anything yet.");
  const items = new Map();
  const draw = () => {
    const rank = { pending: 0, approved: 1, answered: 2, dismissed: 3 };
    const shown = [...items.values()].sort(
      (a, b) => rank[a.status] - rank[b.status] || b.pinned - a.pinned || b.votes - a.votes || a.id - b.id,
    );
    rows.show(shown.map((item) => ({ key: String(item.id), look: item, make: () => row(item, change) })));
    none.hidden = shown.length > 0;
    list.hidden = shown.length === 0;
  };
  const change = (item, body) =>
    run(async () => {
      items.set(item.id, await hall.ask("PUT", `/qa/${item.id}`, body));
      draw();
    });
  hall.on("board", ({ items: now }) => {
    for (const item of now) items.set(item.id, { pinned: false, ...item });
    draw();
  });
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
    list,
  );
  return { view, show };
}

function row(item, change) {
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
  const is = (...statuses) => statuses.includes(item.status);
  const words = [
    t("votes", { n: item.votes }),
    item.author,
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
      item.answer && element("p", { class: "reply", dir: "auto" }, item.answer),
      element(
        "div",
        { class: "actions" },
        is("pending", "dismissed") && act("Approve", { status: "approved" }),
        is("pending", "approved") && answering,
        is("approved") && act("Answered aloud", { status: "answered" }),
        act(item.pinned ? "Unpin" : "Pin", { pinned: !item.pinned }),
        !is("dismissed") && act("Dismiss", { status: "dismissed" }),
      ),
    ),
  );
}
