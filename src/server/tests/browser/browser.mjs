/** A Chromium with people in it. What a person does on the page is said here once, by role and label as they find it. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Generous, because the machine may be busy building. */
const WAIT_MS = Number(process.env.PLENUM_WAIT_MS ?? 30_000);

/** Where pictures for people go. */
export const pictures = process.env.PLENUM_SCREENSHOTS ?? mkdtempSync(join(tmpdir(), "plenum-screenshots-"));
mkdirSync(pictures, { recursive: true });

export function launch() {
  const places = [
    process.env.PLENUM_CHROMIUM,
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
  ];
  const executablePath = places.find((path) => path && existsSync(path));
  assert.ok(executablePath, "no Chromium found: set PLENUM_CHROMIUM to its path");
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-dev-shm-usage",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A person at a browser of their own. */
export class Person {
  /** What the browser complained about. A page that works is silent. */
  complaints = [];

  static async arrive(browser, address, name, options = {}) {
    const person = new this();
    person.name = name;
    person.email = `${name.toLowerCase().replace(/\W+/gu, ".")}.${Math.random().toString(36).slice(2, 10)}@example.com`;
    person.password = "twelve quiet lanterns";
    person.context = await browser.newContext({ viewport: { width: 1180, height: 760 }, ...options });
    person.context.setDefaultTimeout(WAIT_MS);
    await person.open(address);
    return person;
  }

  async open(address) {
    this.page = await this.context.newPage();
    this.page.on("pageerror", (error) => this.complaints.push(`${error}`));
    this.page.on("console", (line) => {
      // A network that is cut on purpose is logged by the browser itself.
      const isNetwork = /net::ERR_|WebSocket connection|Failed to load resource/u.test(line.text());
      if (line.type() === "error" && !isNetwork) this.complaints.push(line.text());
    });
    await this.page.goto(address);
    return this.page;
  }

  async register() {
    const { page } = this;
    await page.getByRole("button", { name: "Create an account" }).click();
    await page.getByLabel("Name").fill(this.name);
    await this.#credentials("Create an account");
  }

  async signIn() {
    await this.#credentials("Sign in");
  }

  async #credentials(button) {
    const { page } = this;
    await page.getByLabel("E-mail").fill(this.email);
    await page.getByLabel("Password").fill(this.password);
    await page.getByRole("button", { name: button }).click();
    await this.isConnected();
  }

  /** Until the page says that it is up to date. */
  async isConnected() {
    await this.page.locator(".sidebar .status[data-phase=live]").waitFor({ state: "attached" });
  }

  async startWith(other) {
    const { page } = this;
    await page.getByRole("button", { name: "New conversation" }).click();
    await page.getByLabel("E-mail address").fill(other.email);
    await page.getByRole("button", { name: "Start" }).click();
    await this.#started(other.name);
  }

  async startGroup(title, others) {
    const { page } = this;
    await page.getByRole("button", { name: "New conversation" }).click();
    await page.getByText("A group").click();
    await page.getByLabel("Name of the group").fill(title);
    await page.getByLabel("E-mail addresses").fill(others.map(({ email }) => email).join("\n"));
    await page.getByRole("button", { name: "Start" }).click();
    await this.#started(title);
  }

  /** Opens what can be done about the open group. */
  async aboutGroup() {
    await this.page.getByRole("button", { name: "About this group" }).click();
    const dialog = this.page.getByRole("dialog", { name: "About this group" });
    await dialog.getByRole("listitem").first().waitFor();
    return dialog;
  }

  /** Asks the server as this person's page would. */
  async ask(method, path, body) {
    return this.page.evaluate(
      async ([how, where, what]) => {
        const { accessToken } = JSON.parse(localStorage.getItem("plenum.session"));
        const headers = { authorization: `Bearer ${accessToken}`, "content-type": "application/json" };
        const answer = await fetch(where, { method: how, headers, body: what && JSON.stringify(what) });
        const text = await answer.text();
        if (!answer.ok) throw new Error(`${how} ${where}: ${answer.status} ${text}`);
        return text ? JSON.parse(text) : undefined;
      },
      [method, path, body],
    );
  }

  async #started(name) {
    await this.page.getByRole("dialog").waitFor({ state: "detached" });
    await this.page.getByRole("heading", { name }).waitFor();
  }

  row(name) {
    return this.page.getByRole("navigation", { name: "Conversations" }).getByRole("link", { name });
  }

  async openConversation(name) {
    await this.row(name).click();
    await this.page.getByRole("heading", { name }).waitFor();
  }

  async say(text) {
    await this.page.getByLabel("Message", { exact: true }).fill(text);
    await this.page.getByRole("button", { name: "Send", exact: true }).click();
  }

  message(text) {
    return this.page.locator(".message", { has: this.page.getByText(text, { exact: true }) });
  }

  async sees(text) {
    await this.message(text).first().waitFor();
  }

  /** Until an own message has got as far as `words`: Sent, Delivered, Read. */
  async seesTick(text, words) {
    await this.message(text)
      .locator(".tick, .reach-words")
      .getByText(words, { exact: true })
      .first()
      .waitFor({ state: "attached" });
  }

  /** All texts of the open conversation, from top to bottom. */
  texts() {
    return this.page.locator(".message .text").allTextContents();
  }

  /** Polls until `check` holds. */
  async until(what, check) {
    const deadline = Date.now() + WAIT_MS;
    let last;
    do {
      last = await check();
      if (last === true) return;
      await this.page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
    } while (Date.now() < deadline);
    assert.fail(`${this.name} waited in vain: ${what} (${JSON.stringify(last)})`);
  }

  async picture(name) {
    await this.page.screenshot({ path: join(pictures, `${name}.png`) });
  }

  /** No violation of WCAG 2.2 A and AA that a program can find. */
  async isAccessible(where) {
    await this.#axe(where, { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] });
  }

  /** Who walks from landmark to landmark with a screen reader misses nothing. */
  async hasLandmarks(where) {
    const values = ["region", "landmark-one-main", "landmark-unique", "landmark-no-duplicate-banner"];
    await this.#axe(where, { type: "rule", values });
  }

  async #axe(where, runOnly) {
    // Through the debugger, because the page's own policy lets no foreign script in.
    await this.page.evaluate(AXE);
    const found = await this.page.evaluate((only) => globalThis.axe.run(document, { runOnly: only }), runOnly);
    const lines = found.violations.map(
      ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((n) => `${n.html} ${n.failureSummary}`).join(" | ")}`,
    );
    assert.deepEqual(lines, [], `accessibility of ${where}`);
  }

  async leave() {
    await this.context.close();
    assert.deepEqual(this.complaints, [], `${this.name}'s browser complained`);
  }
}
