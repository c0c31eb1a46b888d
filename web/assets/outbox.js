/**
 * Messages on their way to the server. Each has a `clientRef` made once, and lies in localStorage until the server has
 * acknowledged it: after a broken line, a reload or a crash it is sent again under the same ref, which the server answers
 * with the first one's place. So it is in the conversation exactly once.
 *
 * Within a topic one message is under way at a time: a refusal and a retry cannot change their order. Tabs of one
 * browser share the storage; whichever sends a message, and even if two do, it counts once.
 *
 * Events: `change` {topic} – entries of a topic came, went or changed; `sent` {topic, clientRef, offset}.
 */

import { systemClock } from "./clock.js";
import { Emitter } from "./emitter.js";

/**
 * @typedef {object} Entry
 * @property {string} clientRef
 * @property {string} topic
 * @property {string} text
 * @property {number} at when it was written, milliseconds since 1970
 * @property {"waiting" | "sending" | "sent" | "failed"} state `sent`: acknowledged, its event not seen yet
 * @property {string} [error] why it failed, for people
 * @property {number} [offset] once it is sent
 */

/** Entries kept at once; more would hide that nothing gets through. */
const MOST_ENTRIES = 500;
const RETRY_MS = 1_000;

export class Outbox extends Emitter {
  /** @type {Map<string, Entry>} */
  #entries = new Map();
  #connection;
  #storage;
  #prefix;
  #clock;
  #newRef;
  #open = false;

  /**
   * @param {object} options
   * @param {import("./connection.js").Connection} options.connection
   * @param {Storage} options.storage
   * @param {string} options.user whose outbox: another account on this browser has its own
   * @param {() => string} options.newRef makes a reference that never repeats, 1 to 64 bytes
   * @param {object} [options.clock] {now, setTimeout}
   */
  constructor({ connection, storage, user, newRef, clock }) {
    super();
    this.#connection = connection;
    this.#storage = storage;
    this.#prefix = `plenum.outbox.${user}.`;
    this.#newRef = newRef;
    this.#clock = clock ?? systemClock;
    this.#load();
    connection.on("identified", () => this.#resume());
    connection.on("state", ({ phase }) => (this.#open &&= phase === "catchingUp" || phase === "live"));
  }

  /** The entries of a topic, in the order in which they were written. */
  entries(topic) {
    return [...this.#entries.values()].filter((entry) => entry.topic === topic);
  }

  /** Takes a message and sends it as soon as it goes. Answers undefined when too many are waiting already. */
  add(topic, text) {
    if (this.#entries.size >= MOST_ENTRIES) return undefined;
    const entry = { clientRef: this.#newRef(), topic, text, at: this.#clock.now(), state: "waiting" };
    this.#entries.set(entry.clientRef, entry);
    this.#changed(entry);
    this.#flush(topic);
    return entry;
  }

  /** Sends a failed message again, as the same message. */
  retry(clientRef) {
    const entry = this.#entries.get(clientRef);
    if (entry?.state !== "failed") return;
    entry.state = "waiting";
    delete entry.error;
    this.#changed(entry);
    this.#flush(entry.topic);
  }

  /** Gives a message up that failed or waits. */
  discard(clientRef) {
    const entry = this.#entries.get(clientRef);
    if (entry && ["failed", "waiting"].includes(entry.state)) this.#remove(entry);
  }

  /** An own message has come back as an event: from here on the conversation shows it. */
  seen(clientRef) {
    const entry = this.#entries.get(clientRef);
    if (entry) this.#remove(entry);
  }

  /** Another tab changed the storage (the window's `storage` event). */
  stored({ key, newValue }) {
    if (!key?.startsWith(this.#prefix)) return;
    const known = this.#entries.get(key.slice(this.#prefix.length));
    if (newValue === null) {
      // The other tab got it through, or gave it up. What is under way from here will be answered.
      if (known && known.state !== "sending" && known.state !== "sent") this.#forget(known);
      return;
    }
    const entry = parse(newValue);
    if (!entry || (known && known.state !== "failed" && known.state !== "waiting")) return;
    this.#entries.set(entry.clientRef, entry);
    this.emit("change", { topic: entry.topic });
  }

  /** A new connection: what was under way may have arrived or not, so it goes again. */
  #resume() {
    this.#open = true;
    const topics = new Set();
    for (const entry of this.#entries.values()) {
      if (entry.state === "sending") entry.state = "waiting";
      topics.add(entry.topic);
    }
    for (const topic of topics) this.#flush(topic);
  }

  #flush(topic) {
    const entries = this.entries(topic);
    if (!this.#open || entries.some((entry) => entry.state === "sending")) return;
    const entry = entries.find((candidate) => candidate.state === "waiting");
    if (entry) this.#send(entry);
  }

  async #send(entry) {
    entry.state = "sending";
    this.emit("change", { topic: entry.topic });
    const { topic, clientRef, text } = entry;
    try {
      const sent = await this.#connection.request({ send: { topic, clientRef, content: { kind: "text", text } } });
      this.#acknowledged(entry, sent.offset);
    } catch (error) {
      this.#refused(entry, error);
    }
  }

  #acknowledged(entry, offset) {
    this.#storage.removeItem(this.#prefix + entry.clientRef);
    if (this.#entries.has(entry.clientRef)) {
      Object.assign(entry, { state: "sent", offset });
      this.emit("change", { topic: entry.topic });
    }
    this.emit("sent", { topic: entry.topic, clientRef: entry.clientRef, offset });
    this.#flush(entry.topic);
  }

  #refused(entry, error) {
    // Its event came meanwhile: it did get through.
    if (!this.#entries.has(entry.clientRef)) return this.#flush(entry.topic);
    entry.state = error.retryable ? "waiting" : "failed";
    if (!error.retryable) entry.error = error.message;
    this.#changed(entry);
    // After `Lost` the next connection resumes; otherwise the server said when.
    if (!error.retryable) this.#flush(entry.topic);
    else if (this.#open) this.#clock.setTimeout(() => this.#flush(entry.topic), error.retryAfterMs ?? RETRY_MS);
  }

  #remove(entry) {
    this.#storage.removeItem(this.#prefix + entry.clientRef);
    this.#forget(entry);
    this.#flush(entry.topic);
  }

  #forget(entry) {
    this.#entries.delete(entry.clientRef);
    this.emit("change", { topic: entry.topic });
  }

  #changed(entry) {
    const state = entry.state === "failed" ? "failed" : "waiting";
    try {
      this.#storage.setItem(this.#prefix + entry.clientRef, JSON.stringify({ ...entry, state }));
    } catch {
      // A full or forbidden storage: the message is sent all the same, it only does not survive a reload.
    }
    this.emit("change", { topic: entry.topic });
  }

  #load() {
    const keys = Array.from({ length: this.#storage.length }, (_, i) => this.#storage.key(i));
    const stored = keys.filter((key) => key?.startsWith(this.#prefix)).map((key) => parse(this.#storage.getItem(key)));
    for (const entry of stored.filter(Boolean).sort((a, b) => a.at - b.at).slice(0, MOST_ENTRIES)) {
      this.#entries.set(entry.clientRef, entry);
    }
  }
}

/** What another version of the page, or a person, may have put there is passed over. */
function parse(text) {
  try {
    const entry = JSON.parse(text);
    const good = [entry.clientRef, entry.topic, entry.text].every((part) => typeof part === "string");
    return good && ["waiting", "failed"].includes(entry.state) ? entry : undefined;
  } catch {
    return undefined;
  }
}
