/** A hall in a Chromium: a host with a remote, a screen, and phones. */
import { Person } from "./browser.mjs";

const PHONE = { viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

/** Somebody who runs conferences. */
export class Host extends Person {
  static async arrive(browser, address, name, options = {}) {
    const host = await super.arrive(browser, `${address}host`, name, options);
    const { page } = host;
    await page.getByRole("button", { name: "Create an account" }).click();
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("E-mail").fill(host.email);
    await page.getByLabel("Password").fill(host.password);
    await page.getByRole("button", { name: "Create an account" }).click();
    await page.getByRole("heading", { name: "Conferences" }).waitFor();
    return host;
  }

  /** A conference made with the form; answers with its public code. */
  async creates(title, { identity, moderated = false, audienceReplies = false, invited = false, agenda = "" } = {}) {
    const { page } = this;
    await page.getByRole("button", { name: "New conference" }).click();
    const dialog = page.getByRole("dialog", { name: "New conference" });
    await dialog.getByLabel("Title").fill(title);
    if (identity) await dialog.getByLabel("Who votes").selectOption(identity);
    if (invited) await dialog.getByLabel(/without an invitation/u).check();
    if (agenda) await dialog.getByLabel("Agenda").fill(agenda);
    if (audienceReplies) await dialog.getByLabel(/may reply/u).check();
    if (moderated) await dialog.getByLabel(/read by a moderator/u).check();
    await dialog.getByRole("button", { name: "Create" }).click();
    await page.getByRole("heading", { name: title }).waitFor();
    this.id = new URL(page.url()).hash.slice(2);
    return page.locator(".public-code").textContent();
  }

  /** A question made with the form. */
  async adds(text, { kind = "single", options = [], fields = {} } = {}) {
    const { page } = this;
    await page.getByRole("button", { name: "Add a question" }).click();
    const dialog = page.getByRole("dialog", { name: "New question" });
    await dialog.getByLabel("Question").fill(text);
    await dialog.getByLabel("Kind").selectOption(kind);
    if (options.length > 0) await dialog.getByLabel("Answers", { exact: true }).fill(options.join("\n"));
    for (const [label, value] of Object.entries(fields)) await dialog.getByLabel(label).fill(String(value));
    await dialog.getByRole("button", { name: "Add" }).click();
    await this.agenda(text).waitFor();
  }

  /** The row of a question. */
  agenda(text) {
    return this.page.locator(".agenda > li", { has: this.page.getByRole("heading", { name: text, exact: true }) });
  }

  async presses(text, action) {
    await this.agenda(text).getByRole("button", { name: action, exact: true }).click();
  }

  /** Opens the screen in a window of its own. */
  async opensScreen() {
    const opening = this.context.waitForEvent("page");
    await this.page.getByRole("button", { name: "Open the screen" }).click();
    const screen = new Screen();
    screen.name = "screen";
    screen.context = this.context;
    screen.page = await opening;
    await screen.page.setViewportSize({ width: 1280, height: 720 });
    await screen.page.locator(".screen-code").filter({ hasText: /\w/u }).waitFor();
    return screen;
  }
}

export class Screen extends Person {
  async shows(text) {
    await this.page.locator(".screen-stage").getByText(text).first().waitFor();
  }

  /** Until a bar of the chart says so. */
  async counts(label, value) {
    await this.page
      .locator(".bars > li")
      .filter({ hasText: label })
      .locator(".value")
      .filter({ hasText: value })
      .waitFor();
  }
}

/** Somebody in the audience. */
export class Phone extends Person {
  static async arrive(browser, address, name, options = {}) {
    return super.arrive(browser, address, name, { ...PHONE, locale: "en-GB", ...options });
  }

  question(text) {
    return this.page.locator(".question", { has: this.page.getByRole("heading", { name: text, exact: true }) });
  }

  async taps(text, answer) {
    await this.question(text).getByRole("button", { name: answer, exact: true }).click();
  }

  /** Until the ballot is on the server's disk. */
  async hasVoted(text) {
    await this.question(text).locator(".said[data-kind=cast]").waitFor();
  }

  async votes(text, answer) {
    await this.taps(text, answer);
    await this.hasVoted(text);
  }
}
