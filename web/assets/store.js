/**
 * What the page knows: conversations with their events, unread counts, marks, who is typing. Fed by connection.js and
 * the list of conversations; views read it and hear about changes.
 *
 * Events: `list` (order, titles, counts), `conversation` {id, kind: "appended" | "prepended" | "marks" | "typing" |
 * "reset"}, `message` {conversation, message, live} for every message that came in.
 */

import { Emitter } from "./emitter.js";

/** Events kept of a conversation that is not open; older ones are asked for again when it is opened. */
const MOST_EVENTS = 1_000;
/** Somebody who stopped without saying so, or whose "stopped" was lost. */
const TYPING_LAPSES_MS = 7_000;

/**
 * @typedef {object} Item an event or a gap
 * @property {number} offset
 * @property {number} at
 * @property {object} [event] as on the wire, without the word `conversation` around it
 * @property {{from: number, to: number}} [gap]
 */

export class Store extends Emitter {
  /** @type {Map<string, Conversation>} */
  conversations = new Map();
  me;
  #storage;

  /** @param {{id: string, fullName: string}} me @param {Storage} storage keeps others' marks over reloads */
  constructor(me, storage) {
    super();
    this.me = me;
    this.#storage = storage;
  }

  get(id) {
    return this.conversations.get(id);
  }

  /** Newest first. */
  list() {
    return [...this.conversations.values()].sort((a, b) => b.lastAt - a.lastAt || (a.id < b.id ? -1 : 1));
  }

  unread() {
    return this.list().filter(({ unread }) => unread > 0).length;
  }

  /** Takes an item of the list of conversations in. Answers the conversation, and whether it is new. */
  take(item) {
    let conversation = this.get(item.id);
    const isNew = !conversation;
    if (isNew) {
      conversation = new Conversation(item, this.me, this.#savedMarks(item.id));
      this.conversations.set(item.id, conversation);
    }
    conversation.describe(item);
    for (const { user, ...marks } of item.marks ?? []) conversation.mark(user, marks);
    this.emit("list");
    if (!isNew) this.emit("conversation", { id: item.id, kind: "marks" });
    return { conversation, isNew };
  }

  /** A live or resumed event. */
  event({ topic, offset, at, event }) {
    const conversation = this.get(idOf(topic));
    if (!conversation || !event.conversation) return;
    const item = { offset, at, event: event.conversation };
    conversation.append(item);
    const { message } = item.event;
    if (message) {
      conversation.typing.delete(message.author);
      this.emit("message", { conversation, message, at });
    }
    this.emit("conversation", { id: conversation.id, kind: "appended" });
    this.emit("list");
  }

  gap({ topic, from, to }) {
    const conversation = this.get(idOf(topic));
    if (!conversation) return;
    conversation.append({ offset: to, at: Date.now(), gap: { from, to } });
    this.emit("conversation", { id: conversation.id, kind: "appended" });
  }

  /** A page of history that ends right before what is there. */
  prepend(id, page) {
    const conversation = this.get(id);
    conversation.prepend(page);
    this.emit("conversation", { id, kind: "prepended" });
  }

  /** The server has less than we have seen (it was restored from a copy): show what it has. */
  reset(topic, position) {
    const conversation = this.get(idOf(topic));
    if (!conversation) return;
    conversation.forget(position);
    this.emit("conversation", { id: conversation.id, kind: "reset" });
  }

  signal({ topic, signal }) {
    const conversation = this.get(idOf(topic));
    if (!conversation) return;
    if (signal.typing) this.#typing(conversation, signal.typing);
    if (signal.marks) this.#marks(conversation, signal.marks);
  }

  /** This person has seen everything up to `offset`. */
  read(id, offset) {
    if (this.get(id).readTo(offset)) this.emit("list");
  }

  /** Gives memory back when a conversation is left. */
  leave(id) {
    this.get(id)?.trim(MOST_EVENTS);
  }

  #typing(conversation, { user, active }) {
    if (user === this.me.id) return;
    clearTimeout(conversation.typing.get(user));
    conversation.typing.delete(user);
    const changed = () => this.emit("conversation", { id: conversation.id, kind: "typing" });
    const lapse = () => {
      conversation.typing.delete(user);
      changed();
    };
    if (active) conversation.typing.set(user, setTimeout(lapse, TYPING_LAPSES_MS));
    changed();
  }

  #marks(conversation, { user, delivered, read }) {
    if (user === this.me.id) {
      // Another device of ours has read. Below the end we cannot count; the list can.
      if (read < conversation.position) return this.emit("recount");
      return this.read(conversation.id, read);
    }
    conversation.mark(user, { delivered, read });
    this.#saveMarks(conversation);
    this.emit("conversation", { id: conversation.id, kind: "marks" });
  }

  #marksKey(id) {
    return `plenum.marks.${this.me.id}.${id}`;
  }

  #savedMarks(id) {
    try {
      return new Map(JSON.parse(this.#storage.getItem(this.#marksKey(id)) ?? "[]"));
    } catch {
      return new Map();
    }
  }

  #saveMarks({ id, marks }) {
    try {
      this.#storage.setItem(this.#marksKey(id), JSON.stringify([...marks]));
    } catch {
      // Without them the ticks of old messages wait for the next signal.
    }
  }
}

