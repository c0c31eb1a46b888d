/**
 * What the page knows: conversations with their events, unread counts, marks, who is typing. Fed by connection.js and
 * the list of conversations; views read it and hear about changes.
 *
 * Events: `list` (order, titles, counts), `conversation` {id, kind: "appended" | "prepended" | "marks" | "typing" |
 * "reset" | "presence"}, `message` {conversation, message, live} for every message that came in.
 */

import { Conversation } from "./conversation.js";
import { Emitter } from "./emitter.js";

/** Events kept of a conversation that is not open; older ones are asked for again when it is opened. */
const MOST_EVENTS = 1_000;
/** Somebody who stopped without saying so, or whose "stopped" was lost. */
const TYPING_LAPSES_MS = 7_000;

export class Store extends Emitter {
  /** @type {Map<string, Conversation>} */
  conversations = new Map();
  /** Who is online, of those we follow: person → {online, since?, lastSeen?}. */
  presence = new Map();
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

  /** Newest first; without those that one has left. */
  list() {
    const here = [...this.conversations.values()].filter(({ isGone }) => !isGone);
    return here.sort((a, b) => b.activeAt - a.activeAt || (a.id < b.id ? -1 : 1));
  }

  unread() {
    return this.list().filter(({ unread }) => unread > 0).length;
  }

  /**
   * Takes an item of the list of conversations in. Answers the conversation, and whether it is new.
   * @param {object} item
   * @param {number} [activeAt] where it stands in the list as long as nobody has written in it
   */
  take(item, activeAt = Date.now()) {
    let conversation = this.get(item.id);
    const isNew = !conversation;
    if (isNew) {
      conversation = new Conversation(item, this.me, this.#savedMarks(item.id));
      this.conversations.set(item.id, conversation);
    }
    conversation.describe(item, activeAt);
    this.emit("list");
    if (!isNew) this.emit("conversation", { id: item.id, kind: "marks" });
    return { conversation, isNew };
  }

  /** Who is in a conversation and how far each has come. */
  meet(id, readers) {
    const conversation = this.get(id);
    if (!conversation) return;
    conversation.meet(readers);
    this.#saveMarks(conversation);
    this.emit("conversation", { id, kind: "marks" });
    this.emit("list");
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
    if (signal.presence) return this.#present(signal.presence.user, signal.presence);
    const conversation = this.get(idOf(topic));
    if (!conversation) return;
    if (signal.typing) this.#typing(conversation, signal.typing);
    if (signal.marks) this.#marks(conversation, signal.marks);
  }

  /** This person has seen everything up to `offset`. */
  read(id, offset) {
    if (this.get(id).readTo(offset)) this.emit("list");
  }

  /** How the other person of a direct conversation stands; undefined where that is not known. */
  presenceIn(conversation) {
    const other = conversation.kind === "direct" ? conversation.others()[0] : undefined;
    return other && this.presence.get(other.id);
  }

  forgetPresence(user) {
    this.#present(user, undefined);
  }

  /** Without a connection nothing is known of anybody. */
  forgetAllPresence() {
    if (this.presence.size > 0) {
      this.presence.clear();
      this.emit("list");
    }
    for (const { id } of this.conversations.values()) this.online(id, undefined);
  }

  /** How many members of a group are online; undefined: not known. */
  online(id, count) {
    const conversation = this.get(id);
    if (!conversation || conversation.online === count) return;
    conversation.online = count;
    this.emit("conversation", { id, kind: "presence" });
  }

  #present(user, presence) {
    if (presence) this.presence.set(user, presence);
    else this.presence.delete(user);
    this.emit("list");
  }

  /** One is no member any more. */
  gone(id) {
    const conversation = this.get(id);
    if (!conversation || conversation.isGone) return;
    conversation.isGone = true;
    this.emit("conversation", { id, kind: "gone" });
    this.emit("list");
  }

  /** Gives memory back when a conversation is closed; one that is not one's own any more is forgotten. */
  leave(id) {
    const conversation = this.get(id);
    if (conversation?.isGone) this.conversations.delete(id);
    else conversation?.trim(MOST_EVENTS);
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

export function idOf(topic) {
  return topic.slice(topic.indexOf(":") + 1);
}
