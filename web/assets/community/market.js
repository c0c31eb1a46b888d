/** The market: what is offered, the cart, the orders, and what one sells. */

import { element } from "../views/dom.js";
import { cartView } from "./cart.js";
import { Frame } from "./frame.js";
import { orderView, ordersView } from "./orders.js";
import { productView, productsView } from "./products.js";
import { sellView } from "./sell.js";

const PARTS = { "#/": "Products", "#/cart": "Cart", "#/orders": "My orders", "#/sell": "Sell" };
const ID = "([0-9a-f-]{36})";

/** A view below the ways through the market; those that are for people with an account say so to others. */
function part(current, make, isOpen = false) {
  return (frame, ...rest) => {
    const links = Object.entries(PARTS).map(([address, text]) =>
      element("a", { href: address, "aria-current": address === current ? "page" : undefined }, text),
    );
    const nav = element("nav", { class: "places parts", "aria-label": "Market" }, ...links);
    const made = isOpen || frame.isSignedIn ? make(frame, ...rest) : strangerView(frame);
    return { ...made, view: element("div", { class: "listing" }, nav, made.view) };
  };
}

function strangerView(frame) {
  const go = element("button", { type: "button", class: "primary", onclick: () => frame.signIn() }, "Sign in");
  return { view: element("div", { class: "listing" }, element("p", {}, "This is for people with an account."), element("div", {}, go)) };
}

new Frame({
  path: "/market",
  title: "Market",
  isOpen: true,
  views: [
    [/^(?:#\/?)?$/u, part("#/", productsView, true)],
    [new RegExp(`^#/p/${ID}$`, "u"), part("", productView, true)],
    [/^#\/cart$/u, part("#/cart", cartView)],
    [/^#\/orders$/u, part("#/orders", ordersView)],
    [new RegExp(`^#/o/${ID}$`, "u"), part("", orderView)],
    [/^#\/sell$/u, part("#/sell", sellView)],
  ],
});
