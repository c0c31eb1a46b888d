/**
 * A client of Plenum's native protocol (`plenum.v1.json`), without dependencies: connects, identifies, follows topics,
 * comes back by itself and resumes where it was. Every event of a topic is handed over once and in order, whatever the
 * network did. The whole protocol is described in docs/protocol.md.
 *
 *     import { Connection } from "./connection.js";
 *     const connection = new Connection({ url: "wss://chat.example/ws", token: async () => accessToken });
 *     connection.on("event", ({ topic, offset, event }) => console.log(topic, offset, event));
 *     connection.follow("conversation:0190…", 41);           // everything after offset 41, then live
 *     connection.start();
 *     await connection.request({ send: { topic: "conversation:0190…", clientRef: "a1", content: { text: "Hello" } } });
 *
 * Events (`connection.on(name, listener)`):
 * - `state`    {phase, retryAt?, remaining?, code?, reason?, signedOut?}; phases: `idle`, `connecting`, `catchingUp`
 *              (`remaining` events to come), `live`, `waiting` (tries again at `retryAt`), `ended` (does not come back)
 * - `hello`    the first frame of a connection, with the limits
 * - `identified` {user, session, expiresAt}; from here on `request` reaches the server
 * - `event`    {topic, offset, at, event}: once for each offset, in order
 * - `signal`   {topic, signal}: typing, marks, presence, conversationAdded and so on; may be lost
 * - `gap`      {topic, from, to, reason}: these offsets no longer exist; events continue after `to`
 * - `caughtUp` {topic, position}
 * - `refused`  {topic, error}: the topic cannot be followed (any more)
 * - `reset`    {topic, position}: the server's log is shorter than what was seen; forget what is after `position`
 * Durable sending, with the text surviving a reload, is in outbox.js.
 */

import { systemClock } from "./clock.js";
import { Emitter } from "./emitter.js";
import { Requests } from "./requests.js";
import { Topics } from "./topics.js";

export { Lost, Refused } from "./requests.js";

/** How long connection and `hello` may take. */
const HELLO_WITHIN_MS = 15_000;
/** A token is replaced this long before it expires. */
const RENEW_BEFORE_MS = 30_000;
/** With a wrong local clock the token may always look expired. */
const RENEW_NOT_WITHIN_MS = 60_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Close code of a token that is wrong or expired; worth one new token. */
const INVALID_TOKEN = 4501;

export class Connection extends Emitter {
  #options;
  #clock;
  #requests;
  #socket = null;
  /** Counts connections, so that an answer to an earlier one is recognised. */
  #generation = 0;
  #state = { phase: "idle" };
  #topics;
  #identified = false;
  #failures = 0;
  #tokenRefused = false;
  #goodbye = null;
  #reconnect = { minDelayMs: 1_000, maxDelayMs: 30_000 };
  #heartbeat = { intervalMs: 15_000, timeoutMs: 45_000 };
  #heardAt = 0;
  #timers = new Map();

  /**
   * @param {object} options
   * @param {string} options.url of the WebSocket
   * @param {(how: {renew: boolean}) => Promise<string>} options.token gives an access token; `renew`: the last one was
   *   refused. Rejecting with `error.final` ends the connection, anything else is tried again.
   * @param {{name: string, version: string}} [options.client] for the operator's statistics
   * @param {typeof WebSocket} [options.WebSocket] another implementation, for tests
   * @param {object} [options.clock] {now, setTimeout, clearTimeout}, for tests
   * @param {() => number} [options.random] 0 to 1, for tests
   */
  constructor(options) {
    super();
    this.#options = { WebSocket: globalThis.WebSocket, random: Math.random, ...options };
    this.#clock = options.clock ?? systemClock;
    this.#requests = new Requests((frame) => this.#socket?.send(JSON.stringify(frame)), this.#clock);
    this.#topics = new Topics(
      (command, done, failed) => this.#requests.ask(command, done, failed),
      (name, detail) => (name === "progress" ? this.#progress() : this.emit(name, detail)),
      (name, ms, run) => this.#after(name, ms, run),
    );
  }

  get state() {
    return this.#state;
  }

