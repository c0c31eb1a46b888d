/**
 * Keeps the store in step with the server: the list of conversations over REST, their events over the connection, and
 * what this person has received and read back to the server.
 *
 * A connection follows so many topics and no more. The conversations that were active last are followed, and the one that
 * is open; the others stand in the list as the server last told it, and catch up when they are opened.
 *
 * Events: `loaded` after the first list, and whenever a conversation was added.
 */

import { Emitter } from "./emitter.js";
import { Presence } from "./presence.js";
import { idOf } from "./store.js";

const PAGE_ITEMS = 100;
const PAGE_EVENTS = 50;
const RETRY_MS = 3_000;
/** How often it is asked again who of an open group is online. */
const COUNT_EVERY_MS = 30_000;
/** Conversations that are not followed are looked at again this often. */
const LOOK_AGAIN_MS = 60_000;
/** Topics that are no conversation in the list: the person's own, and one to spare for the one that is opened next. */
const OTHER_TOPICS = 2;

export class Sync extends Emitter {
  #api;
  #connection;
  #store;
  #outbox;
  #marks;
  #presence;
  #counting = null;
  #topics = 100;
  /** Ids of conversations whose events come by themselves. */
  #followed = new Set();
  #pageEvents = PAGE_EVENTS;
  #refreshing;
  #open;
  #again = false;
  #timer = null;
  #looking = null;
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
    connection.on("state", ({ phase }) => phase === "live" && this.#count());
    connection.on("event", (event) => this.#event(event));
    connection.on("gap", (gap) => store.gap(gap));
    connection.on("reset", ({ topic, position }) => store.reset(topic, position));
    connection.on("signal", (frame) => {
      if (frame.signal.conversationAdded) this.#refreshSoon(0);
      else if (frame.signal.conversationUpdated) this.#refreshSoon(200);
      else store.signal(frame);
    });
    connection.on("refused", ({ topic, error }) => {
      if (topic.startsWith("presence:")) return;
      // Removed from it, most likely; the list knows. Where it can still be read, history shows it.
      console.warn("plenum: not followed", topic);
      this.#followed.delete(idOf(topic));
      this.#refreshSoon(error.code === "notFound" ? RETRY_MS : LOOK_AGAIN_MS);
    });
    store.on("recount", () => this.#refreshSoon(500));
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#counting);
    clearTimeout(this.#looking);
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
    if (!id) return;
    if (!this.#followed.has(id)) this.#makeRoom();
    this.#follow(this.#store.get(id));
    this.meet(id);
  }

  /** Who of an open group is online is asked for now and then: a topic for each member would be too many. */
  async #count() {
    clearTimeout(this.#counting);
    const id = this.#open;
    if (!id || this.#closed || this.#store.get(id)?.kind !== "group") return;
    const isLive = () => this.#connection.state.phase === "live";
    try {
      const answer = !document.hidden && isLive() && (await this.#api.presence(id));
      if (answer && isLive()) this.#store.online(id, answer.online);
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
    const { message, memberRemoved } = happened;
    this.#seen(message);
    if (message && message.author !== this.#store.me.id) this.#marks.delivered(event.topic, event.offset);
    this.#store.event(event);
    // In what is caught up with one may have been added again since: the server knows.
    if (memberRemoved?.user === this.#store.me.id) return this.#checkSoon(idOf(event.topic));
    // Names of new members stand in the list only.
    if (!happened.memberAdded && !happened.memberRemoved) return;
    this.#refreshSoon(200);
    if (event.topic.endsWith(`:${this.#open}`)) this.meet(this.#open);
  }

  #checkSoon(id) {
    this.#check([id]).catch(() => this.#refreshSoon(RETRY_MS));
  }

  /** This person is no member any more: nothing comes, and nothing can be asked for. */
  #lost(id) {
    this.#unfollow(id);
    if (id === this.#open) this.#open = undefined;
    this.#store.gone(id);
    this.emit("loaded");
  }

  #refreshSoon(delay) {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.refresh().catch(() => this.#refreshSoon(RETRY_MS)), delay);
  }

  async #load() {
    do {
      this.#again = false;
      const before = new Set(this.#store.list().map(({ id }) => id));
      let cursor;
      let activeAt = Date.now();
      do {
        const page = await this.#api.conversations({ limit: PAGE_ITEMS, cursor });
        if (this.#closed) return;
        for (const item of page.items) {
          before.delete(item.id);
          // The list comes in order: what has no message yet stands where the server put it.
          activeAt = this.#take(item, activeAt - 1);
        }
        cursor = page.nextCursor;
      } while (cursor);
      await this.#check(before);
      this.#choose();
    } while (this.#again);
    this.#presence.refresh(this.#open);
    this.emit("loaded");
    clearTimeout(this.#looking);
    if (this.#followed.size < this.#store.list().length && !this.#closed)
      this.#looking = setTimeout(() => this.#refreshSoon(0), LOOK_AGAIN_MS);
  }

  /** What is missing in the list has moved to its top while it was read, or is not this person's any more. */
  async #check(missing) {
    for (const id of missing) {
      const item = await this.#api.conversation(id);
      if (this.#closed) return;
      if (item) this.#take(item);
      else this.#lost(id);
    }
  }

  #take(item, activeAt) {
    const { conversation } = this.#store.take(item, activeAt);
    this.#marks.known(conversation.topic, { delivered: item.deliveredPosition, read: item.readPosition });
    return conversation.activeAt;
  }

  /** Follows the conversations that were active last, as many as a connection may. */
  #choose() {
    const newest = this.#store.list().slice(0, Math.max(1, this.#topics - OTHER_TOPICS));
    const wanted = new Set(newest.map(({ id }) => id));
    for (const id of [...this.#followed]) if (!wanted.has(id) && id !== this.#open) this.#unfollow(id);
    for (const conversation of newest) this.#follow(conversation);
  }

  #follow(conversation) {
    if (!conversation || conversation.isGone || this.#followed.has(conversation.id)) return;
    this.#followed.add(conversation.id);
    const { last, topic, position } = conversation;
    this.#connection.follow(topic, position);
    // Having it in the list is having received it: its author may see so.
    if (last && last.author !== this.#store.me.id) this.#marks.delivered(topic, last.offset);
  }

  #unfollow(id) {
    if (this.#followed.delete(id)) this.#connection.unfollow(`conversation:${id}`);
  }

  /** Gives up those that were active longest ago, so that one more can be followed. */
  #makeRoom() {
    const most = Math.max(1, this.#topics - OTHER_TOPICS);
    const oldest = this.#store.list().filter(({ id }) => this.#followed.has(id));
    while (this.#followed.size > most && oldest.length > 0) this.#unfollow(oldest.pop().id);
  }
}
