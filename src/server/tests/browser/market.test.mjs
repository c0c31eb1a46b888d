/**
 * The market in a real Chromium with the real server: somebody asks to sell, an admin agrees, a product is offered, ordered, paid and sent,
 * and both sides see each step when it happens. Pictures for people are left where chat.test.mjs says.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch } from "./browser.mjs";
import { appoint, Member } from "./community.mjs";
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

async function seller(name) {
  const one = await Member.arrive(browser, address, name, "market#/sell");
  await one.page.getByRole("heading", { name: "Ask to sell" }).waitFor();
  await appoint(server, one, "seller");
  await one.page.reload();
  await one.page.getByRole("button", { name: "New product" }).waitFor();
  return one;
}

async function offers(one, title, price, pieces) {
  await one.page.getByRole("button", { name: "New product" }).click();
  const dialog = one.page.getByRole("dialog", { name: "New product" });
  await dialog.getByLabel("Title").fill(title);
  await dialog.getByLabel("Category").fill("Paper");
  await dialog.getByLabel("Price of one").fill(price);
  await dialog.getByLabel("Pieces that are there").fill(String(pieces));
  await dialog.getByRole("button", { name: "Save" }).click();
  return dialog;
}

describe("the market", () => {
  test("leads from an offer to a delivered order, each step seen by both sides when it happens", async () => {
    const sam = await seller("Sam Seller");
    const dialog = await offers(sam, "Blue notebook", "12,505", 3);
    await dialog.getByText("A sum such as 12.50, please.").waitFor();
    await dialog.getByLabel("Price of one").fill("12,50");
    await dialog.getByRole("button", { name: "Save" }).click();
    const offered = sam.page.getByRole("region", { name: "Products" });
    await offered.getByRole("link", { name: "Blue notebook" }).waitFor();

    const bea = await Member.arrive(browser, address, "Bea Buyer", "market", PHONE);
    const { page } = bea;
    await page.getByLabel("Search").fill("NOTE");
    await page.getByRole("link", { name: "Blue notebook" }).click();
    await page.getByText("€12.50", { exact: true }).waitFor();
    await bea.picture("product-phone-dark");
    await page.getByLabel("Pieces").fill("2");
    await page.getByRole("button", { name: "Put into the cart" }).click();
    await page.getByRole("link", { name: "To the cart" }).click();
    await page.getByRole("button", { name: "Order for €25.00: Blue notebook" }).waitFor();
    await page.getByLabel("Pieces of Blue notebook").fill("4");
    await page.getByLabel("Pieces of Blue notebook").press("Tab");
    await page.getByRole("button", { name: "Order for €50.00: Blue notebook" }).click();
    await page.getByText("Only 3 of Blue notebook are left.").waitFor();
    await bea.isAccessible("a cart");
    await bea.picture("cart-phone-dark");
    await page.getByLabel("Pieces of Blue notebook").fill("3");
    await page.getByLabel("Pieces of Blue notebook").press("Tab");
    await page.getByRole("button", { name: "Order for €37.50: Blue notebook" }).click();
    await page.getByRole("status").getByText("Waits for payment").waitFor();
    await bea.isAccessible("an order");
    await bea.picture("order-phone-dark");
    assert.deepEqual((await bea.ask("GET", "/api/marketplace/cart")).items, []);

    // The seller's page was open all the time.
    const sold = sam.page.getByRole("region", { name: "Orders" });
    await sold.getByText("Waits for payment").waitFor();
    await offered.getByRole("button", { name: "Stock: Blue notebook" }).click();
    const stock = sam.page.getByRole("dialog", { name: "Stock" });
    await stock.getByText("0 can be ordered, 3 are held").waitFor();
    await stock.getByLabel("Pieces that are there").fill("2");
    await stock.getByRole("button", { name: "Save" }).click();
    await stock.locator(".problem, .error").filter({ hasText: /\w/u }).first().waitFor();
    await sam.isAccessible("the dialog of the stock");
    await stock.getByLabel("Pieces that are there").fill("10");
    await stock.getByRole("button", { name: "Save" }).click();
    await stock.waitFor({ state: "detached" });
    for (const [press, state] of [["It is paid", "Paid"], ["It is on its way", "On its way"], ["It was delivered", "Delivered"]]) {
      await sold.getByRole("button", { name: press }).click();
      await sold.getByText(state, { exact: true }).waitFor();
      await page.getByRole("status").getByText(state, { exact: true }).waitFor();
    }
    await sam.isAccessible("the page of a seller");
    await sam.hasLandmarks("the page of a seller");
    await sam.picture("sell");
    assert.equal((await sam.ask("GET", `/api/marketplace/inventory/${(await sam.ask("GET", "/api/marketplace/products")).items[0].id}`)).quantity, 7);

    await page.getByRole("link", { name: "My orders" }).click();
    await page.getByRole("list", { name: "Orders" }).getByText("Delivered").waitFor();
    for (const one of [sam, bea]) await one.leave();
  });

  test("makes one order of a button that is pressed twice, and lets the buyer cancel it", async () => {
    const sue = await seller("Sue Seller");
    await offers(sue, "Red pencil", "1", 50);
    await sue.page.getByRole("link", { name: "Red pencil" }).waitFor();
    const bob = await Member.arrive(browser, address, "Bob Buyer", "market");
    const { page } = bob;
    const { items } = await bob.ask("GET", "/api/marketplace/products?q=pencil");
    await bob.ask("POST", "/api/marketplace/cart", { productId: items[0].id, quantity: 5 });
    await page.getByRole("link", { name: "Cart" }).click();
    // The answer to the first press is lost on the way: the order is made, and nobody here knows.
    let isLost = false;
    await page.route("**/api/marketplace/orders", async (route) => {
      if (route.request().method() !== "POST" || isLost) return route.continue();
      isLost = true;
      await route.fetch();
      await route.abort();
    });
    await page.getByRole("button", { name: "Order for €5.00: Red pencil" }).click();
    await page.getByText("The server cannot be reached.").waitFor();
    await page.getByRole("button", { name: "Order for €5.00: Red pencil" }).click();
    await page.getByRole("status").getByText("Waits for payment").waitFor();
    assert.equal((await bob.ask("GET", "/api/marketplace/orders")).items.length, 1);
    page.once("dialog", (asked) => asked.accept());
    await page.getByRole("button", { name: "Cancel the order" }).click();
    await page.getByRole("status").getByText("Cancelled").waitFor();
    await sue.page.getByRole("region", { name: "Orders" }).getByText("Cancelled", { exact: true }).waitFor();
    for (const one of [sue, bob]) await one.leave();
  });
});
