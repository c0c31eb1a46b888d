/**
 * A client library in a process of its own, driven over lines of JSON: the journeys are written once, here, and each
 * language only carries them out.
 *
 * To a driver:
 *   {"do":"open","socket":NAME,"url":URL,"auth":{…},"transports":[…]}     starts to connect, and goes on trying
 *   {"do":"emit","socket":NAME,"event":EVENT,"args":[…],"id":N?}          with an id: asks for an acknowledgement
 *   {"do":"close","socket":NAME}
 *   {"do":"write","socket":NAME,"data":DATA}                              npm: one message of Engine.IO past the library
 * From a driver, for each socket:
 *   {"socket":NAME,"is":"connect","recovered":BOOLEAN?}
 *   {"socket":NAME,"is":"connect_error","data":{"message":…,"data":…}}
 *   {"socket":NAME,"is":"disconnect","reason":…}
 *   {"socket":NAME,"is":"upgrade","transport":…}                         it has gone over from polling
 *   {"socket":NAME,"is":"event","event":EVENT,"args":[…]}
 *   {"socket":NAME,"is":"ack","id":N,"args":[…]}
 * Bytes are {"$binary":BASE64}, at any depth, both ways. The end of its input ends a driver.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** How long anything may take; the machine may be busy, so that is long. */
export const WITHIN_MS = 20_000;
const KEPT_ERRORS = 4_000;

export class Driver {
  #process;
  #sockets = new Map();
  #errors = "";
  #ended = false;

  constructor([program, ...words], env = {}) {
    const options = { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env } };
    this.#process = spawn(program, words, options);
    this.#process.on("error", (error) => this.#end(`cannot be started: ${error.message}`));
    this.#process.on("exit", (code, signal) => this.#end(`ended with ${signal ?? code}`));
    this.#process.stdin.on("error", () => {});
    this.#process.stderr.on("data", (data) => (this.#errors = (this.#errors + data).slice(-KEPT_ERRORS)));
    createInterface({ input: this.#process.stdout }).on("line", (line) => this.#hear(line));
  }

  #hear(line) {
    let said;
    try {
      said = JSON.parse(line);
    } catch {
      this.#errors += `\nnot JSON: ${line}`;
      return;
    }
    this.#sockets.get(said.socket)?.hear(said);
  }

  #end(how) {
    this.#ended = how;
    for (const socket of this.#sockets.values()) socket.hear({ is: "gone", how });
  }

  say(command) {
    this.#process.stdin.write(`${JSON.stringify(command)}\n`);
  }

  open(name, options) {
    const socket = new Socket(this, name);
    this.#sockets.set(name, socket);
    this.say({ do: "open", socket: name, ...options });
    if (this.#ended) socket.hear({ is: "gone", how: this.#ended });
    return socket;
  }

  get errors() {
    return this.#errors.trim();
  }

  /** Ends the process; one that does not end by itself is killed. */
  async end() {
    if (this.#ended) return;
    const gone = new Promise((done) => this.#process.once("exit", done));
    this.#process.stdin.end();
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), 2_000);
    await gone;
    clearTimeout(timer);
  }
}

export class Socket {
  /** Everything the driver said of this socket, in order. */
  heard = [];
  #waiting = new Set();
  #ids = 0;

  constructor(driver, name) {
    this.driver = driver;
    this.name = name;
  }

  hear(said) {
    this.heard.push(said);
    for (const check of this.#waiting) check();
  }

  /** The first thing from `from` on that `matches`; fails with `what` when it does not come in time. */
  async until(what, matches, from = 0, within = WITHIN_MS) {
    let at = from;
    return new Promise((found, failed) => {
      const settle = (act, value) => {
        this.#waiting.delete(check);
        clearTimeout(timer);
        act(value);
      };
      const check = () => {
        for (; at < this.heard.length; at++) {
          const said = this.heard[at];
          if (said.is === "gone") return settle(failed, this.#failure(`${what}: the driver ${said.how}`, from));
          if (matches(said)) return settle(found, said);
        }
      };
      const timer = setTimeout(() => settle(failed, this.#failure(`${what}: not within ${within} ms`, from)), within);
      this.#waiting.add(check);
      check();
    });
  }

  #failure(message, from) {
    const heard = this.heard.slice(from).slice(-15).map((said) => JSON.stringify(said).slice(0, 300));
    const errors = this.driver.errors;
    return new Error([message, "heard:", ...heard, ...(errors ? ["errors:", errors] : [])].join("\n  "));
  }

  connected(from = 0) {
    return this.until("connect", ({ is }) => is === "connect", from);
  }

  event(name, matches = () => true, from = 0) {
    const wanted = ({ is, event, args }) => is === "event" && event === name && matches(...args);
    return this.until(`event ${name}`, wanted, from);
  }

  emit(event, ...args) {
    this.driver.say({ do: "emit", socket: this.name, event, args });
  }

  /** Writes something that need be no packet. */
  write(data) {
    this.driver.say({ do: "write", socket: this.name, data });
  }

  /** Emits with a callback; answers its arguments. */
  async ask(event, ...args) {
    const id = ++this.#ids;
    const from = this.heard.length;
    this.driver.say({ do: "emit", socket: this.name, event, args, id });
    const ack = await this.until(`acknowledgement of ${event}`, (said) => said.is === "ack" && said.id === id, from);
    return ack.args;
  }

  /** The first arguments of all events of a name, from `from` on. */
  all(name, from = 0) {
    const said = this.heard.slice(from).filter(({ is, event }) => is === "event" && event === name);
    return said.map(({ args }) => args[0]);
  }

  close() {
    this.driver.say({ do: "close", socket: this.name });
  }
}
