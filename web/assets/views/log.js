/** The rows of a conversation: days, messages, what else happened, and what waits to be sent. */

import { wordsOf } from "../conversation.js";
import { avatar, element, hiddenText, icon } from "./dom.js";
import { count, day, exactly, time } from "./format.js";

/** Messages of one person closer than this stand together. */
const TOGETHER_MS = 5 * 60_000;

/**
 * @param {import("../conversation.js").Conversation} conversation
 * @param {import("../outbox.js").Entry[]} entries
 * @param {object} how
 * @param {number} how.unreadAfter offset after which the "new" line stands; 0: nowhere
 * @param {(clientRef: string) => void} how.retry
 * @param {(clientRef: string) => void} how.discard
 * @returns {{key: string, look: unknown, make: () => Element}[]}
 */
export function logRows(conversation, entries, how) {
  const rows = [];
  const seen = { day: "", author: "", at: 0, newLine: how.unreadAfter === 0 };
  const place = (at, offset, row) => {
    const name = day(at);
    if (name !== seen.day) rows.push(separator(`day-${at}-${offset}`, name, at));
    if (name !== seen.day) seen.author = "";
    seen.day = name;
    if (!seen.newLine && offset > how.unreadAfter && !row.isOwn) {
      rows.push({
        key: "new",
        look: "new",
        make: () => element("div", { class: "new-line" }, element("span", {}, "New")),
      });
      seen.newLine = true;
      seen.author = "";
    }
    const follows = row.author !== undefined && row.author === seen.author && at - seen.at < TOGETHER_MS;
    rows.push(row.build(follows));
    seen.author = row.author ?? "";
    seen.at = at;
  };
  // In a group the words stand at the newest own message only; the ticks of all others say the same, quietly.
  const newest = conversation.items.findLast(({ event }) => event?.message?.author === how.me)?.offset;
  for (const item of conversation.items)
    place(item.at, item.offset, itemRow(conversation, item, item.offset === newest));
  for (const entry of entries) place(entry.at, Infinity, entryRow(entry, how));
  return rows;
}

function separator(key, name, at) {
  const date = new Date(at).toISOString().slice(0, 10);
  const make = () => element("div", { class: "day" }, element("time", { datetime: date }, name));
  return { key, look: name, make };
}

function itemRow(conversation, item, isNewest) {
  if (item.gap) return note(`gap-${item.offset}`, gapText(item.gap), "note gap");
  const { message } = item.event;
  if (!message) return note(`o${item.offset}`, happened(conversation, item.event), "note");
  const name = conversation.nameOf(message.author);
  const isOwn = conversation.isMe(message.author);
  const isGroup = conversation.kind === "group";
  const reach = isOwn ? reachOf(conversation, item.offset, isNewest) : undefined;
  const build = (follows) => ({
    // An own message keeps the node it had while it was on its way.
    key: isOwn && message.clientRef ? `r${message.clientRef}` : `o${item.offset}`,
    look: [follows, name, reach, item.offset],
    make: () =>
      bubble({
        id: message.author,
        name,
        text: wordsOf(message.content),
        at: item.at,
        isOwn,
        isGroup,
        follows,
        reach,
        offset: item.offset,
      }),
  });
  return { author: message.author, isOwn, build };
}

function entryRow(entry, { me, retry, discard }) {
  const words = {
    waiting: "Waiting to be sent",
    sending: "Sending",
    sent: "Sent",
    failed: `Not sent: ${entry.error ?? ""}`,
  };
  const icons = { waiting: "waiting", sending: "waiting", sent: "sent", failed: "failed" };
  const reach = { icon: icons[entry.state], words: words[entry.state], isShown: entry.state === "failed" };
  const build = (follows) => ({
    key: `r${entry.clientRef}`,
    look: [follows, entry.state, entry.error],
    make: () => {
      const made = bubble({ id: me, name: "You", text: entry.text, at: entry.at, isOwn: true, follows, reach });
      made.classList.add(`is-${entry.state}`);
      if (entry.state === "failed")
        made.append(
          element(
            "div",
            { class: "failed-actions" },
            element("button", { class: "link", type: "button", onclick: () => retry(entry.clientRef) }, "Try again"),
            element("button", { class: "link", type: "button", onclick: () => discard(entry.clientRef) }, "Discard"),
          ),
        );
      return made;
    },
  });
  return { author: me, isOwn: true, build };
}

/** The tick of an own message, and its words. */
function reachOf(conversation, offset, isNewest) {
  const { state, readers, of } = conversation.reach(offset);
  if (state === "read")
    return { icon: "read", state, words: of > 1 ? "Read by all" : "Read", isShown: of > 1 && isNewest };
  if (readers > 0) return { icon: "twice", state: "delivered", words: `Read by ${readers}`, isShown: isNewest };
  return state === "delivered" ? { icon: "twice", state, words: "Delivered" } : { icon: "sent", state, words: "Sent" };
}

function bubble({ id, name, text, at, isOwn, isGroup, follows, reach, offset }) {
  const who =
    isGroup && !isOwn && !follows ? element("div", { class: "author", "aria-hidden": "true" }, name) : undefined;
  const face = isGroup && !isOwn ? element("span", { class: "face" }, follows ? "" : avatar(id, name)) : undefined;
  const classes = ["message", isOwn ? "is-own" : "", follows ? "follows" : ""].filter(Boolean).join(" ");
  const shown = reach?.isShown ? element("span", { class: "reach-words" }, reach.words) : undefined;
  const tick =
    reach &&
    element(
      "span",
      { class: `tick tick-${reach.state ?? ""}`, title: reach.words },
      icon(reach.icon),
      !shown && hiddenText(reach.words),
    );
  return element(
    "div",
    { class: classes, "data-offset": offset },
    face,
    element(
      "div",
      { class: "bubble" },
      who,
      hiddenText(`${name}: `),
      element("span", { class: "text", dir: "auto" }, text),
      element(
        "span",
        { class: "meta" },
        shown,
        element("time", { datetime: new Date(at).toISOString(), title: exactly(at) }, time(at)),
        tick,
      ),
    ),
  );
}

function note(key, text, kind) {
  return {
    isOwn: true,
    build: () => ({ key, look: text, make: () => element("div", { class: kind }, element("span", {}, text)) }),
  };
}

function gapText({ from, to }) {
  const events = count(to - from + 1, "older event");
  return `${events} here ${to === from ? "is" : "are"} no longer kept by the server`;
}

function happened(conversation, event) {
  const name = (user) => conversation.nameOf(user);
  if (event.created) {
    const what = event.created.kind === "group" ? `the group “${event.created.title ?? ""}”` : "this conversation";
    return `${name(event.created.by)} started ${what}`;
  }
  if (event.memberAdded) {
    const { user, by } = event.memberAdded;
    return user === by ? `${name(user)} joined` : `${name(by)} added ${inside(name(user))}`;
  }
  if (event.memberRemoved) {
    const { user, by } = event.memberRemoved;
    return user === by ? `${name(user)} left` : `${name(by)} removed ${inside(name(user))}`;
  }
  if (event.titleChanged) return `${name(event.titleChanged.by)} named the group “${event.titleChanged.title}”`;
  return "Something happened here that this version of the page does not know";
}

function inside(name) {
  return name === "You" ? "you" : name;
}
