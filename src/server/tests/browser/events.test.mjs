/**
 * The page of events in a real Chromium with the real server: an organiser makes one, people take seats and wait in line, move up under
 * their eyes. Pictures for people are left where chat.test.mjs says.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, Person } from "./browser.mjs";
import { Member } from "./community.mjs";
import { Server } from "./server.mjs";

const PHONE = { viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true, colorScheme: "dark" };
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

async function makes(organiser, title, seats) {
  const { page } = organiser;
  await page.getByRole("button", { name: "New event" }).click();
  const dialog = page.getByRole("dialog", { name: "New event" });
  await dialog.getByLabel("Title").fill(title);
  await dialog.getByLabel("What it is about").fill("Bring <i>paper</i>.\nAnd pens.");
  await dialog.getByLabel("Where").fill("Hall 2");
  await dialog.getByLabel("Seats").fill(String(seats));
  return dialog;
}

describe("events", () => {
  test("are made by an organiser; people take seats, wait, and move up under their eyes", async () => {
    const ada = await Member.arrive(browser, address, "Ada Organiser", "events");
    const dialog = await makes(ada, "Evening of maps", 1);
    await dialog.getByLabel("Ends").fill("2020-01-01T10:00");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.locator("#error-endDate").filter({ hasText: /\w/u }).waitFor();
    await ada.isAccessible("the form of an event");
    const begins = await dialog.getByLabel("Begins").inputValue();
    await dialog.getByLabel("Ends").fill(begins.replace(/..:..$/u, "23:59"));
    await dialog.getByRole("button", { name: "Save" }).click();
    await ada.page.getByRole("heading", { name: "Evening of maps" }).waitFor();
    await ada.page.getByText("Bring <i>paper</i>.").waitFor();
    await ada.page.getByRole("button", { name: "Take a seat" }).click();
    await ada.page.getByText("You have a seat.").waitFor();
    await ada.page.getByText("1 of 1 seat taken").waitFor();

    const ben = await Member.arrive(browser, address, "Ben Waiting", "events", PHONE);
    await ben.page.getByRole("link", { name: "Evening of maps" }).click();
    await ben.page.getByRole("button", { name: "Wait for a seat" }).click();
    await ben.page.getByText("All seats are taken: you are number 1 in the waiting list.").waitFor();
    await ben.page.getByRole("list", { name: "People" }).getByText("Ben Waiting").waitFor();
    assert.equal(await ben.page.getByRole("button", { name: "Edit" }).count(), 0, "only organisers change it");
    await ben.isAccessible("an event on a dark phone");
    await ben.picture("event-phone-dark");

    const [download] = await Promise.all([ben.page.waitForEvent("download"), ben.page.getByRole("link", { name: "Calendar file" }).click()]);
    assert.match(download.suggestedFilename(), /^event-.*\.ics$/u);

    // Both look at it while the seat gets free.
    await ada.page.getByRole("button", { name: "Give the seat back" }).click();
    await ben.page.getByText("You have a seat now.").waitFor();
    await ben.page.getByRole("button", { name: "Give the seat back" }).waitFor();

    await ada.page.reload();
    await ada.page.getByRole("button", { name: "Edit" }).click();
    const edit = ada.page.getByRole("dialog", { name: "Edit the event" });
    await edit.getByLabel("Title").fill("Night of maps");
    await edit.getByRole("button", { name: "Save" }).click();
    await ada.page.getByRole("heading", { name: "Night of maps" }).waitFor();
    ada.page.once("dialog", (asked) => asked.accept());
    await ada.page.getByRole("button", { name: "Call it off" }).click();
    await ada.page.getByRole("button", { name: "Hold it after all" }).waitFor();
    await ada.page.getByRole("link", { name: "All events" }).click();
    await ada.page.getByLabel("Show").selectOption("Called off");
    await ada.page.getByRole("link", { name: "Night of maps" }).waitFor();
    await ada.isAccessible("the list of events");
    await ada.hasLandmarks("the list of events");
    for (const one of [ada, ben]) await one.leave();
  });

  test("are found by a part of their words, page by page, also by people without an account", async () => {
    const ora = await Member.arrive(browser, address, "Ora Many", "events");
    for (let number = 1; number <= 25; number += 1) {
      const date = new Date(Date.now() + number * 3_600_000).toISOString();
      await ora.ask("POST", "/api/events", { title: `Talk ${number}`, date, location: number === 7 ? "The greenhouse" : "Hall" });
    }
    const guest = await Person.arrive(browser, `${address}events`, "Guest");
    const list = guest.page.getByRole("list", { name: "Events" });
    await list.getByRole("link", { name: "Talk 1", exact: true }).waitFor();
    await guest.page.getByRole("button", { name: "Show more" }).click();
    await list.getByRole("link", { name: "Talk 25" }).waitFor();
    await guest.isAccessible("events for people without an account");
    await guest.picture("events");
    await guest.page.getByLabel("Search").fill("greenHOUSE");
    await guest.until("one is left", async () => (await list.getByRole("listitem").count()) === 1);
    await list.getByRole("link", { name: "Talk 7" }).click();
    await guest.page.getByText("Sign in to see who comes.").waitFor();
    await guest.page.getByRole("button", { name: "Take a seat" }).click();
    await guest.page.getByRole("heading", { name: "Sign in" }).waitFor();
    Object.assign(guest, { email: ora.email, password: ora.password, isConnected: async () => {} });
    await guest.signIn();
    await guest.page.getByRole("heading", { name: "Talk 7" }).waitFor();
    await guest.page.getByRole("button", { name: "Take a seat" }).click();
    await guest.page.getByText("You have a seat.").waitFor();
    for (const one of [ora, guest]) await one.leave();
  });
});
