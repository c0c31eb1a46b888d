/**
 * Bytes through the Socket.IO layer itself: the example `socketio-conformance` sends back whatever it gets. Plenum's own events
 * have no bytes in them (its `echo` has), so every client is tried here, also those that cannot ask for an
 * acknowledgement of bytes.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { connect, createServer } from "node:net";
import { WITHIN_MS } from "./driver.mjs";

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

const answers = (port) =>
  new Promise((done) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => done(true));
    socket.on("error", () => done(false));
    socket.on("close", () => done(false));
    socket.on("connect", () => socket.destroy());
  });

/** The example as a process of its own. */
export class Conformance {
  static async start(program) {
    const server = new Conformance();
    const port = await freePort();
    server.url = `http://127.0.0.1:${port}`;
    server.process = spawn(program, ["--bind", `127.0.0.1:${port}`], { stdio: ["ignore", "ignore", "inherit"] });
    server.process.on("error", () => {});
    const deadline = Date.now() + WITHIN_MS;
    while (!(await answers(port))) {
      assert.ok(Date.now() < deadline && server.process.exitCode === null, `${program} does not listen`);
      await new Promise((done) => setTimeout(done, 50));
    }
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
