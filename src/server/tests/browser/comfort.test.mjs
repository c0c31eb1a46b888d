/**
 * What people notice who use the page with a keyboard, a screen reader, large type, or on a computer that is not theirs.
 * The server and the browser are found as in chat.test.mjs.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Person, launch } from "./browser.mjs";
import { Line, Server } from "./server.mjs";

let server;
let browser;
const lines = [];

async function meet(name, options) {
  const line = await Line.to(server.port);
  lines.push(line);
  const person = await Person.arrive(browser, line.address, name, options);
  person.line = line;
  await person.register();
  return person;
}

/** Two people with a conversation that both have open. */
async function pair(options) {
  const [ada, grace] = [await meet("Ada Lovelace", options), await meet("Grace Hopper")];
  await ada.startWith(grace);
  await grace.openConversation("Ada Lovelace");
  return [ada, grace];
}

before(async () => {
  server = await Server.start();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  for (const line of lines) await line.close();
  await server?.stop();
});

/** Until the row shows what was written last. */
function preview(person, name, text) {
  return person.row(name).locator(".row-preview").getByText(text).waitFor();
}

describe("a list that changes under one's hands", () => {
  test("a row keeps the focus when a message comes, and Enter opens it", async () => {
    const [ada, grace] = await pair();
    const linus = await meet("Linus Pauling");
    await ada.startWith(linus);
    await ada.row("Grace Hopper").focus();
    await grace.say("while you were about to press Enter");
    await preview(ada, "Grace Hopper", "while you were about to press Enter");
    const isFirst = () => ada.page.locator(".list .row-name").first().textContent();
    await ada.until("the row has moved to the top", async () => (await isFirst()).startsWith("Grace Hopper"));
    await ada.page.locator(":focus").and(ada.row("Grace Hopper")).waitFor();
    await ada.row("Linus Pauling").focus();
    await grace.say("and again");
    await preview(ada, "Grace Hopper", "and again");
    await ada.page.locator(":focus").and(ada.row("Linus Pauling")).waitFor();
    await ada.row("Grace Hopper").focus();
    await ada.page.keyboard.press("Enter");
    await ada.page.getByRole("heading", { name: "Grace Hopper" }).waitFor();
    for (const person of [ada, grace, linus]) await person.leave();
  });

  test("a row that is pressed is the row that opens, whatever comes before the release", async () => {
    const [ada, grace] = await pair();
    const linus = await meet("Linus Pauling");
    await ada.startWith(linus);
    await linus.openConversation("Ada Lovelace");
    // One's own row changes, and another one comes to the top.
    for (const [writer, text] of [[grace, "in the row itself"], [linus, "in another row"], [grace, "back on top"]]) {
      await ada.page.evaluate(() => (location.hash = "#/"));
      await ada.page.getByText("Choose a conversation, or start a new one.").waitFor();
      const { x, y, width, height } = await ada.row("Grace Hopper").boundingBox();
      await ada.page.mouse.move(x + width / 2, y + height / 2);
      await ada.page.mouse.down();
      await writer.say(text);
      // The title is not held back: when it has changed the list has heard of the message.
      await ada.until("the message is there", async () => /^\(\d\)/u.test(await ada.page.title()));
      await ada.page.mouse.up();
      await ada.page.getByRole("heading", { name: "Grace Hopper" }).waitFor();
      await ada.openConversation(writer.name);
      await ada.sees(text);
      await ada.until("all is read", async () => (await ada.page.title()) === "Plenum");
    }
    await ada.until("the list goes on", async () => (await ada.page.locator(".list .row").first().textContent()).includes("back on top"));
    for (const person of [ada, grace, linus]) await person.leave();
  });
});

describe("without a connection", () => {
  test("nobody is said to be online", async () => {
    const [ada, grace] = await pair();
    const people = ada.page.locator(".bar-people");
    await people.getByText("Online", { exact: true }).waitFor();
    ada.line.cut();
    await ada.page.locator(".sidebar .status[data-phase=waiting]").waitFor();
    await people.waitFor({ state: "hidden" });
    assert.equal(await ada.page.locator(".online-dot").count(), 0);
    ada.line.mend();
    await ada.isConnected();
    await people.getByText("Online", { exact: true }).waitFor();
    await ada.page.locator(".online-dot").waitFor();
    for (const person of [ada, grace]) await person.leave();
  });
});