/** One conversation. Its events are one unbroken range of offsets, from `low` to `position`. */
export class Conversation {
  /** @type {Item[]} */
  items = [];
  marks;
  typing = new Map();
  participants = new Map();
  lastAt = 0;
  last;
  unread = 0;
  read = 0;
  #me;
  /** Up to here the server has counted what is unread. */
  #countedTo = 0;

  constructor(item, me, marks) {
    this.id = item.id;
    this.topic = `conversation:${item.id}`;
    this.position = item.head;
    /** Everything from here on is in `items`; 1 when nothing older exists. */
    this.low = item.head + 1;
    this.marks = marks;
    this.#me = me;
  }

  describe(item) {
    this.kind = item.kind;
    this.title = item.title;
    for (const person of item.participants ?? []) this.participants.set(person.id, person);
    const lastAt = milliseconds(item.lastMessageAt ?? item.lastMessage?.at ?? item.createdAt);
    if (!this.last || (item.lastMessage && item.lastMessage.offset >= this.last.offset)) {
      this.last = item.lastMessage ?? undefined;
      this.lastAt = lastAt || this.lastAt || Date.now();
    }
    this.#count(item);
  }

  /** What the server counted up to its head, and what has come here since. A count from before our own mark is old. */
  #count({ unreadCount, readPosition, head }) {
    if ((readPosition ?? 0) < this.read) return;
    this.read = readPosition ?? 0;
    this.#countedTo = head;
    this.unread = unreadCount + this.items.filter((item) => item.offset > head && this.#isUnread(item)).length;
  }

  #isUnread({ offset, event }) {
    return event?.message && event.message.author !== this.#me.id && offset > this.read;
  }

  append(item) {
    this.items.push(item);
    this.position = item.offset;
    const { message, titleChanged } = item.event ?? {};
    if (titleChanged) this.title = titleChanged.title;
    if (!message) return;
    if (item.offset > this.#countedTo && this.#isUnread(item)) this.unread += 1;
    this.last = { text: message.content.text, author: message.author, at: item.at, offset: item.offset };
    this.lastAt = Math.max(this.lastAt, item.at);
    // Who writes has read what stands before.
    this.mark(message.author, { delivered: item.offset, read: 0 });
  }

  /** @param {{events: object[], first: number}} page events below `low`, oldest first */
  prepend({ events, first }) {
    const older = events.filter(({ offset }) => offset < this.low);
    this.items.unshift(...older.map(({ offset, at, event }) => ({ offset, at, event: event.conversation })));
    const start = older.length > 0 ? older[0].offset : this.low;
    const gone = first > 1 && start <= first;
    if (gone) this.items.unshift({ offset: first - 1, at: this.items[0]?.at ?? 0, gap: { from: 1, to: first - 1 } });
    this.low = gone || older.length === 0 ? 1 : start;
  }

  forget(position) {
    this.items = [];
    this.position = position;
    this.low = position + 1;
  }

  trim(most) {
    if (this.items.length <= most) return;
    this.items.splice(0, this.items.length - most);
    this.low = this.items[0].offset;
  }

  mark(user, { delivered, read }) {
    const known = this.marks.get(user) ?? { delivered: 0, read: 0 };
    const next = { read: Math.max(known.read, read), delivered: Math.max(known.delivered, delivered, read) };
    this.marks.set(user, next);
  }

  readTo(offset) {
    const changed = offset > this.read || this.unread > 0;
    this.read = Math.max(this.read, offset);
    this.#countedTo = Math.max(this.#countedTo, offset);
    this.unread = this.items.filter((item) => item.offset > this.#countedTo && this.#isUnread(item)).length;
    return changed;
  }

  others() {
    return [...this.participants.values()].filter(({ id }) => id !== this.#me.id);
  }

  name() {
    if (this.kind === "group") return this.title || this.others().map(({ fullName }) => fullName).join(", ") || "Group";
    return this.others()[0]?.fullName ?? "Notes to yourself";
  }

  /** Whose colour it has: the other person's in a direct conversation. */
  face() {
    return this.kind === "group" ? this.id : (this.others()[0]?.id ?? this.#me.id);
  }

  isMe(user) {
    return user === this.#me.id;
  }

  nameOf(user) {
    return this.isMe(user) ? "You" : (this.participants.get(user)?.fullName ?? "Former member");
  }

  /** How far an own message at `offset` has got: {state: "sent" | "delivered" | "read", readers, of}. */
  reach(offset) {
    const others = this.others().map(({ id }) => this.marks.get(id) ?? { delivered: 0, read: 0 });
    const readers = others.filter(({ read }) => read >= offset).length;
    const delivered = others.filter((marks) => marks.delivered >= offset).length;
    const all = others.length > 0;
    const state = all && readers === others.length ? "read" : all && delivered === others.length ? "delivered" : "sent";
    return { state, readers, of: others.length };
  }
}

export function idOf(topic) {
  return topic.slice(topic.indexOf(":") + 1);
}

/** REST times are RFC 3339, wire times are milliseconds. */
function milliseconds(time) {
  return typeof time === "string" ? Date.parse(time) : (time ?? 0);
}
