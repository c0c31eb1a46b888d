/** What is offered, and one thing of it. */

import { button, choiceField } from "../hall/parts.js";
import { field } from "../views/auth.js";
import { element } from "../views/dom.js";
import { money } from "./money.js";
import { fact, moment, pagedList, query, searchField, trouble } from "./parts.js";

const ORDERS = { newest: "Newest first", price: "Cheapest first", "-price": "Dearest first", title: "By name" };
const PAGE = 20;

export function productsView(frame) {
  const search = searchField("search", "Search", () => list.reload());
  const category = searchField("category", "Category", () => list.reload());
  const sorted = choiceField("sort", "Order", ORDERS, "newest", () => list.reload());
  const read = (cursor) => {
    const sort = sorted.querySelector("select").value;
    const wanted = { q: search.input.value.trim(), category: category.input.value.trim(), sort, limit: PAGE, cursor };
    return frame.ask("GET", `/api/marketplace/products?${query(wanted)}`);
  };
  const list = pagedList({ label: "Products", none: "Nothing like this is offered.", read, row });
  list.reload();
  const filters = element("div", { class: "filters", role: "search" }, search.view, category.view, sorted);
  return { view: element("div", { class: "listing" }, element("h1", {}, "Market"), filters, list.view) };
}

function row({ id, title, category, price, currency }) {
  return element(
    "li",
    { class: "card" },
    element(
      "span",
      { class: "thing-name" },
      element("a", { class: "card-title", href: `#/p/${id}`, dir: "auto" }, title),
      category && element("span", { class: "hint block", dir: "auto" }, category),
    ),
    element("strong", { class: "card-side" }, money(price, currency)),
  );
}

export function productView(frame, id) {
  const { view: problem, run } = trouble();
  const said = element("p", { class: "notice", role: "status", hidden: true });
  const place = element("div", { class: "listing" }, element("p", { class: "hint" }, "Loading…"));
  const load = async () => {
    const product = await frame.ask("GET", `/api/marketplace/products/${id}`);
    frame.title(product.title);
    place.replaceChildren(...about(product), buying(product));
  };
  const about = ({ title, description, category, price, currency, available, updatedAt }) =>
    [
      element("h1", { dir: "auto" }, title),
      element("p", { class: "price" }, money(price, currency)),
      description && element("p", { class: "text", dir: "auto" }, description),
      element(
        "dl",
        { class: "facts" },
        category && fact("Category", category),
        fact("Can be ordered now", available > 0 ? available.toLocaleString() : "Sold out"),
        fact("Offered since", moment(updatedAt, { dateStyle: "long" })),
      ),
    ].filter(Boolean);
  const buying = ({ available, sellerId, status }) => {
    if (sellerId === frame.api.session.user?.id) return element("p", {}, "You sell this yourself. ", element("a", { href: "#/sell" }, "To what you sell"));
    if (status !== "ACTIVE") return element("p", {}, "This is no longer offered.");
    const pieces = field("quantity", { label: "Pieces", type: "number", min: 1, max: Math.max(available, 1), value: 1 });
    const put = button("Put into the cart", () => (frame.isSignedIn ? run(add) : frame.signIn()), "primary");
    const add = async () => {
      const input = pieces.querySelector("input");
      if (!input.checkValidity()) throw new Error(`Between 1 and ${input.max}, please.`);
      await frame.ask("POST", "/api/marketplace/cart", { productId: id, quantity: Number(input.value) });
      said.replaceChildren("It is in your cart. ", element("a", { href: "#/cart" }, "To the cart"));
      said.hidden = false;
    };
    put.disabled = available < 1;
    return element("div", { class: "tools buying" }, pieces, put);
  };
  run(load);
  const view = element("div", { class: "listing" }, problem, said, place);
  return { view, title: "Product" };
}
