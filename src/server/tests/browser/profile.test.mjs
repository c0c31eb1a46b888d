/**
 * The page of the own account in a real Chromium with the real server: what others see, a telephone number by code, the password, the
 * signed-in devices. Pictures for people are left where chat.test.mjs says.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch } from "./browser.mjs";
import { Member, lastCode } from "./community.mjs";
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

describe("the profile", () => {
  test("is changed, and not over what another device has changed", async () => {
    const ada = await Member.arrive(browser, address, "Ada Lovelace", "profile");
    const { page } = ada;
    await page.getByLabel("About you").fill("<b>Mathematics</b>\nand poetry");
    await page.getByLabel("User name").fill("a d a");
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator("#error-username").filter({ hasText: /\w/u }).waitFor();
    await page.getByLabel("User name").fill("ada.l");
    await page.getByLabel("What you are good at").fill("numbers, notes");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved.", { exact: true }).waitFor();
    const me = await ada.ask("GET", "/api/auth/me");
    assert.deepEqual([me.username, me.bio, me.skills], ["ada.l", "<b>Mathematics</b>\nand poetry", ["numbers", "notes"]]);
    await ada.isAccessible("a profile");
    await ada.picture("profile");

    await ada.ask("PUT", "/api/auth/update-profile", { location: "London" });
    await page.getByLabel("Where you are").fill("Paris");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Not saved: the profile has changed since this page was opened.").waitFor();
    await page.getByRole("button", { name: "Show it as it is now" }).click();
    await ada.until("the other device's change is shown", async () => (await page.getByLabel("Where you are").inputValue()) === "London");
    assert.equal((await ada.ask("GET", "/api/auth/me")).location, "London");
    await ada.leave();
  });

  test("gets a picture that is looked at first, by keyboard alone, and takes it away again", async () => {
    const ida = await Member.arrive(browser, address, "Ida Picture", "profile");
    const { page } = ida;
    const panel = page.getByRole("region", { name: "Your picture" });
    const input = panel.getByLabel("Choose a picture");
    await input.setInputFiles({ name: "a.png", mimeType: "image/png", buffer: Buffer.from("no picture at all") });
    await panel.getByRole("alert").filter({ hasText: "cannot be read as a picture" }).waitFor();
    await input.setInputFiles({ name: "a.svg", mimeType: "image/svg+xml", buffer: Buffer.from("<svg/>") });
    await panel.getByRole("alert").filter({ hasText: "no picture that can be taken" }).waitFor();

    const drawn = await page.evaluate(() => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 300, height: 200 });
      const paint = canvas.getContext("2d");
      paint.fillStyle = "rebeccapurple";
      paint.fillRect(0, 0, 300, 200);
      return canvas.toDataURL("image/png").split(",")[1];
    });
    await input.setInputFiles({ name: "me.png", mimeType: "image/png", buffer: Buffer.from(drawn, "base64") });
    await panel.getByRole("img", { name: "Preview: me.png" }).waitFor();
    assert.equal((await ida.ask("GET", "/api/auth/me")).avatar, null, "nothing is sent yet");
    await ida.isAccessible("a profile with a preview");
    await input.focus();
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Use this picture");
    await page.keyboard.press("Enter");
    await panel.getByText("Saved.", { exact: true }).waitFor();
    const shown = panel.getByRole("img", { name: "Your picture" });
    await ida.until("the picture is shown", () => shown.evaluate((image) => image.naturalWidth === 300));
    assert.match((await ida.ask("GET", "/api/auth/me")).avatar, /^\/api\/media\//u);
    await ida.picture("profile-picture");
    await page.reload();
    await shown.waitFor();
    await panel.getByRole("button", { name: "Take the picture away" }).focus();
    await page.keyboard.press("Enter");
    await panel.getByText("The picture is gone.").waitFor();
    assert.equal((await ida.ask("GET", "/api/auth/me")).avatar, null);
    await ida.leave();
  });

  test("gets a telephone number by a code", async () => {
    const bob = await Member.arrive(browser, address, "Bob Phone", "profile");
    const { page } = bob;
    await page.getByRole("button", { name: "Add a telephone number" }).click();
    const asked = page.getByRole("dialog", { name: "Telephone number" });
    await asked.getByLabel("New telephone number").fill("12");
    await asked.getByRole("button", { name: "Send a code" }).click();
    await asked.locator("#error-phone").filter({ hasText: /\w/u }).waitFor();
    await asked.getByLabel("New telephone number").fill("+49 30 1234567");
    await asked.getByRole("button", { name: "Send a code" }).click();
    const entered = page.getByRole("dialog", { name: "The code that has come" });
    await entered.getByLabel("Code").waitFor();
    const code = await lastCode(address, "+49301234567");
    await entered.getByLabel("Code").fill(code === "111111" ? "222222" : "111111");
    await entered.getByRole("button", { name: "Confirm" }).click();
    await entered.locator("#error-code").filter({ hasText: /\w/u }).waitFor();
    await bob.isAccessible("the dialog of a code");
    await entered.getByLabel("Code").fill(`${code.slice(0, 3)} ${code.slice(3)}`);
    await entered.getByRole("button", { name: "Confirm" }).click();
    await page.getByText("+49301234567", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Change the telephone number" }).waitFor();
    await bob.leave();
  });

  test("shows the signed-in devices, ends them, and a new password ends the others at once", async () => {
    const phone = { viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true, colorScheme: "dark" };
    const cleo = await Member.arrive(browser, address, "Cleo Devices", "profile", phone);
    const second = await cleo.onAnotherDevice(browser);
    const third = await cleo.onAnotherDevice(browser);
    const { page } = cleo;
    await page.reload();
    const devices = page.getByRole("region", { name: "Signed-in devices" }).getByRole("listitem");
    await devices.nth(2).waitFor();
    await cleo.isAccessible("a dark profile on a phone");
    await cleo.picture("profile-phone-dark");
    // The latest is the first.
    await devices.filter({ hasNotText: "this one" }).first().getByRole("button").click();
    await third.page.getByText("You have been signed out").first().waitFor();
    await cleo.until("two are left", async () => (await devices.count()) === 2);
    assert.equal(await second.page.getByRole("heading", { name: "Profile" }).count(), 1);

    await page.getByRole("button", { name: "Change the password" }).click();
    const dialog = page.getByRole("dialog", { name: "Change the password" });
    await dialog.getByLabel("Password until now").fill("not this one");
    await dialog.getByLabel("New password").fill("nine purple umbrellas");
    await dialog.getByRole("button", { name: "Change it" }).click();
    await dialog.locator("#error-currentPassword").filter({ hasText: "The current password is wrong." }).waitFor();
    await dialog.getByLabel("Password until now").fill(cleo.password);
    await dialog.getByRole("button", { name: "Change it" }).click();
    await page.getByText("Changed. All other devices are signed out.").waitFor();
    await second.page.getByText("You have been signed out").first().waitFor();
    await cleo.until("one is left", async () => (await devices.count()) === 1);
    cleo.password = "nine purple umbrellas";
    await devices.getByRole("button").click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await cleo.signIn();
    for (const one of [second, third, cleo]) await one.leave();
  });

  test("gets another e-mail address by a code, and says who finds it", async () => {
    const eve = await Member.arrive(browser, address, "Eve Address", "profile");
    const { page } = eve;
    await page.getByRole("button", { name: "Change the e-mail address" }).click();
    const asked = page.getByRole("dialog", { name: "E-mail address" });
    const email = `new-${eve.email}`;
    await asked.getByLabel("New e-mail address").fill(email);
    await asked.getByRole("button", { name: "Send a code" }).click();
    const entered = page.getByRole("dialog", { name: "The code that has come" });
    await entered.getByLabel("Code").fill(await lastCode(address, email));
    await entered.getByRole("button", { name: "Confirm" }).click();
    await page.getByText(email, { exact: true }).waitFor();
    await page.getByLabel("Show me in lists of people").uncheck();
    await page.getByRole("button", { name: "Change who finds me" }).click();
    await page.getByRole("region", { name: "Who finds you" }).getByText("Saved.", { exact: true }).waitFor();
    assert.deepEqual((await eve.ask("GET", "/api/auth/me")).privacy, { listed: false, findable: true });
    await eve.leave();
  });

  test("shows blocked people and lets them go, and is deleted for ever", async () => {
    const dan = await Member.arrive(browser, address, "Dan Gone", "profile");
    const other = await Member.arrive(browser, address, "Mallory", "profile");
    await dan.ask("POST", `/api/users/${await other.id()}/block`);
    const { page } = dan;
    await page.reload();
    await page.getByRole("list", { name: "Blocked people" }).getByText("Mallory").waitFor();
    await dan.isAccessible("a profile with blocked people");
    await page.getByRole("button", { name: "Unblock: Mallory" }).click();
    await page.getByText("You have blocked nobody.").waitFor();
    await page.getByRole("button", { name: "Delete my account" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete the account" });
    await dialog.getByLabel("I know that this cannot be taken back").check();
    await dan.isAccessible("the dialog of a deletion");
    await dialog.getByRole("button", { name: "Delete it for ever" }).click();
    await page.getByText("Your account was deleted.").waitFor();
    await page.getByLabel("E-mail").fill(dan.email);
    await page.getByLabel("Password", { exact: true }).fill(dan.password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("alert").filter({ hasText: /wrong/u }).waitFor();
    for (const one of [dan, other]) await one.leave();
  });
});
