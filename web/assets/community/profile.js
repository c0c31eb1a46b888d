/** The own account: what others see, how one is reached, the password, the devices. */

import { button, formDialog, optionalField } from "../hall/parts.js";
import { FULL_NAME_CHARS } from "../limits.js";
import { field } from "../views/auth.js";
import { element } from "../views/dom.js";
import { Frame } from "./frame.js";
import { fact, filled, moment, pageForm, panel, rowButton, trouble } from "./parts.js";
import { picturePanel } from "./picture.js";
import { blockedPanel, deletionPanel, privacyPanel } from "./profile-rest.js";

const PLAIN = { type: "text", autocomplete: "off" };
/** What is said about oneself: name of the member → how it is asked for. */
const ABOUT = {
  username: { ...PLAIN, label: "User name", maxlength: 32, autocapitalize: "none", spellcheck: "false", hint: "To sign in with, and for others to find you." },
  occupation: { ...PLAIN, label: "What you do", maxlength: 120 },
  institution: { ...PLAIN, label: "School or employer", maxlength: 120 },
  location: { ...PLAIN, label: "Where you are", maxlength: 120 },
};

function profileView(frame) {
  const { view: problem, run } = trouble();
  const place = element("div", { class: "listing" }, element("p", { class: "hint", role: "status" }, "Loading…"));
  let profile;
  const load = () =>
    run(async () => {
      profile = await frame.ask("GET", "/api/auth/me");
      draw();
    });
  const draw = () => {
    const devices = devicesPanel(frame);
    const password = passwordPanel(frame, devices.load);
    const own = [picturePanel(frame, profile), aboutPanel(frame, profile, load), reachPanel(frame, profile, load), privacyPanel(frame, profile)];
    place.replaceChildren(...own, blockedPanel(frame), password, devices.view, deletionPanel(frame, profile));
  };
  load();
  return { view: element("div", { class: "listing" }, element("h1", {}, "Profile"), problem, place) };
}

function aboutPanel(frame, profile, reload) {
  let version = profile.version;
  const name = field("fullName", { label: "Name", maxlength: FULL_NAME_CHARS, dir: "auto" });
  const bio = optionalField("bio", { label: "About you", tag: "textarea", rows: 4, maxlength: 2000, dir: "auto" });
  const others = Object.entries(ABOUT).map(([key, details]) => filled(optionalField(key, details), profile[key]));
  const skills = optionalField("skills", { ...PLAIN, label: "What you are good at", maxlength: 3000, hint: "With commas between." });
  const fields = [
    filled(name, profile.fullName ?? profile.name),
    filled(bio, profile.bio),
    element("div", { class: "pair" }, ...others),
    filled(skills, profile.skills.join(", ")),
  ];
  const save = async (form) => {
    const body = Object.fromEntries(new FormData(form));
    body.skills = body.skills.split(",").map((skill) => skill.trim()).filter(Boolean);
    try {
      const saved = await frame.ask("PUT", "/api/auth/update-profile", body, { match: version });
      version = saved.version;
      frame.api.session.rename(saved);
    } catch (error) {
      if (error.status !== 412) throw error;
      form.append(element("p", { class: "notice" }, "It was changed elsewhere meanwhile. ", button("Show it as it is now", reload, "link")));
      throw new Error("Not saved: the profile has changed since this page was opened.");
    }
  };
  return panel("about", "What others see", pageForm({ fields, action: "Save", save }));
}

/** What is proved by a code: how it is asked for, and where the server takes it. */
const REACHED = {
  email: {
    title: "E-mail address",
    path: "/api/user/email",
    what: "e-mail address",
    asked: { label: "New e-mail address", type: "email", autocomplete: "email", maxlength: 254, hint: "The old one is told." },
  },
  phone: {
    title: "Telephone number",
    path: "/api/user/phone",
    what: "telephone number",
    asked: { label: "New telephone number", type: "tel", autocomplete: "tel", maxlength: 32, hint: "With its country code, such as +49 30 1234567." },
  },
};