  /** Connects, now or as soon as it goes. */
  start() {
    if (["idle", "ended"].includes(this.#state.phase)) this.#connect();
  }

  /** Closes and does not come back until `start`. */
  stop() {
    this.#drop();
    this.#enter({ phase: "idle" });
  }

  /** Tries at once instead of at `retryAt`: the network or the person came back. */
  wake() {
    if (this.#state.phase === "waiting") return this.#connect();
    // After a sleep of the machine the line is often dead without anybody having said so.
    const silence = this.#clock.now() - this.#heardAt;
    if (this.#identified && silence > this.#heartbeat.timeoutMs) this.#lost();
  }

  /** The network is said to be gone: do not wait for the heart-beat to find out. */
  interrupt() {
    if (this.#socket) this.#lost();
  }

  /** Receives a topic: everything after offset `since`, or only what happens from now on. Lasts over reconnects. */
  follow(topic, since = null) {
    this.#topics.follow(topic, since);
  }

  unfollow(topic) {
    this.#topics.unfollow(topic);
  }

  /** The offset up to which a followed topic's events have been handed over; null before the first answer. */
  position(topic) {
    return this.#topics.position(topic);
  }

  /**
   * Sends one command, e.g. `{ history: { topic, before: 90 } }`, and answers with the inside of the ack.
   * Rejects with `Refused`, or with `Lost` when the connection ended (or was not there): then the outcome is unknown.
   */
  request(command) {
    return new Promise((done, failed) => this.#requests.ask(command, done, failed));
  }

  async #connect() {
    this.#drop();
    const generation = this.#generation;
    this.#enter({ phase: "connecting" });
    let token;
    try {
      token = await this.#options.token({ renew: this.#tokenRefused });
    } catch (error) {
      if (generation !== this.#generation) return;
      return error.final ? this.#end(0, error.message, true) : this.#retry();
    }
    if (generation === this.#generation) this.#open(token);
  }

  #open(token) {
    const socket = new this.#options.WebSocket(this.#options.url, ["plenum.v1.json"]);
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#heard(data, token);
    socket.onclose = ({ code, reason }) => this.#closed(code, reason);
    this.#after("hello", HELLO_WITHIN_MS, () => this.#lost());
  }

  /** Forgets the socket without waiting for its closing handshake: on a dead line that takes minutes. */
  #drop() {
    this.#generation += 1;
    for (const name of [...this.#timers.keys()]) this.#cancel(name);
    this.#identified = false;
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onmessage = socket.onclose = null;
      socket.close();
    }
    this.#topics.pause();
    this.#requests.close();
  }

  #lost() {
    this.#closed(1006);
  }

  #closed(code, reason) {
    const goodbye = this.#goodbye;
    this.#goodbye = null;
    this.#drop();
    if (code === INVALID_TOKEN && !this.#tokenRefused) {
      this.#tokenRefused = true;
      return this.#connect();
    }
    if (code >= 4500 && code <= 4999) return this.#end(code, reason, code === INVALID_TOKEN || code === 4502);
    this.#retry(goodbye?.retryAfterMs);
  }

  #end(code, reason, signedOut) {
    this.#drop();
    this.#enter({ phase: "ended", code, reason, signedOut });
  }

  /** Waits as `hello` advises, or as long as `goodbye` said. */
  #retry(advised) {
    const { minDelayMs, maxDelayMs } = this.#reconnect;
    const base = Math.min(maxDelayMs, minDelayMs * 2 ** this.#failures);
    const delay = advised ?? Math.min(maxDelayMs, base * (1 + this.#options.random()));
    this.#failures = Math.min(this.#failures + 1, 16);
    this.#after("retry", delay, () => this.#connect());
    this.#enter({ phase: "waiting", retryAt: this.#clock.now() + delay });
  }

  #heard(data, token) {
    this.#heardAt = this.#clock.now();
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return this.#lost();
    }
    // One member, named after the frame. Names that a later version adds are passed over.
    if (frame.hello) this.#hello(frame.hello, token);
    else if (frame.ack) this.#requests.acknowledged(frame.ack);
    else if (frame.refusal) this.#requests.refused(frame.refusal);
    else if (frame.event) this.#topics.event(frame.event);
    else if (frame.signal) this.emit("signal", frame.signal);
    else if (frame.gap) this.#topics.gap(frame.gap);
    else if (frame.caughtUp) this.#topics.caughtUp(frame.caughtUp);
    else if (frame.heartbeat) this.#topics.tops(frame.heartbeat.tops);
    else if (frame.goodbye) this.#goodbye = frame.goodbye;
  }

  #hello(hello, token) {
    this.#cancel("hello");
    this.#reconnect = hello.reconnect;
    this.#heartbeat = hello.heartbeat;
    this.#requests.open(hello.limits);
    this.#watch();
    this.emit("hello", hello);
    this.#identify(token, (identified) => this.#known(identified), (error) => {
      this.#closed(error.code === "unauthenticated" ? INVALID_TOKEN : 1006, error.message);
    });
  }

  #identify(token, done, refused) {
    const { client } = this.#options;
    const failed = (error) => {
      // With the socket gone `#closed` has been told already.
      if (this.#socket) refused(error);
    };
    this.#requests.ask({ identify: client ? { token, client } : { token } }, done, failed);
  }

  #known(identified) {
    this.#identified = true;
    this.#tokenRefused = false;
    this.#expires(identified);
    this.#enter({ phase: "catchingUp", remaining: 0 });
    this.#topics.resume();
    this.emit("identified", identified);
    this.#progress();
  }

  #expires({ expiresAt }) {
    const left = expiresAt - this.#clock.now() - RENEW_BEFORE_MS;
    this.#after("extend", Math.min(LONGEST_TIMER_MS, Math.max(RENEW_NOT_WITHIN_MS, left)), () => this.#extend());
  }

  /** A newer token on the same connection; where that does not go, the old one's end closes it and a new one comes. */
  async #extend() {
    const generation = this.#generation;
    const token = await this.#options.token({ renew: false }).catch(() => undefined);
    if (token === undefined || generation !== this.#generation) return;
    this.#identify(token, (identified) => this.#expires(identified), () => {});
  }

  /** Nothing heard for as long as `hello` says: the line is dead, even if nobody closed it. */
  #watch() {
    const left = this.#heardAt + this.#heartbeat.timeoutMs - this.#clock.now();
    if (left <= 0) return this.#lost();
    this.#after("watch", left, () => this.#watch());
  }

  #progress() {
    if (this.#state.phase !== "catchingUp") return;
    const { caught, remaining } = this.#topics.progress();
    if (caught) this.#failures = 0;
    if (caught || remaining !== this.#state.remaining) {
      this.#enter(caught ? { phase: "live" } : { phase: "catchingUp", remaining });
    }
  }

  #enter(state) {
    this.#state = state;
    this.emit("state", state);
  }

  #after(name, ms, run) {
    this.#cancel(name);
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(name);
      run();
    }, ms);
    this.#timers.set(name, timer);
  }

  #cancel(name) {
    this.#clock.clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }
}
