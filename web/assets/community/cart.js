/** The cart, and ordering what is in it. */

import { button } from "../hall/parts.js";
import { newRef } from "../refs.js";
import { element } from "../views/dom.js";
import { money } from "./money.js";
import { rowButton, trouble } from "./parts.js";

export function cartView(frame) {
  const { view: problem, run } = trouble();
  const place = element("div", { class: "listing" }, element("p", { class: "hint" }, "Loading…"));
  /** Seller → key: pressing twice, or again after a lost answer, makes one order. A changed cart is another order. */
  const keys = new Map();
  const show = (cart) => {
    if (!cart.items.length) {
      place.replaceChildren(element("p", { class: "hint", role: "status" }, "There is nothing in the cart."));
      return;
    }
    const sellers = [...new Set(cart.items.map(({ product }) => product.sellerId))];
    const isOne = sellers.length === 1;
    const note = !isOne && element("p", { class: "notice" }, "An order is with one seller: this becomes several.");
    place.replaceChildren(...[note, ...sellers.map((seller) => bundle(cart, seller)), foot()].filter(Boolean));
  };
  const bundle = (cart, seller) => {
    const items = cart.items.filter(({ product }) => product.sellerId === seller);
    const sums = new Map();
    for (const { product, total } of items) sums.set(product.currency, (sums.get(product.currency) ?? 0) + total);
    const total = [...sums].map(([currency, sum]) => money(sum, currency)).join(" + ");
    const names = items.map(({ product }) => product.title).join(", ");
    const order = button(`Order for ${total}`, () => checkOut(seller, order), "primary");
    order.setAttribute("aria-label", `Order for ${total}: ${names}`);
    return element("section", { class: "panel", "aria-label": `Order of ${names}` }, element("ul", { class: "things" }, ...items.map(line)), element("div", {}, order));
  };
  const line = ({ product, quantity, total }) => {
    const id = `pieces-${product.id}`;
    const input = element("input", { id, type: "number", min: 1, value: quantity, class: "pieces", onchange: () => run(change) });
    const change = async () => {
      const pieces = Number(input.value);
      try {
        await changed("POST", "", { productId: product.id, quantity: pieces });
      } catch (error) {
        input.value = quantity;
        throw error;
      }
    };
    const drop = () => run(() => changed("DELETE", `/${product.id}`));
    return element(
      "li",
      {},
      element("span", { class: "thing-name" }, element("a", { href: `#/p/${product.id}`, dir: "auto" }, product.title), element("span", { class: "hint block" }, money(product.price, product.currency), " each")),
      element("label", { for: id, class: "sr" }, `Pieces of ${product.title}`),
      input,
      element("strong", {}, money(total, product.currency)),
      rowButton("Take out", product.title, drop),
    );
  };
  const checkOut = async (seller, press) => {
    if (!keys.has(seller)) keys.set(seller, newRef());
    press.disabled = true;
    await run(async () => {
      try {
        const order = await frame.ask("POST", "/api/marketplace/orders", { sellerId: seller }, { key: keys.get(seller) });
        frame.go(`#/o/${order.id}`);
      } catch (error) {
        // A refusal is the end of this order; without an answer, the next press asks for the same one.
        if (error.status < 500 && error.code !== "busy") keys.delete(seller);
        throw error;
      }
    });
    press.disabled = false;
  };
  const changed = async (method, path, body) => {
    const cart = await frame.ask(method, `/api/marketplace/cart${path}`, body);
    keys.clear();
    show(cart);
  };
  const foot = () => element("div", {}, button("Empty the cart", () => run(() => changed("DELETE", "")), "danger"));
  const load = async () => show(await frame.ask("GET", "/api/marketplace/cart"));
  run(load);
  const live = frame.on("live", () => run(load));
  return { view: element("div", { class: "listing" }, element("h1", {}, "Cart"), problem, place), title: "Cart", stop: live };
}
