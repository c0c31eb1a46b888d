/**
 * Keeps the store in step with the server: the list of conversations over REST, their events over the connection, and
 * what this person has received and read back to the server.
 *
 * Events: `loaded` after the first list, and whenever a conversation was added.
 */

import { Emitter } from "./emitter.js";
import { Presence } from "./presence.js";

const PAGE_ITEMS = 50;
const PAGE_EVENTS = 50;
const RETRY_MS = 3_000;
/** How often it is asked again who of an open group is online. */
const COUNT_EVERY_MS = 30_000;

export class Sync extends Emitter {
  #api;
  #connection;
  #store;
  #outbox;
  #marks;
  #presence;
  #counting = null;
  #topics = 100;
  #pageEvents = PAGE_EVENTS;
  #refreshing;
  #open;
  #again = false;
  #timer = null;
  #closed = false;

  constructor({ api, connection, store, outbox, marks }) {
    super();
    this.#api = api;
    this.#connection = connection;
    this.#store = store;
    this.#outbox = outbox;
    this.#marks = marks;
    this.#presence = new Presence({ connection, store });
    connection.follow(`user:${store.me.id}`);
    connection.on("hello", ({ limits }) => {
      // The others are for who is online.
      this.#topics = limits.topics - Presence.share(limits.topics);
      this.#pageEvents = Math.min(PAGE_EVENTS, limits.pageEvents);
    });
    // Conversations that were added while the line was down are only in the list.
    connection.on("identified", () => {
      this.#refreshSoon(0);
      if (this.#open) this.meet(this.#open);
    });
    connection.on("event", (event) => this.#event(event));
    connection.on("gap", (gap) => store.gap(gap));
    connection.on("reset", ({ topic, position }) => store.reset(topic, position));
    connection.on("signal", (frame) => {
      if (frame.signal.conversationAdded) this.#refreshSoon(0);
      else if (frame.signal.conversationUpdated) this.#refreshSoon(200);
      else store.signal(frame);
    });
    connection.on("refused", ({ topic }) => {
      if (topic.startsWith("presence:")) return;
      // Removed from it, most likely. Where it can still be read, history shows it.
      console.warn("plenum: not followed", topic);
    });
    store.on("recount", () => this.#refreshSoon(500));
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#counting);
  }

  /** Reads the list, once at a time; asked for meanwhile it is read again afterwards. Rejects when that fails. */
  refresh() {
    if (this.#refreshing) {
      this.#again = true;
      return this.#refreshing;
    }
    this.#refreshing = this.#load().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** This conversation is being looked at (none: undefined): its readers are kept up to date over reconnects. */
  open(id) {
    this.#open = id;
    this.#presence.refresh(id);
    this.#count();
    if (id) this.meet(id);
  }

  /** Who of an open group is online is asked for now and then: a topic for each member would be too many. */
  async #count() {
    clearTimeout(this.#counting);
    const id = this.#open;
    if (!id || this.#closed || this.#store.get(id)?.kind !== "group") return;
    try {
      if (!document.hidden) this.#store.online(id, (await this.#api.presence(id)).online);
    } catch (error) {
      console.warn("plenum: presence", error);
    }
    if (this.#open === id && !this.#closed) this.#counting = setTimeout(() => this.#count(), COUNT_EVERY_MS);
  }

  /**
   * Reads who is in a conversation and how far each has come: marks are told to those who are there, and lost to those
   * who are not.
   */
  async meet(id) {
    try {
      this.#store.meet(id, await this.#api.readers(id));
    } catch (error) {
      // The next connection asks again; until then the ticks show what was known.
      console.warn("plenum: readers", error);
    }
  }

  /** The page of history before what the store has. */
  async older(id) {
    const { topic, low } = this.#store.get(id);
    const page = await this.#connection.request({ history: { topic, before: low, limit: this.#pageEvents } });
    // A live gap or a reset may have come in between: then this page does not fit any more.
    if (this.#store.get(id)?.low !== low) return;
    // Sent again after a reload, a message may be history before its conversation is followed.
    for (const { event } of page.events) this.#seen(event.conversation.message);
    this.#store.prepend(id, page);
  }

  /** An own message that is in the conversation is on its way no longer. */
  #seen(message) {
    if (message?.author === this.#store.me.id && message.clientRef) this.#outbox.seen(message.clientRef);
  }

  /** This person has seen everything up to `offset`. */
  read(id, offset) {
    const conversation = this.#store.get(id);
    if (!conversation || offset <= 0 || (offset <= conversation.read && conversation.unread === 0)) return;
    this.#store.read(id, offset);
    this.#marks.read(conversation.topic, offset);
  }

  #event(event) {
    const happened = event.event.conversation ?? {};
    const { message } = happened;
    this.#seen(message);
    if (message && message.author !== this.#store.me.id) this.#marks.delivered(event.topic, event.offset);
    this.#store.event(event);
    // Names of new members stand in the list only.
    if (!happened.memberAdded && !happened.memberRemoved) return;
    this.#refreshSoon(200);
    if (event.topic.endsWith(`:${this.#open}`)) this.meet(this.#open);
  }

  #refreshSoon(delay) {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.refresh().catch(() => this.#refreshSoon(RETRY_MS)), delay);
  }

  async #load() {
    do {
      this.#again = false;
      let cursor;
      let activeAt = Date.now();
      do {
        const page = await this.#api.conversations({ limit: PAGE_ITEMS, cursor });
        if (this.#closed) return;
        // The list comes in order: what has no message yet stands where the server put it.
        for (const item of page.items) activeAt = this.#take(item, activeAt - 1);
        cursor = page.nextCursor;
        // One topic is the person's own. Beyond the limit the oldest conversations are left out.
      } while (cursor && this.#store.conversations.size < this.#topics - 1);
    } while (this.#again);
    this.#presence.refresh(this.#open);
    this.emit("loaded");
  }

  #take(item, activeAt) {
    const { conversation, isNew } = this.#store.take(item, activeAt);
    this.#marks.known(conversation.topic, { delivered: item.deliveredPosition, read: item.readPosition });
    if (isNew && this.#store.conversations.size < this.#topics) {
      const { last, topic, position } = conversation;
      this.#connection.follow(topic, position);
      // Having it in the list is having received it: its author may see so.
      if (last && last.author !== this.#store.me.id) this.#marks.delivered(topic, last.offset);
    }
    return conversation.activeAt;
  }
}
