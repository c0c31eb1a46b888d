/** Webhooks, as a host looks after them. */
import { after, before, describe, test } from "node:test";
import { launch } from "./browser.mjs";
import { Host } from "./hall.mjs";
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

describe("webhooks", () => {
  test("are looked after by the host, who sees the secret once", async () => {
    const host = await Host.arrive(browser, address, "Ada Lovelace");
    await host.creates("Told");
    const { page } = host;
    await page.getByRole("button", { name: "Webhooks" }).click();
    const dialog = page.getByRole("dialog", { name: "Webhooks" });
    await dialog.getByText("No address is told anything yet.").waitFor();
    await dialog.getByLabel("Address").fill("https://127.0.0.1/hook");
    await dialog.getByRole("button", { name: "Add" }).click();
    await dialog.getByText("public internet").waitFor();
    await dialog.getByLabel("Address").fill("https://example.org/hook");
    await dialog.getByRole("button", { name: "Add" }).click();
    await dialog.locator(".secret").getByText(/^whsec_/u).waitFor();
    await dialog.getByRole("listitem").filter({ hasText: "https://example.org/hook" }).getByText("0 told").waitFor();
    await host.isAccessible("webhooks");
    await host.picture("conference-host-webhooks");
    await dialog.getByRole("button", { name: "Remove: https://example.org/hook" }).click();
    await dialog.getByText("No address is told anything yet.").waitFor();
    await host.leave();
  });
});
