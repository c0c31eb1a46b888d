/** Pictures of questions and answers: uploaded by a host, seen by the audience and the hall, described for who cannot see them. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch } from "./browser.mjs";
import { Host, Phone } from "./hall.mjs";
import { Server } from "./server.mjs";

const WHERE = "Where shall we land?";

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

/** A picture that was drawn in a browser, in one colour. */
async function drawn(page, colour) {
  const digits = await page.evaluate((fill) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
    const brush = canvas.getContext("2d");
    brush.fillStyle = fill;
    brush.fillRect(0, 0, 320, 180);
    return canvas.toDataURL("image/png").split(",")[1];
  }, colour);
  return { name: "a picture.png", mimeType: "image/png", buffer: Buffer.from(digits, "base64") };
}

async function isLoaded(person, image) {
  await image.waitFor();
  await person.until("the picture is there", () => image.evaluate(({ complete, naturalWidth }) => complete && naturalWidth > 0));
}

describe("pictures of questions", () => {
  test("are uploaded with words for them, and shown on phones and the screen", async () => {
    const host = await Host.arrive(browser, address, "Grace Hopper");
    const code = await host.creates("Pictures");
    const { page } = host;
    await page.getByRole("button", { name: "Add a question" }).click();
    const dialog = page.getByRole("dialog", { name: "New question" });
    await dialog.getByLabel("Question", { exact: true }).fill(WHERE);
    await dialog.getByLabel("Answers", { exact: true }).fill("North\nSouth");
    await dialog.getByLabel("Upload a picture", { exact: true }).setInputFiles({
      name: "a.png",
      mimeType: "image/png",
      buffer: Buffer.from("no picture at all"),
    });
    await dialog.getByRole("alert").filter({ hasText: /\w/u }).first().waitFor();
    await dialog.getByLabel("Upload a picture", { exact: true }).setInputFiles(await drawn(page, "#27696d"));
    await dialog.getByLabel("What the picture shows", { exact: true }).fill("A map of the coast");
    await dialog.getByText("Pictures of the answers").click();
    await dialog.getByLabel("Upload a picture: North").setInputFiles(await drawn(page, "#8a5a00"));
    await dialog.getByLabel("What the picture shows: North").fill("A cliff");
    // Who corrects a word, or puts another answer before it, keeps the picture.
    await dialog.getByLabel("Answers", { exact: true }).fill("Northern bay\nSouth");
    await dialog.getByLabel("Answers", { exact: true }).fill("East\nNorthern bay\nSouth");
    await host.isAccessible("a question with pictures");
    await host.picture("conference-host-pictures");
    await dialog.getByRole("button", { name: "Add" }).click();
    await host.agenda(WHERE).waitFor();
    await page.getByRole("button", { name: "Start", exact: true }).click();
    const screen = await host.opensScreen();
    const phone = await Phone.arrive(browser, `${address}join/${code}`, "Phone");
    await host.presses(WHERE, "Push live");
    const card = phone.question(WHERE);
    await isLoaded(phone, card.getByRole("img", { name: "A map of the coast" }));
    await isLoaded(phone, card.getByRole("button", { name: "A cliff Northern bay" }).getByRole("img"));
    await phone.isAccessible("a question with pictures");
    await phone.picture("conference-phone-pictures");
    await isLoaded(screen, screen.page.getByRole("img", { name: "A map of the coast" }));
    await isLoaded(screen, screen.page.getByRole("listitem").filter({ hasText: "Northern bay" }).getByRole("img"));
    await screen.isAccessible("pictures on the screen");
    await screen.picture("conference-screen-pictures");
    await card.getByRole("button", { name: "A cliff Northern bay" }).click();
    await phone.hasVoted(WHERE);
    await phone.leave();
    await host.leave();
  });
});
