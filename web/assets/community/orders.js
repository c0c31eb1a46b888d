/** Orders: how they stand, live, and what may be done about them. */

import { button } from "../hall/parts.js";
import { element } from "../views/dom.js";
import { money } from "./money.js";
import { fact, moment, pagedList, query, rowButton, trouble } from "./parts.js";

export const STATES = {
  reserving: "Being made",
  created: "Waits for payment",
  paid: "Paid",
  shipped: "On its way",
  delivered: "Delivered",
  cancelled: "Cancelled",
  refunded: "Refunded",
  expired: "Not paid in time",
};
const REASONS = { soldOut: "Something was sold out.", notPaid: "It was not paid in time.", unfinished: "It could not be finished: order again." };
const KINDS = { created: "busy", paid: "good", shipped: "good", delivered: "good" };
/** What the one who sells may say next: state → [state, words]. */
const STEPS = {
  created: [["paid", "It is paid"], ["cancelled", "Cancel"]],
  paid: [["shipped", "It is on its way"], ["refunded", "It is refunded"]],
  shipped: [["delivered", "It was delivered"], ["refunded", "It is refunded"]],
  delivered: [["refunded", "It is refunded"]],
};
const PAGE = 20;

export function stateChip(state) {
  return element("strong", { class: `chip is-${KINDS[state] ?? "soft"}` }, STATES[state] ?? state);
}

/** The number of an order that people tell each other. */
const short = (id) => id.slice(-8).toUpperCase();

/** What was ordered, in one line. */
const contents = ({ items }) => items.map(({ title, quantity }) => (quantity > 1 ? `${quantity} × ${title}` : title)).join(", ");

/**
 * Orders of one side, changing while they are looked at.
 * @param {"bought" | "sold"} side
 */
export function orderList(frame, side) {
  const spoken = element("p", { class: "sr", role: "status" });
  const { view: problem, run } = trouble();
  const read = (cursor) => frame.ask("GET", `/api/marketplace/orders?${query({ side, limit: PAGE, cursor })}`);
  const one = (id) => frame.ask("GET", `/api/marketplace/orders/${id}`);
  const advance = (order, status) =>
    run(async () => {
      if (status !== "paid" && status !== "shipped" && status !== "delivered" && !confirm(`${STATES[status]}: order ${short(order.id)}?`)) return;
      list.replace(await frame.ask("PUT", `/api/marketplace/orders/${order.id}/status`, { status }, { match: order.version }));
    });
  const row = (order) =>
    element(
      "li",
      { class: "card" },
      element(
        "span",
        { class: "thing-name" },
        element("a", { class: "card-title", href: `#/o/${order.id}`, dir: "auto" }, contents(order)),
        element("span", { class: "hint block" }, `${short(order.id)} · `, moment(order.createdAt)),
      ),
      element("span", { class: "card-side" }, element("strong", {}, money(order.total, order.currency)), stateChip(order.status)),
      side === "sold" && element("span", { class: "actions" }, ...stepButtons(order, advance)),
    );
  const heard = async ({ signal }) => {
    const { orderUpdated: news } = signal;
    if (!news) return;
    const known = list.items().find(({ id }) => id === news.order);
    if (known && known.version >= news.version) return;
    // One that is new here is of this side or of the other: the list knows.
    if (!known) return list.reload();
    await run(async () => list.replace(await one(news.order)));
    spoken.textContent = `Order ${short(news.order)}: ${STATES[news.state] ?? news.state}`;
  };
  const list = pagedList({ label: "Orders", none: side === "sold" ? "Nobody has ordered yet." : "You have not ordered anything yet.", read, row });
  const offs = [frame.on("signal", heard), frame.on("live", () => list.reload())];
  list.reload();
  return { view: element("div", { class: "listing" }, problem, spoken, list.view), stop: () => offs.forEach((off) => off()) };
}

function stepButtons(order, advance) {
  const steps = STEPS[order.status] ?? [];
  return steps.map(([status, words]) => rowButton(words, `order ${short(order.id)}`, () => advance(order, status)));
}

export function ordersView(frame) {
  const { view, stop } = orderList(frame, "bought");
  return { view: element("div", { class: "listing" }, element("h1", {}, "My orders"), view), title: "My orders", stop };
}

/** One order, for whoever has made it and for whom it was made with. */
export function orderView(frame, id) {
  const { view: problem, run } = trouble();
  const state = element("p", { role: "status" });
  const place = element("div", { class: "listing" }, element("p", { class: "hint" }, "Loading…"));
  let version = 0;
  const load = async () => show(await frame.ask("GET", `/api/marketplace/orders/${id}`));
  const show = (order) => {
    if (order.version < version) return;
    version = order.version;
    const isMine = order.buyerId === frame.api.session.user?.id;
    state.replaceChildren(stateChip(order.status));
    place.replaceChildren(facts(order), element("ul", { class: "things", "aria-label": "What was ordered" }, ...order.items.map(line(order))), doing(order, isMine));
  };
  const line = ({ currency }) => ({ productId, title, quantity, total }) =>
    element(
      "li",
      { class: "card" },
      element("span", { class: "thing-name" }, element("a", { href: `#/p/${productId}`, dir: "auto" }, title), element("span", { class: "hint block" }, `${quantity.toLocaleString()} pieces`)),
      element("strong", {}, money(total, currency)),
    );
  const facts = ({ total, currency, createdAt, updatedAt, expiresAt, status, reason }) =>
    element(
      "dl",
      { class: "facts" },
      fact("Total", money(total, currency)),
      fact("Ordered", moment(createdAt)),
      fact("Last change", moment(updatedAt)),
      status === "created" && fact("Held until", moment(expiresAt)),
      REASONS[reason] && fact("Why", REASONS[reason]),
    );
  const doing = (order, isMine) => {
    if (!isMine) return element("div", { class: "tools" }, ...stepButtons(order, advance));
    if (order.status !== "created") return "";
    return element(
      "div",
      { class: "listing" },
      element("p", {}, "Pay the seller as you have agreed; the seller says here when it has arrived. Until then it is held for you."),
      button("Cancel the order", () => run(cancel), "danger"),
    );
  };
  const cancel = async () => {
    if (confirm("Cancel this order?")) show(await frame.ask("POST", `/api/marketplace/orders/${id}/cancel`));
  };
  const advance = (order, status) =>
    run(async () => show(await frame.ask("PUT", `/api/marketplace/orders/${id}/status`, { status }, { match: order.version })));
  const heard = ({ signal }) => signal.orderUpdated?.order === id && signal.orderUpdated.version > version && run(load);
  const offs = [frame.on("signal", heard), frame.on("live", () => run(load))];
  run(load);
  const view = element("div", { class: "listing" }, element("h1", {}, `Order ${short(id)}`), problem, state, place);
  return { view, title: "Order", stop: () => offs.forEach((off) => off()) };
}
