/** Commands and their answers: numbers, the limits that `hello` states, and what becomes of them when the line breaks. */

/** The server said no. `code` is one of the table in the protocol document; `retryable` says whether later may help. */
export class Refused extends Error {
  constructor({ code, message, field, retryAfterMs }) {
    super(message);
    this.name = "Refused";
    this.code = code;
    this.field = field;
    this.retryAfterMs = retryAfterMs;
    this.retryable = ["rateLimited", "busy", "unavailable", "draining", "internal"].includes(code);
  }
}

/** The connection ended before the answer came: the command may or may not have been carried out. */
export class Lost extends Error {
  constructor() {
    super("the connection ended before the answer came");
    this.name = "Lost";
    this.retryable = true;
  }
}

/** Waiting commands beyond this are refused here: nothing in the page makes so many, except a bug. */
const MOST_WAITING = 10_000;

/** One connection's commands. Keeps below the limits of commands in flight and of commands a second by waiting. */
export class Requests {
  #transmit;
  #clock;
  #limits = { commandsInFlight: 16, commandsPerSecond: 20 };
  #open = false;
  #nextId = 1;
  #waiting = [];
  #inFlight = new Map();
  #tokens = 0;
  #refilledAt = 0;
  #timer = null;

  /**
   * @param {(frame: object) => void} transmit puts a frame on the wire
   * @param {{now(): number, setTimeout: Function, clearTimeout: Function}} clock
   */
  constructor(transmit, clock) {
    this.#transmit = transmit;
    this.#clock = clock;
  }

  /** From `hello` on. */
  open(limits) {
    this.#limits = { ...this.#limits, ...limits };
    this.#tokens = this.#limits.commandsPerSecond;
    this.#refilledAt = this.#clock.now();
    this.#open = true;
  }

  /** The connection is gone: everything unanswered, sent or not, is answered with `Lost`. */
  close() {
    this.#open = false;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    const unanswered = [...this.#inFlight.values(), ...this.#waiting];
    this.#inFlight.clear();
    this.#waiting = [];
    for (const request of unanswered) request.failed(new Lost());
  }

  /**
   * Sends a command. The callbacks run in the same turn as the frame that answers, so that what they set up is there
   * before the next frame is looked at; a promise would be one turn late.
   */
  ask(command, done, failed) {
    if (!this.#open || this.#waiting.length >= MOST_WAITING) return failed(new Lost());
    this.#waiting.push({ command, done, failed });
    this.#pump();
  }

  /** An `ack` frame. */
  acknowledged({ id, result }) {
    const request = this.#take(id);
    // One member, named after the command.
    request?.done(Object.values(result)[0]);
  }

  /** A `refusal` frame. */
  refused({ id, refusal }) {
    const request = this.#take(id);
    if (request) request.failed(new Refused(refusal));
    else console.warn("plenum: refused", refusal);
  }

  #take(id) {
    const request = this.#inFlight.get(id);
    this.#inFlight.delete(id);
    this.#pump();
    return request;
  }

  #pump() {
    this.#refill();
    while (this.#open && this.#waiting.length > 0 && this.#inFlight.size < this.#limits.commandsInFlight) {
      if (this.#tokens < 1) return this.#later();
      this.#tokens -= 1;
      const request = this.#waiting.shift();
      const id = this.#nextId;
      this.#nextId = (this.#nextId % 0xffff_ffff) + 1;
      this.#inFlight.set(id, request);
      this.#transmit({ id, command: request.command });
    }
  }

  /** Half of the burst that the server accepts, so that a delay on the way cannot make it too much. */
  #refill() {
    const now = this.#clock.now();
    const rate = this.#limits.commandsPerSecond;
    this.#tokens = Math.min(rate, this.#tokens + (Math.max(0, now - this.#refilledAt) * rate) / 1000);
    this.#refilledAt = now;
  }

  #later() {
    if (this.#timer !== null) return;
    const wait = Math.ceil(((1 - this.#tokens) * 1000) / this.#limits.commandsPerSecond);
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = null;
      this.#pump();
    }, wait);
  }
}
