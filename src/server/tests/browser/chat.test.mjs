/**
 * People who chat in a real Chromium with the real server. Pictures for people are left in the folder that the test
 * names at its end (or in PLENUM_SCREENSHOTS).
 *
 * PLENUM_BIN       the server (default: target/debug/plenum)
 * PLENUM_CHROMIUM  the browser (default: the first of the usual places)
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Person } from "./browser.mjs";
import { Server } from "./server.mjs";
import { browser, closeTown, meet, newLine, openTown, pair, server } from "./town.mjs";

before(openTown);

after(closeTown);

describe("codes", () => {
  test("somebody without an account comes in with a code from the mail, and again", async () => {
    const line = await newLine();
    const outbox = async () => (await fetch(`http://127.0.0.1:${server.port}/dev/outbox`)).text();
    const ada = await Person.arrive(browser, line.address, "Ada of the codes");
    const { page } = ada;
    await page.getByRole("button", { name: "Get a code" }).click();
    await page.getByLabel("E-mail or telephone number").fill("12");
    await page.getByRole("button", { name: "Send me a code" }).click();
    await page.getByText("Not a telephone number").waitFor();
    await page.getByLabel("E-mail or telephone number").fill(ada.email);
    await page.getByRole("button", { name: "Send me a code" }).click();
    await page.getByLabel("Code").waitFor();
    const [, code] = new RegExp(`${ada.email}</dt><dd>([0-9]{6})`).exec(await outbox());
    const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, "0");
    await page.getByLabel("Code").fill(wrong);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("The code is wrong").waitFor();
    await page.getByLabel("Code").fill(code);
    await page.getByRole("button", { name: "Sign in" }).click();
    await ada.isConnected();
  });
});

describe("two people", () => {
  test("sign up, start a conversation by e-mail, and talk, with ticks and typing", async () => {
    const ada = await meet("Ada Lovelace");
    await ada.picture("1-empty");
    const grace = await meet("Grace Hopper", { colorScheme: "dark" });
    await ada.startWith(grace);
    await ada.say("Hello Grace");
    await ada.say("Did the compiler arrive?");
    await grace.row("Ada Lovelace").getByText("2 unread messages").waitFor({ state: "attached" });
    await ada.seesTick("Did the compiler arrive?", "Delivered");
    await grace.picture("2-unread-dark");
    await grace.openConversation("Ada Lovelace");
    await grace.sees("Hello Grace");
    await ada.seesTick("Did the compiler arrive?", "Read");
    assert.equal(await grace.row("Ada Lovelace").locator(".badge").count(), 0);
    await grace.page.getByLabel("Message", { exact: true }).pressSequentially("It did");
    await ada.page.getByText("Grace Hopper is typing…").waitFor();
    await ada.picture("3-typing");
    await grace.page.getByRole("button", { name: "Send", exact: true }).click();
    await ada.sees("It did");
    await ada.page.locator(".typing:not(.is-active)").waitFor({ state: "attached" });
    await ada.say("Markup is <b>text</b> & nothing else.\nAlso on a second line.");
    await grace.page.getByRole("log").getByText("Markup is <b>text</b> & nothing else.").waitFor();
    await grace.picture("4-chat-dark");
    await ada.picture("4-chat");
    await ada.isAccessible("a conversation");
    await grace.isAccessible("a dark conversation");
    await ada.leave();
    await grace.leave();
  });

  test("see whether the other one is online, in words, and when they were last seen", async () => {
    const [ada, grace] = await pair();
    await ada.page.locator(".bar-people").getByText("Online", { exact: true }).waitFor();
    await ada.row("Grace Hopper").getByText(", online").waitFor({ state: "attached" });
    await ada.isAccessible("somebody online");
    await ada.picture("4-online");
    await grace.page.reload();
    await grace.isConnected();
    // Within the grace nothing has changed, and afterwards it still has not.
    assert.equal(await ada.page.locator(".bar-people").textContent(), "Online");
    await grace.leave();
    await ada.page.locator(".bar-people").getByText(/^Last seen at /u).waitFor();
    assert.equal(await ada.row("Grace Hopper").getByText(", online").count(), 0);
    await ada.isAccessible("somebody offline");
    await ada.leave();
  });

  test("find the same conversation when both start it", async () => {
    const [ada, grace] = await pair();
    await grace.startWith(ada);
    assert.equal(await grace.page.getByRole("navigation", { name: "Conversations" }).getByRole("link").count(), 1);
    await grace.say("the same one");
    await ada.sees("the same one");
    await ada.leave();
    await grace.leave();
  });

  test("cannot send more than the server takes, and lose nothing by trying", async () => {
    const [ada, grace] = await pair();
    const input = ada.page.getByLabel("Message", { exact: true });
    await input.fill("é".repeat(10_000));
    await input.press("Enter");
    await ada.page.getByText("This is too long by 3,616 bytes. Send it in parts.").waitFor();
    assert.equal((await input.inputValue()).length, 10_000);
    await input.fill("é".repeat(8_000));
    await input.press("Enter");
    await grace.sees("é".repeat(8_000));
    await ada.leave();
    await grace.leave();
  });

  test("see words of ours when something cannot be done", async () => {
    const ada = await meet("Ada Lovelace");
    await ada.page.getByRole("button", { name: "New conversation" }).click();
    await ada.page.getByLabel("E-mail address").fill("nobody@example.com");
    await ada.page.getByRole("button", { name: "Start" }).click();
    await ada.page.getByText("Nobody with this address has an account here.").waitFor();
    await ada.isAccessible("the dialog");
    await ada.picture("5-dialog");
    await ada.page.keyboard.press("Escape");
    await ada.page.getByRole("button", { name: "Sign out" }).click();
    await ada.isAccessible("signing in");
    await ada.page.getByLabel("E-mail").fill(ada.email);
    await ada.page.getByLabel("Password").fill("not the password");
    await ada.page.getByRole("button", { name: "Sign in" }).click();
    await ada.page.locator(".problem").filter({ hasText: /\w/u }).waitFor();
    await ada.picture("5-sign-in");
    await ada.signIn();
    await ada.leave();
  });
});

describe("a group", () => {
  test("shows who wrote and how many have read", async () => {
    const [ada, grace] = [await meet("Ada Lovelace"), await meet("Grace Hopper")];
    const linus = await meet("Linus Pauling", {
      viewport: { width: 390, height: 844 },
      isMobile: true,
      hasTouch: true,
    });
    await linus.picture("6-phone-empty");
    await ada.startGroup("Engine room", [grace, linus]);
    await ada.say("Welcome, all");
    await grace.openConversation("Engine room");
    await grace.sees("Welcome, all");
    await ada.seesTick("Welcome, all", "Read by 1");
    await linus.openConversation("Engine room");
    await ada.seesTick("Welcome, all", "Read by all");
    await linus.say("Good to be here");
    await grace.sees("Good to be here");
    await linus.picture("6-phone-group");
    await ada.picture("6-group");
    await linus.isAccessible("a phone");
    await linus.page.getByRole("button", { name: "Back to the list" }).click();
    await linus.row("Engine room").waitFor();
    assert.equal(await linus.page.getByLabel("Message", { exact: true }).isVisible(), false);
    await grace.say("And another");
    await linus
      .row("Engine room")
      .getByText("1 unread message")
      .or(linus.row("Engine room").locator(".badge"))
      .first()
      .waitFor();
    await linus.picture("6-phone-list");
    await linus.isAccessible("a phone's list");
    for (const person of [ada, grace, linus]) await person.leave();
  });
});

describe("the members of a group", () => {
  const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

  test("the group is renamed for everybody, by those who may", async () => {
    const [ada, grace] = [await meet("Ada Lovelace"), await meet("Grace Hopper", { ...phone, colorScheme: "dark" })];
    await ada.startGroup("Engine room", [grace]);
    await grace.openConversation("Engine room");
    const dialog = await ada.aboutGroup();
    await dialog.getByLabel("Name of the group").fill("  ");
    await dialog.getByRole("button", { name: "Rename" }).click();
    await dialog.locator(".error").filter({ hasText: /\w/u }).waitFor();
    await dialog.getByLabel("Name of the group").fill("Control room");
    await dialog.getByRole("button", { name: "Rename" }).click();
    await grace.page.getByRole("heading", { name: "Control room" }).waitFor();
    await grace.page.getByRole("log").getByText("Ada Lovelace named the group “Control room”").waitFor();
    await ada.row("Control room").waitFor();
    await ada.isAccessible("about a group");
    await ada.picture("11-group");
    const members = await grace.aboutGroup();
    assert.equal(await members.getByRole("button", { name: "Rename" }).isVisible(), false, "a member may not");
    assert.equal(await members.getByRole("button", { name: "Add" }).isVisible(), false);
    await grace.isAccessible("about a group on a dark phone");
    await grace.picture("11-group-phone-dark");
    for (const person of [ada, grace]) await person.leave();
  });

  test("people are added and removed, and come back to what they missed", async () => {
    const [ada, grace] = [await meet("Ada Lovelace", phone), await meet("Grace Hopper")];
    const linus = await meet("Linus Pauling", { colorScheme: "dark" });
    await ada.startGroup("Engine room", [grace]);
    await ada.say("Before Linus");
    let dialog = await ada.aboutGroup();
    await dialog.getByLabel("Add somebody by e-mail address").fill("nobody@example.com");
    await dialog.getByRole("button", { name: "Add" }).click();
    await dialog.getByText("Nobody with the address nobody@example.com has an account here.").waitFor();
    await dialog.getByLabel("Add somebody by e-mail address").fill(linus.email);
    await dialog.getByRole("button", { name: "Add" }).click();
    await dialog.getByText("3 members").waitFor();
    await ada.picture("12-members-phone");
    await linus.openConversation("Engine room");
    await linus.sees("Before Linus");
    await dialog.getByRole("button", { name: "Remove Linus Pauling" }).click();
    await dialog.getByText("2 members").waitFor();
    await linus.page.getByText("You are not in this group any more.").waitFor();
    assert.equal(await linus.page.getByLabel("Message", { exact: true }).isVisible(), false);
    assert.equal(await linus.row("Engine room").count(), 0);
    await linus.picture("12-removed-dark");
    await linus.isAccessible("a group one was removed from");
    await ada.page.keyboard.press("Escape");
    await ada.say("Without Linus");
    await grace.openConversation("Engine room");
    await grace.sees("Without Linus");
    dialog = await ada.aboutGroup();
    await dialog.getByLabel("Add somebody by e-mail address").fill(linus.email);
    await dialog.getByRole("button", { name: "Add" }).click();
    await dialog.getByText("3 members").waitFor();
    await linus.page.getByLabel("Message", { exact: true }).waitFor();
    await linus.sees("Without Linus");
    await linus.say("Back again");
    await grace.sees("Back again");
    for (const person of [ada, grace, linus]) await person.leave();
  });

  test("whoever leaves has gone from the list, and the owner stays", async () => {
    const [ada, grace] = [await meet("Ada Lovelace"), await meet("Grace Hopper")];
    await ada.startGroup("Engine room", [grace]);
    await ada.startWith(grace);
    await ada.openConversation("Engine room");
    const own = await ada.aboutGroup();
    assert.equal(await own.getByRole("button", { name: "Leave the group" }).isVisible(), false);
    await ada.page.keyboard.press("Escape");
    await grace.openConversation("Engine room");
    const dialog = await grace.aboutGroup();
    await dialog.getByRole("button", { name: "Leave the group" }).click();
    await dialog.getByRole("button", { name: "Leave for good" }).click();
    await grace.until("it has gone", async () => (await grace.row("Engine room").count()) === 0);
    await ada.page.getByRole("log").getByText("Grace Hopper left").waitFor();
    await grace.page.reload();
    await grace.row("Ada Lovelace").waitFor();
    assert.equal(await grace.row("Engine room").count(), 0);
    for (const person of [ada, grace]) await person.leave();
  });
});

describe("more conversations than a connection may follow", () => {
  test("all stand in the list, and the old ones catch up when they are opened", async () => {
    const small = await Server.start({ PLENUM__LIMITS__TOPICS_PER_CONNECTION: "5" });
    try {
      const people = [];
      for (const name of ["Ada Lovelace", "Grace Hopper"]) {
        const person = await Person.arrive(browser, `http://127.0.0.1:${small.port}/`, name);
        await person.register();
        people.push(person);
      }
      const [ada, grace] = people;
      const { id: grace_ } = await ada.ask("GET", `/api/users/lookup?email=${encodeURIComponent(grace.email)}`);
      for (let n = 1; n <= 9; n += 1) {
        const { id } = await ada.ask("POST", "/api/conversations", { kind: "group", title: `Room ${n}`, members: [grace_] });
        await ada.ask("POST", "/api/chat/message", { conversationId: id, text: `first in ${n}` });
      }
      await grace.page.reload();
      for (let n = 1; n <= 9; n += 1) await grace.row(`Room ${n}`).waitFor();
      await ada.page.reload();
      await grace.isConnected();
      await ada.isConnected();
      for (const n of [1, 2, 3, 4]) {
        await ada.openConversation(`Room ${n}`);
        await ada.say(`news in ${n}`);
        await ada.seesTick(`news in ${n}`, "Sent");
      }
      for (const n of [1, 2, 3, 4, 9]) {
        await grace.openConversation(`Room ${n}`);
        await grace.sees(n === 9 ? "first in 9" : `news in ${n}`);
        await grace.say(`answer in ${n}`);
        await grace.until("it is sent", async () => (await grace.page.getByText("Waiting to be sent").count()) === 0);
      }
      await ada.openConversation("Room 1");
      await ada.sees("answer in 1");
      await grace.openConversation("Room 1");
      await ada.say("and live");
      await grace.sees("and live");
      await grace.picture("13-many");
      for (const person of people) await person.leave();
    } finally {
      await small.stop();
    }
  });
});

describe("without a mouse", () => {
  test("everything can be done from signing up to leaving", async () => {
    const grace = await meet("Grace Hopper");
    const ada = await Person.arrive(browser, (await newLine()).address, "Ada Lovelace");
    const { keyboard } = ada.page;
    const tabTo = async (name) => {
      for (let i = 0; i < 20; i += 1) {
        const focused = ada.page.locator(":focus");
        if ((await focused.count()) > 0 && (await focused.evaluate(nameOf)).includes(name)) return;
        await keyboard.press("Tab");
      }
      assert.fail(`the Tab key does not lead to ${name}`);
    };
    await tabTo("Create an account");
    await keyboard.press("Enter");
    for (const value of [ada.name, ada.email, ada.password]) {
      await keyboard.type(value);
      await keyboard.press("Tab");
    }
    await keyboard.press("Enter");
    await ada.isConnected();
    await tabTo("New conversation");
    await keyboard.press("Enter");
    await keyboard.type(grace.email);
    await keyboard.press("Enter");
    await ada.page.getByRole("heading", { name: grace.name }).waitFor();
    await keyboard.type("two");
    await keyboard.press("Shift+Enter");
    await keyboard.type("lines");
    await keyboard.press("Enter");
    await grace.openConversation(ada.name);
    await grace.page.getByRole("log").getByText("two\nlines").waitFor();
    await keyboard.press("Escape");
    await ada.page.locator(":focus").and(ada.row(grace.name)).waitFor();
    await ada.picture("9-keyboard-focus");
    await keyboard.press("Enter");
    await ada.page
      .locator(":focus")
      .and(ada.page.getByLabel("Message", { exact: true }))
      .waitFor();
    await ada.leave();
    await grace.leave();
  });

  test("the list is walked with the arrow keys and the skip link leads past it", async () => {
    const [ada, grace] = await pair();
    const linus = await meet("Linus Pauling");
    await ada.startWith(linus);
    await ada.row("Linus Pauling").focus();
    await ada.page.keyboard.press("ArrowDown");
    await ada.page.locator(":focus").and(ada.row("Grace Hopper")).waitFor();
    await ada.page.keyboard.press("Home");
    await ada.page.locator(":focus").and(ada.row("Linus Pauling")).waitFor();
    await ada.page.locator(".skip").focus();
    await ada.picture("9-skip-link");
    await ada.page.keyboard.press("Enter");
    assert.equal(await ada.page.evaluate(() => document.activeElement.id), "main");
    for (const person of [ada, grace, linus]) await person.leave();
  });
});

describe("a long conversation", () => {
  test("is read back page by page without moving under the reader", async () => {
    const [ada, grace] = await pair();
    const all = Array.from({ length: 130 }, (_, i) => `number ${i + 1}`);
    for (const text of all) await ada.say(text);
    await grace.sees("number 130");
    await grace.page.reload();
    await grace.sees("number 130");
    const log = grace.page.getByRole("log");
    await grace.until("the first message is there", async () => {
      await log.evaluate((element) => (element.scrollTop = Math.min(element.scrollTop, 200)));
      return (await grace.texts()).includes("number 1");
    });
    assert.deepEqual(await grace.texts(), all);
    await log.evaluate((element) => (element.scrollTop = 0));
    await grace.picture("10-history");
    await ada.say("news while you read old things");
    await grace.page.getByRole("button", { name: "1 new message" }).waitFor();
    assert.equal(await log.evaluate((element) => element.scrollTop), 0, "the reader stays where they are");
    const longer = () => document.documentElement.scrollHeight > innerHeight;
    assert.equal(await log.page().evaluate(longer), false, "the talk scrolls, not the page");
    await grace.picture("10-new-below");
    await grace.page.getByRole("button", { name: "1 new message" }).click();
    await ada.seesTick("news while you read old things", "Read");
    await ada.leave();
    await grace.leave();
  });
});

/** What the element is called, roughly. Runs in the page. */
function nameOf(element) {
  return element.getAttribute("aria-label") ?? element.textContent;
}
