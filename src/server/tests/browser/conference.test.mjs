/**
 * A whole conference in a real Chromium with the real server: a host with a remote, a screen, ten phones in five languages.
 * Pictures for people are left where chat.test.mjs says.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch } from "./browser.mjs";
import { Host, Phone } from "./hall.mjs";
import { Line, Server } from "./server.mjs";

/** What the first page of the audience may weigh, all requests together. */
const FIRST_PAGE_BYTES = 60 * 1024;

let server;
let browser;
let address;
const lines = [];

before(async () => {
  server = await Server.start();
  browser = await launch();
  address = `http://127.0.0.1:${server.port}/`;
});

after(async () => {
  await browser?.close();
  for (const line of lines) await line.close();
  await server?.stop();
});

async function running(title, options) {
  const host = await Host.arrive(browser, address, "Grace Hopper");
  const code = await host.creates(title, options);
  return { host, code };
}

describe("a conference", () => {
  test("is run from the remote, seen on the screen, and ten phones vote in five languages", async () => {
    const { host, code } = await running("Town hall");
    const which = "Which language shall we learn?";
    const often = "How often do you come?";
    const capital = "What is the capital of Australia?";
    await host.adds(which, { options: ["Rust", "Zig", "Erlang"] });
    await host.adds(often, { kind: "rating" });
    await host.adds(capital, {
      kind: "quiz",
      options: ["Sydney", "Canberra", "Perth"],
      fields: { "Right answers": "2" },
    });
    await host.isAccessible("a prepared conference");
    await host.presses(often, `Move up: ${often}`);
    await host.until(
      "the order changed",
      async () => (await host.page.locator(".agenda h3").allTextContents())[0] === often,
    );
    const screen = await host.opensScreen();
    await screen.isAccessible("a screen before the start");
    await host.page.getByRole("button", { name: "Start", exact: true }).click();
    await screen.shows("The next question appears here");
    await screen.picture("conference-screen-waiting");
    const locales = ["en-GB", "de-DE", "es-ES", "fr-FR", "ar-EG"];
    const phones = [];
    for (let i = 0; i < 10; i += 1) {
      const colorScheme = i % 2 ? "dark" : "light";
      phones.push(
        await Phone.arrive(browser, `${address}join/${code}`, `Phone ${i}`, { locale: locales[i % 5], colorScheme }),
      );
    }
    await phones[0].page.getByText("The next question comes here by itself.").waitFor();
    await phones[4].page.locator("html[dir=rtl][lang=ar]").waitFor({ state: "attached" });
    await host.page.getByText("10 people here").waitFor();
    await host.presses(which, "Push live");
    await screen.shows(which);
    await phones[3].question(which).waitFor();
    await phones[3].picture("conference-phone-vote-dark");
    await phones[0].picture("conference-phone-vote");
    await phones[0].isAccessible("a question");
    await phones[3].isAccessible("a dark question");
    await phones[4].isAccessible("an Arabic question");
    for (const [i, phone] of phones.entries())
      await phone.taps(which, ["Rust", "Zig", "Erlang", "Rust", "Rust"][i % 5]);
    for (const phone of phones) await phone.hasVoted(which);
    await phones[9].votes(which, "Zig");
    await host.agenda(which).locator(".total").filter({ hasText: "10 votes" }).waitFor();
    await host
      .agenda(which)
      .locator(".bars > li")
      .filter({ hasText: "Rust" })
      .locator(".value")
      .filter({ hasText: /^5 · 50%$/u })
      .waitFor();
    assert.equal(await screen.page.locator(".bars > li").count(), 0, "a hidden tally is not on the screen");
    await screen.page.locator(".screen-votes").getByText("10 votes").waitFor();
    await host.presses(which, "Show results");
    await screen.counts("Rust", "5");
    await phones[1].question(which).locator(".bars").waitFor();
    await screen.picture("conference-screen-results");
    await screen.isAccessible("results on the screen");
    await host.picture("conference-host");
    await host.isAccessible("a running conference");
    await host.presses(which, "Hide results");
    await screen.page.locator(".screen-options").waitFor();
    await host.presses(which, "Show results");
    await host.presses(which, "Close");
    await phones[2].question(which).getByText("Cerrada").waitFor();
    await phones[2].question(which).getByText("Recibo de tu voto").click();
    await phones[2]
      .question(which)
      .locator("code")
      .filter({ hasText: /^[0-9a-f]{64}$/u })
      .waitFor();
    await phones[4].picture("conference-phone-results-arabic");
    await phones[4].isAccessible("Arabic results");
    await host.presses(capital, "Push live");
    for (const [i, phone] of phones.entries()) await phone.votes(capital, i % 3 ? "Canberra" : "Sydney");
    await host.presses(capital, "Close");
    await host.presses(capital, "Show results");
    await screen.page.getByRole("heading", { name: "Leaderboard" }).waitFor();
    await phones[0].question(capital).locator(".is-right").filter({ hasText: "Canberra" }).waitFor();
    await screen.picture("conference-screen-quiz");
    await screen.page.emulateMedia({ colorScheme: "dark" });
    await screen.isAccessible("a dark leaderboard");
    await host.page.setViewportSize({ width: 390, height: 780 });
    await host.picture("conference-host-phone");
    await host.isAccessible("the remote on a phone");
    const report = await host.context.newPage();
    await report.goto(`${address}report/${host.id}`);
    await report.getByRole("heading", { name: /Which language/u }).waitFor();
    host.page = report;
    await host.isAccessible("the report");
    await host.picture("conference-report");
    const saving = report.waitForEvent("download");
    await report.getByRole("button", { name: "CSV" }).click();
    assert.equal((await saving).suggestedFilename(), "report.csv");
    const signing = report.waitForEvent("download");
    await report.getByRole("button", { name: "Signed result sheet of question 2" }).click();
    assert.equal((await signing).suggestedFilename(), "sheet-2.json");
    for (const phone of phones) await phone.leave();
    await host.leave();
  });

  test("asks every kind of question, and every answer counts", async () => {
    const { host, code } = await running("All kinds");
    const kinds = [
      ["Lunch?", { kind: "yesNo" }],
      ["Toppings", { kind: "multiple", options: ["Olives", "Mushrooms", "Capers"], fields: { "Most choices": 2 } }],
      ["Order", { kind: "ranking", options: ["Sea", "Hills", "City"] }],
      ["In a word", { kind: "words", fields: { "Words of each person": 2 } }],
      ["Why?", { kind: "text" }],
      ["How many beans?", { kind: "number", fields: { Lowest: 0, Highest: 1000 } }],
    ];
    for (const [text, made] of kinds) await host.adds(text, made);
    await host.page.getByRole("button", { name: "Start", exact: true }).click();
    const phone = await Phone.arrive(browser, `${address}join`, "Phone");
    await phone.isAccessible("the form for the code");
    await phone.picture("conference-phone-join");
    await phone.page.getByLabel("Code").fill("ZZZZZZ");
    await phone.page.getByRole("button", { name: "Join" }).click();
    await phone.page.getByText("There is no session with this code.").waitFor();
    await phone.page.getByLabel("Code").fill(` ${code.toLowerCase()} `);
    await phone.page.getByRole("button", { name: "Join" }).click();
    for (const [text] of kinds) await host.presses(text, "Push live");
    await phone.votes("Lunch?", "Abstain");
    const toppings = phone.question("Toppings");
    for (const topping of ["Olives", "Capers"]) await toppings.getByLabel(topping).check();
    assert.ok(await toppings.getByLabel("Mushrooms").isDisabled(), "two are enough");
    await phone.votes("Toppings", "Vote");
    for (const place of [/City/u, /Sea/u, /Hills/u])
      await phone.question("Order").getByRole("button", { name: place }).click();
    await phone.votes("Order", "Vote");
    await phone.question("In a word").getByLabel("Word 1").fill("Curious");
    await phone.votes("In a word", "Send");
    await phone.question("Why?").getByLabel("Your answer").fill("Because <b>I</b> can");
    await phone.votes("Why?", "Send");
    await phone.question("How many beans?").getByLabel("Your number").fill("2000");
    await phone.taps("How many beans?", "Send");
    await phone.question("How many beans?").getByRole("alert").getByText("Between 0 and 1,000.").waitFor();
    await phone.question("How many beans?").getByLabel("Your number").fill("421");
    await phone.votes("How many beans?", "Send");
    await phone.isAccessible("all kinds of questions");
    await phone.page.reload();
    await phone.question("Order").getByText("Your vote: 1. City, 2. Sea, 3. Hills. It counts.").waitFor();
    for (const [text] of kinds) await host.presses(text, "Show results");
    await phone.question("In a word").locator(".cloud").getByText("curious").waitFor();
    await phone.question("Why?").locator(".texts").getByText("Because <b>I</b> can").waitFor();
    await phone.question("Order").getByText("City › Sea › Hills").waitFor();
    await phone.question("Lunch?").getByText("As a table").click();
    await phone.question("Lunch?").getByRole("row", { name: "Abstain 1 100%" }).waitFor();
    await phone.question("Lunch?").getByRole("button", { name: "Take the vote back" }).click();
    await phone.question("Lunch?").getByText("Your vote has been taken back.").waitFor();
    await phone.isAccessible("results of all kinds");
    await phone.picture("conference-phone-kinds");
    await phone.leave();
    await host.leave();
  });

  test("keeps a vote that is cast without a network, and sends it when it is back", async () => {
    const { host, code } = await running("A cellar");
    await host.adds("Still there?", { kind: "yesNo" });
    await host.page.getByRole("button", { name: "Start", exact: true }).click();
    const line = await Line.to(server.port);
    lines.push(line);
    const phone = await Phone.arrive(browser, `${line.address}join/${code}`, "Phone");
    await host.presses("Still there?", "Push live");
    await phone.question("Still there?").waitFor();
    line.cut();
    await phone.page.getByText(/^Offline\./u).waitFor();
    await phone.taps("Still there?", "Yes");
    await phone
      .question("Still there?")
      .getByText(/kept on this device/u)
      .waitFor();
    await phone.isAccessible("a vote without a network");
    await phone.picture("conference-phone-offline");
    line.mend();
    await phone.hasVoted("Still there?");
    await host.agenda("Still there?").locator(".total").filter({ hasText: "1 vote" }).waitFor();
    await phone.leave();
    await host.leave();
  });

  test("takes questions of the audience, which others want answered and a moderator looks after", async () => {
    const { host, code } = await running("Ask me", { moderated: true, identity: "pseudonymous" });
    await host.page.getByRole("button", { name: "Start", exact: true }).click();
    const phones = [];
    for (const name of ["Ada", "Linus"]) {
      const phone = await Phone.arrive(browser, `${address}join/${code}`, name);
      await phone.page.getByLabel("Your name").fill(name);
      await phone.page.getByRole("button", { name: "Join" }).click();
      phones.push(phone);
    }
    const [ada, linus] = phones;
    await ada.page.getByLabel("Your question").fill("When do we ship?");
    await ada.page.getByRole("button", { name: "Ask" }).click();
    await ada.page.getByText("Thank you. Your question is shown when a moderator has read it.").waitFor();
    await host.page.getByRole("button", { name: "Approve: When do we ship?" }).click();
    await linus.page.getByRole("button", { name: /votes? for: When do we ship/u }).click();
    await host.page.locator(".host-board").getByText("1 vote").waitFor();
    await host.page.getByRole("button", { name: "Pin: When do we ship?" }).click();
    host.page.once("dialog", (dialog) => dialog.accept("When it is ready."));
    await host.page.getByRole("button", { name: "Answer: When do we ship?" }).click();
    await ada.page.getByText("When it is ready.").waitFor();
    await ada.isAccessible("questions of the audience");
    await ada.picture("conference-phone-questions");
    await host.isAccessible("moderating");
    await host.picture("conference-host-moderation");
    host.page.once("dialog", (dialog) => dialog.accept());
    await host.page.getByRole("button", { name: "End", exact: true }).click();
    await ada.page.getByText("The session is over. Thank you for being here.").waitFor();
    for (const phone of phones) await phone.leave();
    await host.leave();
  });

  test("merges, labels and answers what its audience asks, and makes a question of the best ideas", async () => {
    const { host, code } = await running("Ideas", { audienceReplies: true });
    await host.page.getByRole("button", { name: "Start", exact: true }).click();
    const phones = [];
    for (const name of ["Ada", "Linus"]) phones.push(await Phone.arrive(browser, `${address}join/${code}`, name));
    const [ada, linus] = phones;
    for (const [phone, text] of [[ada, "Ship in May"], [linus, "May, please"], [ada, "Free lunch"]]) {
      await phone.page.getByLabel("Your question").fill(text);
      await phone.page.getByRole("button", { name: "Ask" }).click();
      await linus.page.getByRole("button", { name: new RegExp(`for: ${text}`, "u") }).waitFor();
    }
    await linus.page.getByRole("button", { name: /for: Ship in May/u }).click();
    await ada.page.getByRole("button", { name: /for: May, please/u }).click();
    await host.page.getByRole("button", { name: "Merge: May, please" }).click();
    const merge = host.page.getByRole("dialog", { name: "Merge: May, please" });
    await merge.getByLabel("It says the same as").selectOption("Ship in May");
    await host.isAccessible("merging");
    await merge.getByRole("button", { name: "Merge" }).click();
    await ada.page.getByText("1 other asked the same").waitFor();
    await ada.page.getByRole("button", { name: "2 votes for: Ship in May" }).waitFor();
    await host.page.getByRole("button", { name: "Labels: Ship in May" }).click();
    await host.page.getByRole("dialog").getByLabel("Labels").fill("release, dates");
    await host.page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await ada.page.locator(".labels").getByText("release").waitFor();
    await linus.page.getByRole("button", { name: "Reply to: Ship in May" }).click();
    await linus.page.getByRole("textbox", { name: "Reply to: Ship in May" }).fill("June is fine too");
    await linus.page.getByRole("button", { name: "Send the reply" }).click();
    await ada.page.locator(".replies").getByText("June is fine too").waitFor();
    await host.page.getByRole("button", { name: "Reply: Ship in May" }).click();
    await host.page.getByRole("dialog").getByLabel("Your reply").fill("We try.");
    await host.page.getByRole("dialog").getByRole("button", { name: "Reply" }).click();
    await ada.page.locator(".replies .of-host").getByText("We try.").waitFor();
    await ada.page.getByLabel("Order").selectOption("Most wanted share");
    await ada.isAccessible("replies and labels");
    await ada.picture("conference-phone-replies");
    await host.picture("conference-host-replies");
    await host.page.getByRole("button", { name: "Remove the reply: June is fine too" }).click();
    await ada.page.getByText("June is fine too").waitFor({ state: "detached" });
    await host.page.getByRole("button", { name: "Make a question of the top ideas" }).click();
    await host.page.getByRole("dialog").getByRole("button", { name: "Add" }).click();
    await host.presses("Which of your ideas first?", "Push live");
    await ada.votes("Which of your ideas first?", "Free lunch");
    for (const phone of phones) await phone.leave();
    await host.leave();
  });

  test("points at a picture, says how it goes, answers a survey, and is kept from a word", async () => {
    const { host, code } = await running("More kinds");
    await host.adds("Where is it?", { kind: "point", fields: { "Address of a picture": "/assets/logo.svg" } });
    await host.adds("How is the pace?", { kind: "feedback", options: ["Too slow", "Just right", "Too fast"] });
    await host.adds("In a word?", { kind: "words", fields: { "Least ballots": 2 } });
    for (const text of ["First of two", "Second of two"])
      await host.adds(text, { kind: "yesNo", fields: { "Survey it belongs to": "After lunch" } });
    await host.isAccessible("a prepared conference of more kinds");
    await host.page.getByRole("button", { name: "Start", exact: true }).click();
    const phone = await Phone.arrive(browser, `${address}join/${code}`, "Phone");
    for (const text of ["How is the pace?", "In a word?", "Where is it?"]) {
      await host.presses(text, "Push live");
      await host.presses(text, "Show results");
    }
    const picture = phone.question("Where is it?").locator(".ballot .picture");
    await picture.click({ position: { x: 40, y: 60 } });
    await phone.isAccessible("pointing at a picture");
    await phone.taps("Where is it?", "Vote");
    await phone.hasVoted("Where is it?");
    await phone.question("Where is it?").locator(".heat-cell").first().waitFor();
    await phone.picture("conference-phone-point");
    // With the keyboard: the slider, then the same button.
    await phone.question("Where is it?").getByLabel("Across").press("End");
    await phone.taps("Where is it?", "Change the vote");
    await phone.question("Where is it?").getByText(/100 % from the left/u).first().waitFor();
    await phone.votes("How is the pace?", "Too fast");
    await phone.question("How is the pace?").getByText("after 60 s an answer weighs half").waitFor();
    const first = await host.agenda("How is the pace?").locator(".total").textContent();
    await phone.taps("How is the pace?", "Too fast");
    await phone.hasVoted("How is the pace?");
    assert.match(first, /1 vote/u);
    await phone.question("In a word?").getByLabel("Word 1").fill("Rude");
    await phone.question("In a word?").getByLabel("Word 2").fill("kind");
    await phone.taps("In a word?", "Send");
    await phone.question("In a word?").locator(".cloud").getByText("rude").waitFor();
    await phone.question("In a word?").getByText("Quorum not reached: 2 votes are needed").waitFor();
    await host.agenda("In a word?").getByText("Hide words").click();
    await host.agenda("In a word?").getByRole("button", { name: "Hide: rude" }).click();
    await phone.question("In a word?").locator(".cloud").getByText("rude").waitFor({ state: "detached" });
    await host.presses("In a word?", "Freeze");
    await phone.question("In a word?").getByText("Paused").waitFor();
    await host.isAccessible("a frozen word cloud");
    await host.picture("conference-host-words");
    await host.page.getByRole("button", { name: "Push all live: After lunch" }).click();
    const survey = phone.page.locator(".survey");
    await survey.getByText("0 of 2 answered").waitFor();
    await phone.votes("First of two", "Yes");
    await survey.getByText("1 of 2 answered").waitFor();
    assert.deepEqual(await survey.locator("h2").allTextContents(), ["After lunch", "First of two", "Second of two"]);
    await phone.isAccessible("a survey");
    await phone.picture("conference-phone-survey");
    const screen = await host.opensScreen();
    await screen.isAccessible("a screen of more kinds");
    await screen.picture("conference-screen-kinds");
    await host.page.getByRole("button", { name: "Close all: After lunch" }).click();
    await survey.getByText("Closed").first().waitFor();
    await phone.leave();
    await host.leave();
  });

  test("is joined with an invitation, once, and shows its agenda", async () => {
    const { host, code } = await running("By invitation", {
      invited: true,
      agenda: "10:00–10:30 | Opening | Ada | Hall 1\nLunch",
    });
    await host.page.getByRole("button", { name: "Invitations" }).click();
    const dialog = host.page.getByRole("dialog", { name: "Invitations" });
    await dialog.getByLabel("How many").fill("2");
    await dialog.getByRole("button", { name: "Make" }).click();
    await dialog.getByText("2 made, 0 used.").waitFor();
    const links = (await dialog.getByLabel("New invitations").inputValue()).split("\n");
    assert.equal(links.length, 2);
    await host.isAccessible("invitations");
    await host.picture("conference-host-invitations");
    const phone = await Phone.arrive(browser, links[0], "Invited");
    await phone.page.getByRole("button", { name: "Join" }).click();
    await phone.page.getByText("It has not begun yet.").waitFor();
    await phone.page.getByText("Agenda").click();
    await phone.page.getByText("10:00 – 10:30 · Ada · Hall 1").waitFor();
    await phone.isAccessible("an agenda");
    await phone.picture("conference-phone-agenda");
    const second = await Phone.arrive(browser, `${address}join/${code}`, "Second");
    await second.page.getByLabel("Your invitation").fill(links[0].split("#")[1]);
    await second.page.getByRole("button", { name: "Join" }).click();
    await second.page.getByText(/somebody has joined with it/u).waitFor();
    for (const person of [phone, second]) await person.leave();
    await host.leave();
  });

  test("opens on a phone with less than 60 KB over the wire", async () => {
    const { host, code } = await running("A slow line");
    await host.page.getByRole("button", { name: "Start", exact: true }).click();
    const phone = await Phone.arrive(browser, "about:blank", "Phone");
    const wire = await phone.context.newCDPSession(phone.page);
    await wire.send("Network.enable");
    let bytes = 0;
    let requests = 0;
    wire.on("Network.loadingFinished", ({ encodedDataLength }) => {
      bytes += encodedDataLength;
      requests += 1;
    });
    wire.on("Network.webSocketFrameReceived", ({ response }) => (bytes += response.payloadData.length));
    await phone.page.goto(`${address}join/${code}`);
    await phone.page.getByText("The next question comes here by itself.").waitFor();
    await phone.page.locator(".line-state[data-kind=good]").waitFor();
    await phone.page.waitForLoadState("networkidle");
    console.log(`the audience's first page: ${bytes} bytes in ${requests} requests`);
    assert.ok(bytes > 10_000 && bytes <= FIRST_PAGE_BYTES, `${bytes} bytes`);
    await phone.leave();
    await host.leave();
  });
});
