/** The server of a run, and the people and conversations on it. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { Server } from "../browser/server.mjs";

export class World {
  /** `hasBoard`: a domain is put on the status board, with a key for a checker. */
  static async start({ hasBoard = true } = {}) {
    const world = new World();
    world.server = await Server.start();
    world.url = `http://127.0.0.1:${world.server.port}`;
    if (hasBoard) await world.#board();
    return world;
  }

  async #board() {
    const keeper = await this.person("keeper");
    await this.server.terminate();
    await this.server.command("user", "set-role", keeper.id, "admin");
    await this.server.run();
    const { key } = await this.#post("/api/keys", { name: "checker", scopes: ["status:write"] }, keeper.token);
    const { id } = await this.#post("/api/domains", { domain: "example.org" }, keeper.token);
    this.board = { key, id };
  }

  /** What a checker says of the domain on the board. */
  report(status) {
    const { key, id } = this.board;
    return this.#post("/api/urls/update", { id, scanResult: { status } }, undefined, { "x-api-key": key });
  }

  async #post(path, body, token, more = {}) {
    const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }), ...more };
    const answer = await fetch(`${this.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    const text = await answer.text();
    assert.ok(answer.ok, `POST ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  /** A new account, signed in: {id, token}. */
  async person(name) {
    const email = `${name}-${randomUUID()}@example.org`;
    const body = { email, password: `long enough for ${name}`, firstName: name, lastName: "Peer" };
    const { user, accessToken } = await this.#post("/api/auth/register", body);
    return { id: user.id, token: accessToken };
  }

  /** A group of people; the first one is its owner. Answers its id. */
  async group(title, [owner, ...others]) {
    const body = { kind: "group", title, members: others.map(({ id }) => id) };
    const { id } = await this.#post("/api/conversations", body, owner.token);
    return id;
  }

  /** The direct conversation of two people. Answers its id. */
  async direct(one, other) {
    const { id } = await this.#post("/api/conversations", { userId: other.id }, one.token);
    return id;
  }

  /** Ends the session of a person's token. */
  logout(person) {
    return this.#post("/api/auth/logout", {}, person.token);
  }

  /** SIGKILL, then the same server on the same port and data. */
  async crash() {
    await this.server.kill();
    await this.server.run();
  }

  stop() {
    return this.server.stop();
  }
}