function reachPanel(frame, profile, reload) {
  const { email, phone, isVerified, createdAt, role } = profile;
  const change = (member) => {
    const { what } = REACHED[member];
    const made = button(profile[member] ? "Change" : "Add", () => reachDialog(frame, member, reload), "link");
    made.setAttribute("aria-label", profile[member] ? `Change the ${what}` : `Add ${member === "email" ? "an" : "a"} ${what}`);
    return made;
  };
  const facts = element(
    "dl",
    { class: "facts" },
    fact("E-mail", email ?? "None", change("email")),
    fact("Telephone", phone ?? "None", change("phone")),
    fact("Proved by a code", isVerified ? "Yes" : "Not yet"),
    fact("Role", role),
    fact("Here since", moment(createdAt, { dateStyle: "long" })),
  );
  return panel("reach", "How you are reached", facts);
}

/** The address or number first, then the code that was sent there. */
function reachDialog(frame, member, done) {
  const { title, path, asked } = REACHED[member];
  const fields = [
    field(member, asked),
    optionalField("currentPassword", {
      label: "Your password",
      type: "password",
      autocomplete: "current-password",
      hint: "Only needed when you signed in a while ago.",
    }),
  ];
  const save = async (form) => {
    const to = form.elements[member].value.trim();
    const currentPassword = form.elements.currentPassword.value || undefined;
    await frame.ask("POST", `${path}/send-otp`, { [member]: to, currentPassword });
    form.closest("dialog").close();
    codeDialog(frame, { path, member, to }, done);
  };
  formDialog({ title, fields, action: "Send a code", save, isKept: true });
}

function codeDialog(frame, { path, member, to }, done) {
  const code = field("code", {
    label: "Code",
    type: "text",
    inputmode: "numeric",
    autocomplete: "one-time-code",
    pattern: "[0-9 ]{6,8}",
    maxlength: 8,
    hint: `Six digits, sent to ${to}. They are good for five minutes.`,
  });
  const save = async (form) => {
    const digits = form.elements.code.value.replaceAll(" ", "");
    await frame.ask("POST", `${path}/verify-otp`, { [member]: to, code: digits });
    await done();
  };
  formDialog({ title: "The code that has come", fields: [code], action: "Confirm", save });
}

function passwordPanel(frame, reload) {
  const done = element("p", { class: "done", role: "status" });
  const open = () =>
    passwordDialog(frame, () => {
      done.textContent = "Changed. All other devices are signed out.";
      reload();
    });
  return panel("password", "Password", done, element("div", {}, button("Change the password", open)));
}

function passwordDialog(frame, done) {
  const fields = [
    optionalField("currentPassword", {
      label: "Password until now",
      type: "password",
      autocomplete: "current-password",
      hint: "Empty if you have none: sign in by a code, then set one.",
    }),
    field("newPassword", {
      label: "New password",
      type: "password",
      autocomplete: "new-password",
      minlength: 8,
      hint: "At least 8 characters. A few unusual words are good.",
    }),
  ];
  const save = async (form) => {
    await frame.ask("PUT", "/api/auth/change-password", Object.fromEntries(new FormData(form)));
    done();
  };
  formDialog({ title: "Change the password", fields, action: "Change it", save });
}

function devicesPanel(frame) {
  const { view: problem, run } = trouble();
  const list = element("ul", { class: "things" });
  const everywhere = button("Sign out all other devices", () => endOthers(), "danger");
  let devices = [];
  const load = () =>
    run(async () => {
      devices = (await frame.ask("GET", "/api/auth/devices")).items;
      list.replaceChildren(...devices.map(row));
      everywhere.hidden = devices.length < 2;
    });
  const end = async ({ id, current }) => {
    if (current) return frame.api.logout();
    if (await run(() => frame.ask("DELETE", `/api/auth/devices/${id}`))) await load();
  };
  const endOthers = async () => {
    for (const one of devices.filter(({ current }) => !current)) await end(one);
  };
  const row = (device) =>
    element(
      "li",
      {},
      element(
        "span",
        { class: "thing-name", dir: "auto" },
        device.name || "A device",
        device.current && element("strong", {}, " (this one)"),
        element("span", { class: "hint block" }, "Last used ", moment(device.lastUsedAt), ", signed in ", moment(device.createdAt)),
      ),
      rowButton("Sign out", device.name || "a device", () => end(device)),
    );
  everywhere.hidden = true;
  load();
  return { view: panel("devices", "Signed-in devices", problem, list, element("div", {}, everywhere)), load };
}

new Frame({ path: "/profile", title: "Profile", views: [[/^/u, profileView]] });
