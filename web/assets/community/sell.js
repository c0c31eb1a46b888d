/** What somebody sells: products, how much of them is there, and the orders; for others the way to become a seller. */

import { button, formDialog, optionalField } from "../hall/parts.js";
import { newRef } from "../refs.js";
import { field } from "../views/auth.js";
import { element } from "../views/dom.js";
import { amountText, minorOf, money } from "./money.js";
import { orderList } from "./orders.js";
import { filled, pagedList, pageForm, panel, query, rowButton, trouble } from "./parts.js";

const PAGE = 20;

export function sellView(frame) {
  const place = element("div", { class: "listing" }, element("p", { class: "hint" }, "Loading…"));
  let stops = [];
  const draw = () => {
    if (!frame.me) return;
    const isSeller = ["seller", "admin"].includes(frame.me.role);
    stops.forEach((stop) => stop());
    const orders = isSeller ? orderList(frame, "sold") : undefined;
    stops = orders ? [orders.stop] : [];
    place.replaceChildren(...(isSeller ? [productsPanel(frame), panel("sold", "Orders", orders.view)] : [applicationPanel(frame)]));
  };
  const off = frame.on("me", draw);
  draw();
  const stop = () => [off, ...stops].forEach((one) => one());
  return { view: element("div", { class: "listing" }, element("h1", {}, "Sell"), place), title: "Sell", stop };
}

function applicationPanel(frame) {
  const fields = [
    field("shop", { label: "Name of your shop", type: "text", maxlength: 80, autocomplete: "off", dir: "auto" }),
    optionalField("text", { label: "What you want to sell", tag: "textarea", rows: 4, maxlength: 2000, dir: "auto" }),
  ];
  const save = async (form) => {
    await frame.ask("POST", "/api/marketplace/seller-applications", Object.fromEntries(new FormData(form)));
    return "Sent. When an admin has agreed, your products are made here: open this page again then.";
  };
  return panel("apply", "Ask to sell", pageForm({ fields, action: "Send", save }));
}

function productsPanel(frame) {
  const { view: problem, run } = trouble();
  const read = (cursor) => frame.ask("GET", `/api/marketplace/products?${query({ seller: frame.me.id, limit: PAGE, cursor })}`);
  const changed = () => list.reload();
  const setStatus = (product, status) =>
    run(async () => list.replace(await frame.ask("PUT", `/api/marketplace/products/${product.id}`, { status }, { match: product.version })));
  const row = (product) => {
    const isActive = product.status === "ACTIVE";
    return element(
      "li",
      { class: "card" },
      element(
        "span",
        { class: "thing-name" },
        element("a", { class: "card-title", href: `#/p/${product.id}`, dir: "auto" }, product.title),
        element("span", { class: "hint block" }, [money(product.price, product.currency), product.category, !isActive && "withdrawn"].filter(Boolean).join(" · ")),
      ),
      element(
        "span",
        { class: "actions" },
        rowButton("Stock", product.title, () => run(() => stockDialog(frame, product))),
        rowButton("Edit", product.title, () => productDialog(frame, product, changed)),
        rowButton(isActive ? "Withdraw" : "Offer again", product.title, () => setStatus(product, isActive ? "INACTIVE" : "ACTIVE")),
      ),
    );
  };
  const list = pagedList({ label: "Products", none: "You offer nothing yet.", read, row });
  list.reload();
  return panel("offered", "Products", element("div", {}, button("New product", () => productDialog(frame, undefined, changed), "primary")), problem, list.view);
}

/** A mistake that the page itself has seen, at its field. */
function mistake(name, text) {
  return Object.assign(new Error(text), { fields: { [name]: text } });
}

function productDialog(frame, product, done) {
  const key = newRef();
  const fields = [
    filled(field("title", { label: "Title", type: "text", maxlength: 120, autocomplete: "off", dir: "auto" }), product?.title),
    filled(optionalField("description", { label: "Description", tag: "textarea", rows: 4, maxlength: 5000, dir: "auto" }), product?.description),
    filled(optionalField("category", { label: "Category", type: "text", maxlength: 40, autocomplete: "off", dir: "auto" }), product?.category),
    filled(field("price", { label: "Price of one", type: "text", inputmode: "decimal", maxlength: 16, autocomplete: "off" }), product && amountText(product.price, product.currency)),
    filled(field("currency", { label: "Currency", type: "text", maxlength: 3, autocomplete: "off", hint: "Such as EUR" }), product?.currency ?? "EUR"),
    !product && filled(field("quantity", { label: "Pieces that are there", type: "number", min: 0, max: 1_000_000_000 }), 1),
  ].filter(Boolean);
  const save = async (form) => {
    const { price, quantity, ...body } = Object.fromEntries(new FormData(form));
    body.currency = body.currency.trim().toUpperCase();
    if (!/^[A-Z]{3}$/u.test(body.currency)) throw mistake("currency", "Three letters, such as EUR.");
    body.price = minorOf(price, body.currency);
    if (body.price === undefined) throw mistake("price", `A sum such as ${amountText(1250, body.currency)}, please.`);
    if (product) await frame.ask("PUT", `/api/marketplace/products/${product.id}`, body, { match: product.version });
    else await frame.ask("POST", "/api/marketplace/products", { ...body, quantity: Number(quantity) }, { key });
    done();
  };
  formDialog({ title: product ? "Edit the product" : "New product", fields, action: "Save", save });
}

/** How much is there: those that are held for orders count among them. */
async function stockDialog(frame, { id, title }) {
  const path = `/api/marketplace/inventory/${id}`;
  const { quantity, reserved, available, version } = await frame.ask("GET", path);
  const fields = [
    element("p", { dir: "auto" }, `${title}: ${available.toLocaleString()} can be ordered, ${reserved.toLocaleString()} are held for orders that are not paid.`),
    filled(field("quantity", { label: "Pieces that are there", type: "number", min: 0, max: 1_000_000_000 }), quantity),
  ];
  const save = (form) => frame.ask("PUT", path, { quantity: Number(form.elements.quantity.value) }, { match: version });
  formDialog({ title: "Stock", fields, action: "Save", save });
}
