/**
 * People whose network goes, whose server is killed, who have several tabs: nothing is lost, nothing comes twice. The server and
 * the browser are found as in chat.test.mjs.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { browser, closeTown, meet, openTown, pair, server } from "./town.mjs";

before(openTown);

after(closeTown);

describe("when the network goes", () => {
  test("it says so, keeps what is written, and both catch up exactly once", async () => {
    const [ada, grace] = await pair();
    await ada.say("before");
    await grace.sees("before");
    grace.line.cut();
    await grace.page
      .locator(".sidebar .status")
      .getByText(/Offline – trying again/u)
      .waitFor();
    await ada.say("while you were away 1");
    await ada.say("while you were away 2");
    await grace.say("written offline");
    await grace.seesTick("written offline", "Waiting to be sent");
    await grace.picture("7-offline");
    await grace.isAccessible("offline");
    grace.line.mend();
    await grace.isConnected();
    await grace.sees("while you were away 2");
    await ada.sees("written offline");
    await grace.seesTick("written offline", "Read");
    const expected = ["before", "while you were away 1", "while you were away 2", "written offline"];
    assert.deepEqual(await ada.texts(), expected);
    await grace.until("the same order", async () => same(await grace.texts(), expected));
    await ada.leave();
    await grace.leave();
  });

  test("a browser that is told to be offline comes back by itself", async () => {
    const [ada, grace] = await pair();
    await grace.context.setOffline(true);
    await grace.page.locator(".sidebar .status[data-phase=waiting]").waitFor();
    await ada.say("missed you");
    await grace.context.setOffline(false);
    await grace.sees("missed you");
    await ada.leave();
    await grace.leave();
  });

  test("what waits survives a reload, and so does a draft", async () => {
    const [ada, grace] = await pair();
    // The page itself cannot be loaded without a network: the words are written, then the page comes anew over the old line.
    ada.line.freeze();
    await ada.say("sent into the void");
    await ada.page.getByLabel("Message", { exact: true }).fill("half a thou");
    ada.line.mend();
    await ada.page.reload();
    await ada.isConnected();
    await grace.sees("sent into the void");
    assert.equal(await ada.page.getByLabel("Message", { exact: true }).inputValue(), "half a thou");
    await ada.seesTick("sent into the void", "Read");
    assert.deepEqual(await grace.texts(), ["sent into the void"]);
    await ada.until("once", async () => same(await ada.texts(), ["sent into the void"]));
    await ada.leave();
    await grace.leave();
  });
});

describe("when the server is killed", () => {
  test("everything acknowledged is there once, and everything written meanwhile arrives once", async () => {
    const [ada, grace] = await pair();
    for (const text of ["one", "two", "three"]) await ada.say(text);
    await ada.seesTick("three", "Read");
    await server.kill();
    await ada.page.locator(".sidebar .status[data-phase=waiting]").waitFor();
    await ada.say("four, without a server");
    await grace.say("five, without a server");
    await server.run();
    await ada.isConnected();
    await grace.isConnected();
    await ada.sees("five, without a server");
    await grace.sees("four, without a server");
    await ada.until("both agree", async () => same(await ada.texts(), await grace.texts()));
    const texts = await ada.texts();
    assert.deepEqual(texts.slice(0, 3), ["one", "two", "three"]);
    assert.deepEqual([...texts].sort(), ["five, without a server", "four, without a server", "one", "three", "two"]);
    await ada.page.reload();
    await ada.isConnected();
    await ada.sees("five, without a server");
    await ada.until("the same after a reload", async () => same(await ada.texts(), texts));
    await ada.picture("8-after-restart");
    await ada.leave();
    await grace.leave();
  });

  test("a server that stops politely is left and found again", async () => {
    const [ada, grace] = await pair();
    await ada.say("before");
    await grace.sees("before");
    await server.terminate();
    await ada.say("in between");
    await server.run();
    await grace.sees("in between");
    await ada.isConnected();
    assert.deepEqual(await grace.texts(), ["before", "in between"]);
    await ada.leave();
    await grace.leave();
  });

  test("a burst of messages across the kill stays in order", async () => {
    const [ada, grace] = await pair();
    const all = Array.from({ length: 40 }, (_, i) => `message ${i + 1}`);
    for (const [i, text] of all.entries()) {
      if (i === 20) await server.kill();
      await ada.say(text);
    }
    await server.run();
    await grace.sees("message 40");
    await grace.until("all in order", async () => same(await grace.texts(), all));
    await ada.until("all in order", async () => same(await ada.texts(), all));
    await ada.leave();
    await grace.leave();
  });
});

describe("several tabs", () => {
  test("share the session: signed in, up to date and signed out together", async () => {
    const [ada, grace] = await pair();
    const first = ada.page;
    const second = await ada.open(ada.line.address);
    await ada.openConversation("Grace Hopper");
    await ada.say("from the second tab");
    await first.getByText("from the second tab", { exact: true }).last().waitFor();
    await grace.sees("from the second tab");
    assert.deepEqual(await grace.texts(), ["from the second tab"]);
    await first.getByRole("button", { name: "Sign out" }).click();
    await second.getByRole("heading", { name: "Sign in" }).waitFor();
    await first.getByRole("heading", { name: "Sign in" }).waitFor();
    await ada.leave();
    await grace.leave();
  });

  test("renew an expired token once, not once each", async () => {
    const ada = await meet("Ada Lovelace");
    const renewals = [];
    ada.context.on("request", (request) => request.url().endsWith("/api/auth/refresh") && renewals.push(request));
    const first = ada.page;
    await ada.open(ada.line.address);
    await ada.isConnected();
    // As it looks when the machine has slept over the end of the token.
    await first.evaluate(() => {
      const session = JSON.parse(localStorage.getItem("plenum.session"));
      localStorage.setItem("plenum.session", JSON.stringify({ ...session, expiresAt: Date.now() - 1 }));
    });
    ada.line.cut();
    ada.line.mend();
    for (const page of [first, ada.page])
      await page.locator(".sidebar .status[data-phase=waiting]").waitFor({ state: "attached" });
    for (const page of [first, ada.page])
      await page.locator(".sidebar .status[data-phase=live]").waitFor({ state: "attached" });
    assert.equal(renewals.length, 1);
    await ada.leave();
  });
});

function same(a, b) {
  return JSON.stringify(a) === JSON.stringify(b) || a;
}
