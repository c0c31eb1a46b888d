const RETRY_MS = 1_000;

/**
 * How far this person has received and read each topic. What is wanted is kept until the server has it, over any number
 * of connections; while one command is under way, later positions wait and go as one.
 */
export class Marks {
  #connection;
  #wanted = new Map();
  #known = new Map();
  #underway = new Set();
  #open = false;

  /** @param {import("./connection.js").Connection} connection */
  constructor(connection) {
    this.#connection = connection;
    connection.on("identified", () => this.#resume());
    connection.on("state", ({ phase }) => (this.#open &&= phase === "catchingUp" || phase === "live"));
  }

  /** Everything up to `offset` has reached this device. */
  delivered(topic, offset) {
    this.#raise(topic, { delivered: offset, read: 0 });
  }

  /** Everything up to `offset` has been read (and so delivered). */
  read(topic, offset) {
    this.#raise(topic, { delivered: offset, read: offset });
  }

  /** What the server says: nothing below needs to be sent. */
  known(topic, marks) {
    this.#known.set(topic, highest(this.#known.get(topic), marks));
  }

  #raise(topic, marks) {
    this.#wanted.set(topic, highest(this.#wanted.get(topic), marks));
    this.#send(topic);
  }

  #resume() {
    this.#open = true;
    this.#underway.clear();
    for (const topic of this.#wanted.keys()) this.#send(topic);
  }

  async #send(topic) {
    const wanted = this.#wanted.get(topic);
    const known = this.#known.get(topic) ?? { delivered: 0, read: 0 };
    const mark = { topic };
    if (wanted.delivered > known.delivered) mark.delivered = wanted.delivered;
    if (wanted.read > known.read) mark.read = wanted.read;
    if (!this.#open || this.#underway.has(topic) || (!mark.delivered && !mark.read)) return;
    this.#underway.add(topic);
    try {
      this.known(topic, await this.#connection.request({ mark }));
    } catch (error) {
      // A refusal that time cannot mend must not be asked for ever; a lost connection resumes.
      if (!error.retryable) this.known(topic, wanted);
      else if (this.#open) await new Promise((done) => setTimeout(done, error.retryAfterMs ?? RETRY_MS));
    }
    this.#underway.delete(topic);
    this.#send(topic);
  }
}

function highest(a = { delivered: 0, read: 0 }, b) {
  return { delivered: Math.max(a.delivered, b.delivered ?? 0), read: Math.max(a.read, b.read ?? 0) };
}
