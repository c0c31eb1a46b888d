/**
 * Bytes through the Socket.IO layer itself: the example `socketio-conformance` sends back whatever it gets. Plenum's own events
 * have no bytes in them (its `echo` has), so every client is tried here, also those that cannot ask for an
 * acknowledgement of bytes.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { WITHIN_MS } from "./driver.mjs";

/** The example as a process of its own. */
export class Conformance {
  /** `flags` of the program, by their names. */
  static async start(program, flags) {
    const server = new Conformance();
    const words = Object.entries({ bind: "127.0.0.1:0", ...flags }).flatMap(([name, value]) => [`--${name}`, String(value)]);
    server.flags = flags;
    server.process = spawn(program, words, { stdio: ["ignore", "pipe", "inherit"] });
    server.url = await new Promise((found, failed) => {
      const failing = (how) => failed(new Error(`${program} does not listen: ${how}`));
      const timer = setTimeout(() => failing(`not within ${WITHIN_MS} ms`), WITHIN_MS);
      server.process.once("error", ({ message }) => failing(message));
      server.process.once("exit", (code, signal) => failing(`ended with ${signal ?? code}`));
      createInterface({ input: server.process.stdout }).once("line", (line) => {
        clearTimeout(timer);
        found(line.replace("listening on ", ""));
      });
    });
    return server;
  }

  async stop() {
    const ended = new Promise((done) => this.process.once("exit", done));
    if (this.process.exitCode === null && this.process.kill("SIGKILL")) await ended;
  }
}

const SEPARATOR = 0x1e;

export class Bytes {
  constructor(conformance, driver, client) {
    Object.assign(this, { conformance, driver, client });
  }

  async prepare() {
    const { driver, conformance, client } = this;
    this.socket = driver.open("bytes", { url: conformance.url, auth: {}, transports: client.transports });
    await this.socket.connected();
    const { args } = await this.socket.event("auth");
    assert.deepEqual(args, [{}]);
  }

  async finish() {}

  /** rust_socketio takes the separator of polling payloads for one inside of a WebSocket's binary message too. */
  #random(size) {
    const bytes = randomBytes(size);
    return this.client.onlyTopBytes ? bytes.map((byte) => (byte === SEPARATOR ? 0 : byte)) : bytes;
  }

  async comeBack() {
    for (const size of [0, 1, 125, 126, 70_000]) {
      // rust_socketio gives a connection up over an empty attachment.
      if (size === 0 && this.client.onlyTopBytes) continue;
      const bytes = { $binary: Buffer.from(this.#random(size)).toString("base64") };
      const args = this.client.onlyTopBytes ? [bytes] : ["text ü", bytes, { inside: [1, { deeper: bytes }] }, null];
      const from = this.socket.heard.length;
      this.socket.emit("message", ...args);
      const back = await this.socket.event("message-back", () => true, from);
      assert.deepEqual(back.args, args, `${size} bytes`);
    }
  }

  async areAcknowledged() {
    if (this.client.onlyTopBytes) return "the client sends such an event as an acknowledgement";
    const args = [{ $binary: randomBytes(3_000).toString("base64") }, "and text"];
    assert.deepEqual(await this.socket.ask("message-with-ack", ...args), args);
  }

  async keepTheirOrder() {
    const from = this.socket.heard.length;
    const sent = Array.from({ length: this.client.atOnce ?? 60 }, (_, n) => (n % 3 ? n : { $binary: Buffer.from([SEPARATOR + 1 + n]).toString("base64") }));
    for (const one of sent) this.socket.emit("message", one);
    const isLast = (one) => one === sent.at(-1);
    await this.socket.event("message-back", isLast, from);
    assert.deepEqual(this.socket.all("message-back", from), sent);
  }
}

export const STEPS = [
  ["bytes come back as they were, at any size and depth", (bytes) => bytes.comeBack()],
  ["bytes are acknowledged with bytes", (bytes) => bytes.areAcknowledged()],
  ["events with and without bytes keep their order", (bytes) => bytes.keepTheirOrder()],
];
