/**
 * Votes on their way. A vote is kept on the device until the server has acknowledged it, and sent again with the same
 * `sequence` until then: it counts once, and a copy that the network held back cannot undo a newer one.
 *
 * Events: `change` {question}.
 */

import { Emitter } from "../emitter.js";

const RETRY_MS = 1_000;

/** @typedef {{question: string, sequence: number, answer: object | null, pressedAfterMs?: number,
 *   state: "waiting" | "cast" | "refused", reason?: string, receipt?: string}} Ballot `answer` null: taken back */

export class Ballots extends Emitter {
  #connection;
  #storage;
  #prefix;
  /** @type {Map<string, Ballot>} */
  #ballots = new Map();
  #sending = new Set();

  /** @param {{connection: object, storage: Storage, participant: string}} options */
  constructor({ connection, storage, participant }) {
    super();
    this.#connection = connection;
    this.#storage = storage;
    this.#prefix = `plenum.ballot.${participant}.`;
    this.#load();
    connection.on("identified", () => this.#flush());
  }

  get(question) {
    return this.#ballots.get(question);
  }

  /** Votes, or (`answer` null) takes the vote back. */
  cast(question, answer, pressedAfterMs) {
    // Another tab may have voted since.
    const stored = parse(this.#read(question));
    const sequence = Math.max(this.get(question)?.sequence ?? 0, stored?.sequence ?? 0) + 1;
    this.#keep({ question, sequence, answer, pressedAfterMs, state: "waiting" });
    this.#send(question);
  }

  #flush() {
    for (const { question, state } of this.#ballots.values()) if (state === "waiting") this.#send(question);
  }

  async #send(question) {
    if (this.#sending.has(question)) return;
    const ballot = this.get(question);
    const { answer, sequence, pressedAfterMs } = ballot;
    const command = answer
      ? { vote: { question, answer, sequence, ...(pressedAfterMs !== undefined && { pressedAfterMs }) } }
      : { withdraw: { question, sequence } };
    this.#sending.add(question);
    let outcome;
    try {
      const { receipt } = await this.#connection.request(command);
      outcome = { state: "cast", receipt };
    } catch (error) {
      outcome = this.#failed(question, error);
    }
    this.#sending.delete(question);
    // Changed while this one was under way: the newer one goes next.
    if (this.get(question).sequence !== sequence) return this.#send(question);
    if (outcome) this.#keep({ ...ballot, ...outcome });
  }

  #failed(question, error) {
    if (error.retryable) {
      // Without a connection the next one sends it.
      if (error.code)
        setTimeout(
          () => this.get(question)?.state === "waiting" && this.#send(question),
          error.retryAfterMs ?? RETRY_MS,
        );
      return undefined;
    }
    const reason = error.code === "gone" ? "tooLate" : error.field === "sequence" ? "changedElsewhere" : error.message;
    return { state: "refused", reason };
  }

  #keep(ballot) {
    this.#ballots.set(ballot.question, ballot);
    try {
      this.#storage.setItem(this.#prefix + ballot.question, JSON.stringify(ballot));
    } catch {
      // A full or forbidden storage: the vote is sent all the same, it only does not survive a reload.
    }
    this.emit("change", { question: ballot.question });
  }

  #read(question) {
    try {
      return this.#storage.getItem(this.#prefix + question);
    } catch {
      return null;
    }
  }

  #load() {
    const keys = Array.from({ length: this.#storage.length ?? 0 }, (_, i) => this.#storage.key(i));
    for (const key of keys.filter((name) => name?.startsWith(this.#prefix))) {
      const ballot = parse(this.#storage.getItem(key));
      if (ballot) this.#ballots.set(ballot.question, ballot);
    }
  }
}

/** What another version of the page, or a person, may have put there is passed over. */
function parse(text) {
  try {
    const ballot = JSON.parse(text);
    const good = typeof ballot.question === "string" && Number.isSafeInteger(ballot.sequence);
    return good && ["waiting", "cast", "refused"].includes(ballot.state) ? ballot : undefined;
  } catch {
    return undefined;
  }
}
