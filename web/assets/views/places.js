/** The ways from page to page. */

import { element, logo } from "./dom.js";

const PLACES = {
  "/": "Chat",
  "/host": "Conferences",
  "/events": "Events",
  "/market": "Market",
  "/status": "Status",
  "/profile": "Profile",
};

/** Links to the pages; `current` is the path of the one that is shown. */
export function placesView(current, more = {}) {
  const links = Object.entries({ ...PLACES, ...more }).map(([path, text]) =>
    element("a", { href: path, "aria-current": path === current ? "page" : undefined }, text),
  );
  return element("nav", { class: "places", "aria-label": "Pages" }, ...links);
}

/**
 * The head of a page: where one is, who one is.
 * @param {string} current
 * @param {object} options
 * @param {import("../api.js").Api} options.api
 * @param {Element} [options.status] how the connection is
 * @param {() => void} [options.signIn] for those who look around without an account
 * @param {Record<string, string>} [options.more] pages that not everybody has
 */
export function pageBar(current, { api, status, signIn, more }) {
  const { user } = api.session;
  const out = element("button", { type: "button", class: "link", onclick: () => api.logout() }, "Sign out");
  const go = element("button", { type: "button", class: "link", onclick: signIn }, "Sign in");
  return element(
    "header",
    { class: "page-bar" },
    element("p", { class: "brand" }, logo(), "Plenum"),
    placesView(current, more),
    status,
    user ? element("span", { dir: "auto" }, user.fullName ?? "", " ", out) : go,
  );
}
