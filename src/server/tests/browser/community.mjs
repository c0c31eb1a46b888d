/** People at the pages beside the chat. */
import assert from "node:assert/strict";
import { Person } from "./browser.mjs";

/** Somebody with an account at one of these pages. */
export class Member extends Person {
  /** @param {string} at the page's path, without the first slash */
  static async arrive(browser, address, name, at, options = {}) {
    const member = await super.arrive(browser, `${address}${at}`, name, options);
    member.address = address;
    member.at = at;
    // Some pages are open to people without an account.
    const isOpen = /^(?:events|market)/u.test(at);
    if (isOpen) await member.page.getByRole("button", { name: "Sign in" }).first().click();
    await member.register();
    return member;
  }

  async isConnected() {
    await this.page.locator(".status[data-phase=live]").waitFor({ state: "attached" });
  }

  /** The same person at another browser. */
  async onAnotherDevice(browser) {
    const other = await Person.arrive.call(Member, browser, `${this.address}${this.at}`, this.name);
    Object.assign(other, { address: this.address, at: this.at });
    other.email = this.email;
    other.password = this.password;
    await other.signIn();
    return other;
  }

  /** Goes to another page of the server. */
  async visit(path) {
    await this.page.goto(`${this.address}${path}`);
    await this.isConnected();
  }

  async id() {
    return (await this.ask("GET", "/api/auth/me")).id;
  }
}

/** The code that was sent to an address last, from the page for development, as soon as it is there. */
export async function lastCode(address, to) {
  const until = Date.now() + 20_000;
  for (;;) {
    const answer = await fetch(`${address}dev/outbox`, { headers: { accept: "application/json" } });
    assert.equal(answer.status, 200, "the provider for development keeps what it sends");
    const text = await answer.text();
    const found = text.split(to).slice(1).map((rest) => /\b\d{6}\b/u.exec(rest)?.[0]);
    if (found[0]) {
      return found[0];
    }
    assert.ok(Date.now() < until, text);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** An account gets a role on the command line, which needs the server to stand still. */
export async function appoint(server, person, role) {
  await server.terminate();
  await server.command("user", "set-role", person.email, role);
  await server.run();
}
