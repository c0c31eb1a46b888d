/** The audience's page: join by code, vote, see how it stands. */

import { call } from "../http.js";
import { element, logo } from "../views/dom.js";
import { audienceView } from "./audience.js";
import { Participant } from "./participant.js";
import { LANGUAGES, choose, language, speak, t } from "./words.js";

const place = document.getElementById("app");
let shown;
let screen = () => {};

/** Somebody whom the server does not know any more joins anew by themselves, but not over and over. */
const REJOIN_AFTER_MS = 30_000;
let forgottenAt = -Infinity;

/** `join`, or `embed` in a frame on another site. */
const ROOM = location.pathname.split("/")[1];

/** The code in the address, as the server writes it. */
function codeInAddress() {
  const last = location.pathname.split("/")[2] ?? "";
  return last
    .replace(/%20/gu, "")
    .toUpperCase()
    .replace(/[^0-9A-Z]/gu, "");
}

/** A link can bring the invitation along, behind `#`: servers on the way do not see it. */
function invitationInAddress() {
  return decodeURIComponent(location.hash.slice(1));
}

/** Shows a screen; `made` gives its view anew, so that it can be shown in another language. */
function show(made) {
  shown?.stop?.();
  screen = made;
  shown = made();
  place.replaceChildren(shown.view, footer());
}

function footer() {
  const options = Object.entries(LANGUAGES).map(([code, name]) =>
    element("option", { value: code, lang: code, selected: code === language() }, name),
  );
  const onchange = async (event) => {
    await choose(event.target.value);
    document.title = `${t("title")} · Plenum`;
    show(screen);
    document.getElementById("language").focus();
  };
  const select = element("select", { id: "language", onchange }, ...options);
  return element("footer", { class: "foot" }, element("label", { for: "language" }, t("language")), select);
}

function brand() {
  return element("p", { class: "brand" }, logo(), "Plenum");
}

/** A card with one form: what is asked, the inputs, a button. */
function card({ title, about, fields, button, submit, extra = [] }) {
  const problem = element("p", { class: "problem", role: "alert" });
  const press = element("button", { class: "primary", type: "submit" }, button);
  const onsubmit = async (event) => {
    event.preventDefault();
    const empty = [...form.querySelectorAll("input")].find((input) => input.required && !input.value.trim());
    problem.textContent = empty ? t("fillIn") : "";
    if (empty) return empty.focus();
    press.disabled = true;
    try {
      await submit(Object.fromEntries(new FormData(form)));
    } catch (error) {
      problem.textContent = reasonOf(error);
      form.querySelector("input")?.focus();
    } finally {
      press.disabled = false;
    }
  };
  const inputs = fields.map(({ name, label, choices, ...attributes }) =>
    element(
      "div",
      { class: "field" },
      element("label", { for: name }, label),
      choices
        ? element("select", { id: name, name }, ...choices.map((choice) => element("option", {}, choice)))
        : element("input", { id: name, name, required: true, ...attributes }),
    ),
  );
  const form = element("form", { novalidate: true, onsubmit }, ...inputs, problem, press);
  const children = [brand(), element("h1", {}, title), about && element("p", { class: "hint" }, about), ...extra, form];
  return element("main", { id: "main", class: "card", tabindex: "-1" }, ...children);
}

function reasonOf(error) {
  if (error.name === "Unreachable") return t("unreachable");
  if (error.status === 429) return t("tooMany");
  if (error.status === 404) return t("wrongCode");
  return t("failed", { reason: error.message });
}

function askForCode(code = "") {
  const fields = [
    {
      name: "code",
      label: t("code"),
      value: code,
      class: "code",
      autocomplete: "off",
      autocapitalize: "characters",
      spellcheck: "false",
      maxlength: 20,
    },
  ];
  const submit = ({ code: typed }) => enter(typed);
  return { view: card({ title: t("joinTitle"), about: t("joinAbout"), fields, button: t("join"), submit }) };
}

/** What a conference wants to know before one may join, and what it says about who one is. */
function askForMore(conference) {
  const isNamed = conference.identity === "pseudonymous";
  const fields = [
    isNamed && { name: "name", label: t("name"), autocomplete: "nickname", maxlength: 60 },
    conference.teams.length > 0 && { name: "team", label: t("team"), choices: conference.teams },
    conference.invited && {
      name: "invitation",
      label: t("invitation"),
      value: invitationInAddress(),
      autocomplete: "off",
      autocapitalize: "characters",
      maxlength: 20,
    },
    conference.hasPasscode && { name: "passcode", label: t("passcode"), autocomplete: "off", maxlength: 100 },
  ].filter(Boolean);
  const submit = async (values) => {
    try {
      await join(conference, values);
    } catch (error) {
      if (error.fields?.invitation) throw new Error(t("wrongInvitation"), { cause: error });
      if (error.status === 403 && conference.hasPasscode) throw new Error(t("wrongPasscode"), { cause: error });
      throw error;
    }
  };
  return { view: card({ title: conference.title, about: t(whoOneIs(conference)), fields, button: t("join"), submit }) };
}

function whoOneIs({ identity }) {
  return { anonymous: "asAnonymous", pseudonymous: "asPseudonymous", signedIn: "asSignedIn" }[identity];
}

function askToSignIn(conference) {
  const link = element("a", { class: "primary", href: "/" }, t("signIn"));
  const view = element(
    "main",
    { id: "main", class: "card", tabindex: "-1" },
    brand(),
    element("h1", {}, conference.title),
    element("p", {}, t("signInFirst")),
    link,
  );
  return { view };
}

/** Somebody has a code: finds the conference, and joins it as who they were before, if they were. */
async function enter(typed) {
  const conference = await call("GET", `/api/conference/code/${encodeURIComponent(typed.trim())}`);
  history.replaceState(null, "", `/${ROOM}/${conference.publicCode}${location.hash}`);
  const known = Participant.stored(conference);
  if (known) return attend(known);
  const isAsked = conference.identity === "pseudonymous" || conference.hasPasscode || conference.invited || conference.teams.length > 0;
  if (isAsked) return show(() => askForMore(conference));
  await join(conference, {});
}

async function join(conference, { name, passcode, team, invitation }) {
  let token;
  if (conference.identity === "signedIn") {
    // Few conferences want accounts: the others need not load it.
    const { Api } = await import("../api.js");
    const { session } = new Api(localStorage);
    if (!session.user) return show(() => askToSignIn(conference));
    token = await session.token();
  }
  attend(await Participant.join(conference, { name, passcode, team, invitation, token }));
  // Used up: it need not stand in the address any more.
  if (location.hash) history.replaceState(null, "", location.pathname);
}

function attend(participant) {
  const over = () => {
    participant.forget();
    const isAgain = performance.now() - forgottenAt < REJOIN_AFTER_MS;
    forgottenAt = performance.now();
    begin({ isAgain });
  };
  show(() => audienceView({ participant, over, note: t(whoOneIs(participant.conference)) }));
}

async function begin({ isAgain = false } = {}) {
  const code = codeInAddress();
  const known = code && Participant.stored({ publicCode: code });
  if (known) return attend(known);
  show(() => askForCode(code));
  if (!code || isAgain) return;
  try {
    await enter(code);
  } catch (error) {
    const problem = place.querySelector(".problem");
    if (problem) problem.textContent = reasonOf(error);
  }
}

await speak();
document.title = `${t("title")} · Plenum`;
begin();
