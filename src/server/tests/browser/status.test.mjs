/**
 * The status board in a real Chromium with the real server: an admin makes brands, domains and a key; a checker reports; somebody at a
 * phone sees it change. Pictures for people are left where chat.test.mjs says.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, Person } from "./browser.mjs";
import { Line, Server } from "./server.mjs";

let server;
let browser;
let line;
let address;

before(async () => {
  server = await Server.start();
  browser = await launch();
  line = await Line.to(server.port);
  address = `http://127.0.0.1:${server.port}/`;
});

after(async () => {
  await browser?.close();
  await line?.close();
  await server?.stop();
});

/** Somebody who looks at the board. */
class Watcher extends Person {
  static async arrive(at, name, options = {}) {
    const watcher = await super.arrive(browser, `${at}status`, name, options);
    const { page } = watcher;
    await page.getByRole("button", { name: "Create an account" }).click();
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("E-mail").fill(watcher.email);
    await page.getByLabel("Password").fill(watcher.password);
    await page.getByRole("button", { name: "Create an account" }).click();
    await watcher.isConnected();
    return watcher;
  }

  async isConnected() {
    await this.page.locator(".status[data-phase=live]").waitFor({ state: "attached" });
  }

  domain(name) {
    return this.page.locator(".domains > li", { has: this.page.getByText(name, { exact: true }) });
  }

  async sees(name, words) {
    await this.domain(name).locator(".chip").filter({ hasText: words }).waitFor();
  }
}

async function report(key, id, status) {
  const headers = { "content-type": "application/json", authorization: `ApiKey ${key}` };
  const body = JSON.stringify({ id, scanResult: { status } });
  const answer = await fetch(`${address}api/urls/update`, { method: "POST", headers, body });
  assert.equal(answer.status, 200, await answer.text());
}

/** An account becomes an admin on the command line, which needs the server to stand still. */
async function appoint(person) {
  await server.terminate();
  await server.command("user", "set-role", person.email, "admin");
  await server.run();
  await person.page.reload();
  await person.isConnected();
}

describe("the status board", () => {
  test("is made by an admin, reported on with a key, and changes under everybody's eyes", async () => {
    const admin = await Watcher.arrive(address, "Ada Admin");
    assert.equal(await admin.page.getByRole("button", { name: "New domain" }).count(), 0, "only admins have forms");
    await appoint(admin);
    const { page } = admin;
    await page.getByRole("button", { name: "Brands" }).click();
    const brands = page.getByRole("dialog", { name: "Brands" });
    await brands.getByRole("button", { name: "New brand" }).click();
    const brand = page.getByRole("dialog", { name: "New brand" });
    await brand.getByLabel("Name").fill("Acme");
    await brand.getByLabel("Code").fill("ac");
    await brand.getByRole("button", { name: "Save" }).click();
    await brands.getByText("AC", { exact: true }).waitFor();
    await admin.isAccessible("brands");
    await brands.getByRole("button", { name: "Close" }).click();

    await page.getByRole("button", { name: "New domain" }).click();
    const form = page.getByRole("dialog", { name: "New domain" });
    await form.getByLabel("Domain", { exact: true }).fill("not a domain");
    await form.getByRole("button", { name: "Save" }).click();
    await form.getByText("The name of a host such as example.org is expected.").waitFor();
    await form.getByLabel("Domain", { exact: true }).fill("Example.org");
    await form.getByLabel("Brand").selectOption("Acme");
    await form.getByRole("button", { name: "Save" }).click();
    await admin.sees("example.org", "Not checked");

    await page.getByRole("button", { name: "Keys" }).click();
    await page.getByRole("dialog", { name: "Keys of checkers" }).getByRole("button", { name: "New key" }).click();
    const keyForm = page.getByRole("dialog", { name: "New key" });
    await keyForm.getByLabel("Name").fill("checker one");
    await keyForm.getByRole("button", { name: "Make the key" }).click();
    const shown = page.getByRole("dialog", { name: "The key", exact: true });
    const key = await shown.locator("code").textContent();
    await shown.getByRole("button", { name: "Close" }).click();
    await page.getByRole("dialog", { name: "Keys of checkers" }).getByRole("button", { name: "Close" }).click();

    const phone = { viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true, colorScheme: "dark" };
    const viewer = await Watcher.arrive(line.address, "Vera Viewer", phone);
    await viewer.sees("example.org", "Not checked");
    const { items } = await viewer.ask("GET", "/api/domains");
    await report(key, items[0].id, "blocked");
    for (const one of [admin, viewer]) await one.sees("example.org", "Blocked");
    await viewer.page.locator("[role=status]").filter({ hasText: "example.org is blocked" }).waitFor({ state: "attached" });
    await viewer.isAccessible("a dark board on a phone");
    await viewer.picture("status-phone-dark");
    await admin.isAccessible("the board of an admin");
    await admin.picture("status-admin");

    // What happened while the line was cut is there when it is whole again.
    line.cut();
    await viewer.page.locator(".status[data-phase=waiting]").waitFor({ state: "attached" });
    await report(key, items[0].id, "accessible");
    line.mend();
    await viewer.page.getByRole("button", { name: "Try now" }).click().catch(() => {});
    await viewer.sees("example.org", "Accessible");

    await viewer.domain("example.org").getByRole("button", { name: "History: example.org" }).click();
    const history = viewer.page.getByRole("dialog", { name: "example.org" });
    await history.getByRole("listitem").nth(1).waitFor();
    const words = await history.getByRole("listitem").locator("strong").allTextContents();
    assert.deepEqual(words, ["Accessible", "Blocked"]);
    await history.getByText("Last 24 hours").waitFor();
    await viewer.isAccessible("a history");
    await viewer.picture("status-history");
    await history.getByRole("button", { name: "Close" }).click();

    await viewer.page.getByLabel("Show").selectOption("Blocked");
    await viewer.page.getByText("No domain fits.").waitFor();
    for (const one of [admin, viewer]) assert.deepEqual(one.complaints, [], one.name);
  });
});
