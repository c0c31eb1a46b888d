/**
 * The page of admins in a real Chromium with the real server: an account is found, gets a role, is switched off under its owner's eyes; a
 * seller is let in. Pictures for people are left where chat.test.mjs says.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch } from "./browser.mjs";
import { appoint, Member } from "./community.mjs";
import { Server } from "./server.mjs";

let server;
let browser;
let address;

before(async () => {
  server = await Server.start();
  browser = await launch();
  address = `http://127.0.0.1:${server.port}/`;
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

describe("the administration", () => {
  test("finds accounts, changes roles, lets people sell, and switches an account off at once", async () => {
    const ada = await Member.arrive(browser, address, "Ada Admin", "admin");
    await ada.page.getByText("Ada Admin is no admin here.").waitFor();
    assert.equal(await ada.page.getByRole("link", { name: "Admin", exact: true }).count(), 0);
    await appoint(server, ada, "admin");
    await ada.page.reload();
    const { page } = ada;
    await page.getByRole("link", { name: "Admin", exact: true }).waitFor();

    const sam = await Member.arrive(browser, address, "Sam Hopeful", "market#/sell");
    await sam.page.getByLabel("Name of your shop").fill("Sam's <b>papers</b>");
    await sam.page.getByLabel("What you want to sell").fill("Paper.");
    await sam.page.getByRole("button", { name: "Send" }).click();
    await sam.page.getByText("Sent. When an admin has agreed").waitFor();
    await page.reload();
    const asking = page.getByRole("region", { name: "Who asks to sell" });
    await asking.getByRole("button", { name: "Let them sell: Sam's <b>papers</b>" }).click();
    await asking.getByText("Sells").waitFor();
    await sam.page.reload();
    await sam.page.getByRole("button", { name: "New product" }).waitFor();

    const accounts = page.getByRole("region", { name: "Accounts" });
    await accounts.getByLabel("Search").fill("hopeful");
    await ada.until("one is left", async () => (await accounts.getByRole("listitem").count()) === 1);
    await accounts.getByLabel("Role of Sam Hopeful").selectOption("Host");
    await ada.until("the role is given", async () => (await sam.ask("GET", "/api/auth/me")).role === "host");
    await ada.isAccessible("the administration");
    await ada.hasLandmarks("the administration");
    await ada.picture("admin");
    page.once("dialog", (asked) => asked.accept());
    await accounts.getByRole("button", { name: "Switch off: Sam Hopeful" }).click();
    await accounts.getByText("Switched off").waitFor();
    await sam.page.getByText("You have been signed out").first().waitFor();
    await accounts.getByRole("button", { name: "Switch on: Sam Hopeful" }).click();
    await accounts.getByRole("button", { name: "Switch off: Sam Hopeful" }).waitFor();
    await sam.signIn();

    await accounts.getByLabel("Search").fill(ada.email);
    await ada.until("one is left", async () => (await accounts.getByRole("listitem").filter({ hasText: "(you)" }).count()) === 1);
    assert.equal(await accounts.getByRole("button", { name: "Switch off" }).count(), 0, "nobody switches themselves off");
    assert.ok(await accounts.getByLabel("Role of Ada Admin").isDisabled());
    await page.getByRole("button", { name: "Keys" }).click();
    await page.getByRole("dialog", { name: "Keys of checkers" }).getByText("There are no keys yet.").waitFor();
    for (const one of [ada, sam]) await one.leave();
  });
});
