/**
 * The followed topics of a connection and how far each has been handed over: what makes every event arrive once and in
 * order, over any number of connections. Used through connection.js.
 */

/** @typedef {{position: number | null, head: number, caught: boolean, asked: boolean, below: number,
 *   isShorter?: boolean}} Followed */

export class Topics {
  /** @type {Map<string, Followed>} */
  #followed = new Map();
  #ask;
  #emit;
  #later;
  #online = false;

  /**
   * @param {(command: object, done: Function, failed: Function) => void} ask sends a command
   * @param {(name: string, detail: object) => void} emit tells the application (and `progress` the connection)
   * @param {(name: string, ms: number, run: () => void) => void} later a timer that ends with the connection
   */
  constructor(ask, emit, later) {
    this.#ask = ask;
    this.#emit = emit;
    this.#later = later;
  }

  follow(topic, since) {
    if (this.#followed.has(topic)) return;
    const followed = { position: since, head: since ?? 0, caught: false, asked: false, below: 0 };
    this.#followed.set(topic, followed);
    if (this.#online) this.#subscribe(topic, followed);
  }

  unfollow(topic) {
    if (this.#followed.delete(topic) && this.#online) this.#ask({ unsubscribe: { topic } }, () => {}, () => {});
  }

  position(topic) {
    return this.#followed.get(topic)?.position ?? null;
  }

  /** A new connection is identified: resume everything. */
  resume() {
    this.#online = true;
    for (const [topic, followed] of this.#followed) this.#subscribe(topic, followed);
  }

  /** The connection is gone. */
  pause() {
    this.#online = false;
    for (const followed of this.#followed.values()) followed.asked = followed.caught = false;
  }

  /** Whether every topic has been caught up with, and how many events are known to be missing still. */
  progress() {
    let remaining = 0;
    let caught = true;
    for (const followed of this.#followed.values()) {
      if (followed.caught) continue;
      caught = false;
      remaining += Math.max(0, followed.head - (followed.position ?? followed.head));
    }
    return { caught, remaining };
  }

  #subscribe(topic, followed) {
    followed.asked = true;
    const since = followed.position;
    this.#ask(
      { subscribe: since === null ? { topic } : { topic, since } },
      (ack) => this.#subscribed(topic, followed, ack),
      (error) => this.#failed(topic, followed, error),
    );
  }

  #subscribed(topic, followed, ack) {
    followed.asked = false;
    followed.head = ack.head;
    followed.position ??= ack.since;
    if (followed.isShorter) this.#emit("reset", { topic, position: ack.since });
    followed.isShorter = false;
    followed.caught = followed.position >= ack.head;
    this.#emit("progress");
  }

  #failed(topic, followed, error) {
    followed.asked = false;
    if (!this.#online || this.#followed.get(topic) !== followed) return;
    if (error.code === "invalid" && error.field === "since") return this.#shorter(topic, followed);
    if (error.retryable) {
      const again = () => this.#followed.get(topic) === followed && this.#subscribe(topic, followed);
      return this.#later(`subscribe ${topic}`, error.retryAfterMs ?? 1_000, again);
    }
    this.#followed.delete(topic);
    this.#emit("refused", { topic, error });
    this.#emit("progress");
  }

  /** The log ends before our position: the server was restored from a copy. Go on from its end. */
  #shorter(topic, followed) {
    followed.isShorter = true;
    followed.position = null;
    this.#subscribe(topic, followed);
  }

  /** An `event` frame. */
  event(event) {
    const followed = this.#followed.get(event.topic);
    // Seen before: a repetition after a resume, or still on the way when `unsubscribe` went out.
    if (!followed || followed.position === null || event.offset <= followed.position) return;
    if (event.offset > followed.position + 1) {
      // Offsets have no holes: something was lost on the way. Ask again from where we are; this one comes with it.
      if (!followed.asked) this.#subscribe(event.topic, followed);
      return;
    }
    followed.position = event.offset;
    this.#emit("event", event);
    this.#reached(followed);
  }

  /** A `gap` frame. */
  gap(gap) {
    const followed = this.#followed.get(gap.topic);
    if (!followed || followed.position === null || gap.to <= followed.position) return;
    const from = Math.max(gap.from, followed.position + 1);
    followed.position = gap.to;
    this.#emit("gap", { ...gap, from });
    this.#reached(followed);
  }

  /** A `caughtUp` frame. */
  caughtUp(caughtUp) {
    const followed = this.#followed.get(caughtUp.topic);
    if (followed) followed.caught = true;
    this.#emit("caughtUp", caughtUp);
    this.#emit("progress");
  }

  /** The tops of a `heartbeat`: one that we are below twice, without having moved, will not come by itself. */
  tops(tops) {
    for (const [topic, top] of Object.entries(tops)) {
      const followed = this.#followed.get(topic);
      if (!followed || followed.position === null || followed.asked) continue;
      // Plus one, so that being below at position 0 differs from not being below.
      const here = followed.position + 1;
      const stuck = top > followed.position && followed.below === here;
      followed.below = top > followed.position ? here : 0;
      if (stuck) this.#subscribe(topic, followed);
    }
  }

  #reached(followed) {
    if (!followed.asked && followed.position >= followed.head) followed.caught = true;
    this.#emit("progress");
  }
}
