/** The real server, with a data directory of its own: starts, dies, comes back. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";

const READY_WITHIN_MS = 60_000;

/** A port that was free a moment ago. */
async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

export class Server {
  #process;
  #folder = mkdtempSync(join(tmpdir(), "plenum-browser-"));
  #binary = resolve(process.env.PLENUM_BIN ?? join(import.meta.dirname, "../../../../target/debug/plenum"));

  #settings;

  /** @param {Record<string, string>} [settings] environment of the server: PLENUM__SECTION__KEY */
  static async start(settings = {}) {
    const server = new Server();
    server.#settings = settings;
    assert.ok(existsSync(server.#binary), `no server at ${server.#binary}: build it, or set PLENUM_BIN`);
    server.port = await freePort();
    server.operations = await freePort();
    await server.run();
    return server;
  }

  /** Starts the program on the same data and ports. Answers when it is ready. */
  async run() {
    const log = openSync(join(this.#folder, "server.log"), "a");
    const env = {
      ...process.env,
      ...this.#settings,
      PLENUM__HTTP__LISTEN: `127.0.0.1:${this.port}`,
      PLENUM__OPERATIONS__LISTEN: `127.0.0.1:${this.operations}`,
      PLENUM__STORE__PATH: join(this.#folder, "data"),
    };
    this.#process = spawn(this.#binary, ["serve"], { env, cwd: this.#folder, stdio: ["ignore", log, log] });
    const deadline = Date.now() + READY_WITHIN_MS;
    while (!(await this.#isReady())) {
      assert.equal(this.#process.exitCode, null, `the server ended: ${this.log()}`);
      assert.ok(Date.now() < deadline, `the server is not ready: ${this.log()}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  async #isReady() {
    try {
      return (await fetch(`http://127.0.0.1:${this.operations}/health/ready`)).ok;
    } catch {
      return false;
    }
  }

  /** A command of the program on this server's data, while it does not run. Answers what it printed. */
  async command(...words) {
    const env = { ...process.env, PLENUM__STORE__PATH: join(this.#folder, "data") };
    const child = spawn(this.#binary, words, { env, cwd: this.#folder, stdio: ["ignore", "pipe", "pipe"] });
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const code = child.exitCode ?? (await new Promise((done) => child.once("exit", done)));
    assert.equal(code, 0, `plenum ${words.join(" ")}: ${err}`);
    return out;
  }

  /** As a power cut would. */
  async kill() {
    await this.#end("SIGKILL");
  }

  /** As an operator would, to start it again. */
  async terminate() {
    await this.#end("SIGTERM");
  }

  async stop() {
    await this.#end("SIGTERM");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #end(signal) {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise((done) => this.#process.once("exit", done));
    this.#process.kill(signal);
    await ended;
  }

  log() {
    return readFileSync(join(this.#folder, "server.log"), "utf8").slice(-4_000);
  }
}

/**
 * A line between a browser and the server that can be cut: connections break and new ones are refused, or (`freeze`)
 * everything stays open and nothing gets through, as when somebody walks out of the radio's reach.
 */
export class Line {
  #pairs = new Set();
  #isCut = false;
  #isFrozen = false;

  static async to(port) {
    const line = new Line();
    line.server = createServer((socket) => line.#join(socket, port));
    await new Promise((done) => line.server.listen(0, "127.0.0.1", done));
    line.address = `http://127.0.0.1:${line.server.address().port}/`;
    return line;
  }

  #join(socket, port) {
    if (this.#isCut) return socket.destroy();
    const far = connect(port, "127.0.0.1");
    const pair = [socket, far];
    this.#pairs.add(pair);
    const end = () => {
      this.#pairs.delete(pair);
      for (const one of pair) one.destroy();
    };
    for (const [from, to] of [pair, [far, socket]]) {
      from.on("data", (data) => this.#isFrozen || to.write(data));
      from.on("close", end);
      from.on("error", end);
    }
  }

  cut() {
    this.#isCut = true;
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  freeze() {
    this.#isFrozen = true;
  }

  /** Whole again. What was frozen has lost bytes and is dropped, as a network address translator would. */
  mend() {
    if (this.#isFrozen) this.cut();
    this.#isCut = this.#isFrozen = false;
  }

  async close() {
    this.cut();
    await new Promise((done) => this.server.close(done));
  }
}