describe("at the end of a session", () => {
  /** All that can be read: texts, also those for screen readers only, titles and values, and what is kept. */
  const everything = (person) =>
    person.page.evaluate(() => {
      const attributes = [...document.querySelectorAll("*")].flatMap((node) => [...node.attributes].map(({ value }) => value));
      const values = [...document.querySelectorAll("input, textarea")].map(({ value }) => value);
      return [document.title, document.documentElement.textContent, ...attributes, ...values, JSON.stringify({ ...localStorage })].join("\n");
    });

  test("nothing that was said, drafted or shown stays, when one signs out and when one is signed out", async () => {
    for (const end of ["signs out", "is signed out"]) {
      const [ada, grace] = await pair();
      const announcer = ada.page.locator("#announcer");
      await grace.say("the private number is 4711");
      await announcer.getByText("the private number is 4711").waitFor({ state: "attached" });
      await ada.page.getByLabel("Message", { exact: true }).fill("a secret draft");
      if (end === "signs out") {
        await ada.page.getByRole("button", { name: "Sign out" }).click();
      } else {
        await ada.startGroup("The hidden group", [grace]);
        await ada.aboutGroup();
        await ada.ask("POST", "/api/auth/logout");
      }
      await ada.page.getByRole("heading", { name: "Sign in" }).waitFor();
      const left = await everything(ada);
      for (const word of ["4711", "secret draft", "hidden group", "Grace", "Hopper"])
        assert.ok(!left.includes(word), `${word} is left when one ${end}: ${left}`);
      assert.equal(await ada.page.title(), "Plenum");
      for (const person of [ada, grace]) await person.leave();
    }
  });
});

describe("what is seen", () => {
  test("delivered and read differ by their shape, not by their colour alone", async () => {
    const ada = await meet("Ada Lovelace");
    const grace = await meet("Grace Hopper");
    await ada.startWith(grace);
    await ada.say("look at the tick");
    await ada.seesTick("look at the tick", "Delivered");
    const shape = () => ada.message("look at the tick").locator(".tick path").evaluateAll((all) => all.map((path) => path.getAttribute("d")).join());
    const delivered = await shape();
    await grace.openConversation("Ada Lovelace");
    await ada.seesTick("look at the tick", "Read");
    assert.notEqual(await shape(), delivered);
    await ada.picture("15-read");
    for (const person of [ada, grace]) await person.leave();
  });

  test("messages have the size of type that the person chose in the browser", async () => {
    const [ada, grace] = await pair();
    await ada.say("how large am I");
    await ada.sees("how large am I");
    const size = () => ada.message("how large am I").locator(".text").evaluate((text) => getComputedStyle(text).fontSize);
    assert.equal(await size(), "16px");
    await ada.page.evaluate(() => (document.documentElement.style.fontSize = "32px"));
    assert.equal(await size(), "32px");
    const overflows = () => document.documentElement.scrollWidth > innerWidth;
    assert.equal(await ada.page.evaluate(overflows), false);
    await ada.picture("16-large-type");
    for (const person of [ada, grace]) await person.leave();
  });

  test("everything stands in a landmark", async () => {
    const [ada, grace] = await pair();
    await ada.hasLandmarks("a conversation");
    ada.line.cut();
    await ada.page.locator(".sidebar .status[data-phase=waiting]").waitFor();
    await ada.hasLandmarks("offline");
    for (const person of [ada, grace]) await person.leave();
  });
});

describe("the documentation of the API", () => {
  test("fits a narrow screen, shows code as code, and names types plainly", async () => {
    const reader = await Person.arrive(browser, `http://127.0.0.1:${server.port}/docs`, "A Reader", {
      viewport: { width: 360, height: 740 },
    });
    const { page } = reader;
    await page.getByText("/auth/login", { exact: true }).waitFor();
    await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
    const overflows = () => document.documentElement.scrollWidth > innerWidth;
    assert.equal(await page.evaluate(overflows), false, "no scrolling sideways");
    assert.ok(!(await page.locator("body").innerText()).includes("`"), "no raw Markdown");
    const types = await page.locator("td:nth-child(2)").allTextContents();
    assert.deepEqual(types.filter((type) => /^\s*\||\|\s*$/u.test(type)), []);
    assert.equal(await page.evaluate(async () => (await fetch("/favicon.ico")).status), 200);
    await reader.isAccessible("the documentation");
    await reader.picture("17-docs");
    await reader.leave();
  });
});
