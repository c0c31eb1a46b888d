/** Parts of the host's pages: buttons, dialogs, the form of a conference. */

import { clear, complete, explain, field } from "../views/auth.js";
import { dialogHead } from "../views/dialogs.js";
import { element } from "../views/dom.js";

const COPIED_MS = 2_000;

export function button(text, onclick, kind = "secondary") {
  return element("button", { type: "button", class: kind, onclick }, text);
}

/** Copies what `make` gives, and says so. */
export function copyButton(text, make) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(make());
      made.textContent = "Copied";
    } catch {
      // Pages from plain http have no clipboard: show it, to be copied by hand.
      prompt(text, make());
    }
    setTimeout(() => (made.textContent = text), COPIED_MS);
  };
  const made = button(text, copy);
  return made;
}

/** A list of choices with its label. */
export function choiceField(name, label, choices, value, onchange) {
  const options = Object.entries(choices).map(([key, text]) =>
    element("option", { value: key, selected: key === value }, text),
  );
  const select = element("select", { id: `field-${name}`, name, onchange }, ...options);
  return element("div", { class: "field" }, element("label", { for: `field-${name}` }, label), select);
}

/** A field that may stay empty. */
export function optionalField(name, attributes) {
  const made = field(name, attributes);
  made.querySelector("input, textarea").required = false;
  return made;
}

export function checkField(name, label, checked) {
  const box = element("input", { type: "checkbox", id: `field-${name}`, name, checked });
  return element("div", { class: "check" }, box, element("label", { for: `field-${name}` }, label));
}

/**
 * Opens a dialog with a form.
 * @param {object} options
 * @param {Element[]} options.fields
 * @param {(form: HTMLFormElement) => Promise<void>} options.save rejects with what is wrong
 * @param {boolean} [options.isKept] whether it stays open after saving
 */
export function formDialog({ title, fields, action, save, isKept = false }) {
  const problem = element("p", { class: "problem", role: "alert" });
  const press = element("button", { class: "primary", type: "submit" }, action);
  const onsubmit = async (event) => {
    event.preventDefault();
    clear(form, problem);
    if (!complete(form)) return;
    press.disabled = true;
    try {
      await save(form);
      if (!isKept) dialog.close();
    } catch (error) {
      explain(form, problem, error);
    } finally {
      press.disabled = false;
    }
  };
  const form = element("form", { novalidate: true, onsubmit }, ...fields, problem, press);
  const dialog = element(
    "dialog",
    { class: "wide", "aria-labelledby": "form-title", onclose: () => dialog.remove() },
    dialogHead("form-title", title, () => dialog.close()),
    form,
  );
  document.body.append(dialog);
  dialog.showModal();
  form.querySelector("input, textarea, select")?.focus();
  return form;
}

/** An agenda as lines that people edit. */
function agendaText({ agenda = [], speakers = [] } = {}) {
  const line = ({ title, startTime, endTime, speaker, track }) => {
    const who = speakers.find(({ id }) => id === speaker)?.name ?? "";
    return [[startTime, endTime].filter(Boolean).join("–"), title, who, track ?? ""].join(" | ").replace(/[ |]+$/u, "");
  };
  return agenda.map(line).join("\n");
}

/** The same as the server wants it; speakers who are not known yet are named on the way. */
function agendaOf(text, known) {
  const speakers = known.map(({ name, bio }) => ({ name, bio }));
  const number = (name) => {
    if (!name) return undefined;
    if (!speakers.some((speaker) => speaker.name === name)) speakers.push({ name });
    return speakers.findIndex((speaker) => speaker.name === name) + 1;
  };
  const lines = text.split("\n").filter((line) => line.trim());
  const agenda = lines.map((line) => {
    const parts = line.split("|").map((part) => part.trim());
    const [when, title, speaker, track] = parts.length === 1 ? ["", parts[0]] : parts;
    const [startTime, endTime] = when.split(/\s*[–-]\s*/u);
    return { title, startTime: startTime || undefined, endTime, speaker: number(speaker), track: track || undefined };
  });
  return { agenda, speakers };
}

/** Invitations: made here, told once. */
export function invitationDialog({ hall }) {
  const out = element("textarea", { rows: 8, readonly: true, hidden: true, "aria-label": "New invitations" });
  const count = element("p", { class: "hint", role: "status" });
  const tell = async () => {
    const { made, used } = await hall.ask("GET", "/invitations");
    count.textContent = `${made} made, ${used} used. New ones are shown once: copy them.`;
  };
  const form = formDialog({
    title: "Invitations",
    action: "Make",
    isKept: true,
    fields: [
      field("count", { label: "How many", type: "number", min: 1, max: 1000, value: 20 }),
      field("weight", { label: "What each vote weighs", type: "number", min: 0, max: 1_000_000, value: 1 }),
      count,
      out,
    ],
    save: async (form) => {
      const { codes } = await hall.ask("POST", "/invitations", {
        count: Number(form.elements.count.value),
        weight: Number(form.elements.weight.value),
      });
      const link = `${location.origin}/join/${hall.conference.publicCode}#`;
      out.value = codes.map((code) => link + code).join("\n");
      out.hidden = false;
      out.focus();
      out.select();
      await tell();
    },
  });
  tell().catch((error) => (count.textContent = error.message));
  return form;
}

/** Who may join, where a conference is for a list of people. */
export function rosterDialog({ hall }) {
  const count = element("p", { class: "hint", role: "status" });
  const tell = ({ people }) => (count.textContent = `${people} on the roster. Addresses are stored as hashes: they cannot be listed.`);
  const people = field("people", {
    label: "E-mail addresses",
    tag: "textarea",
    rows: 8,
    hint: "One on each line, perhaps with a comma and what the vote weighs: ada@example.org, 250",
  });
  const entry = (line) => {
    const [email, weight] = line.split(/[,;\t]/u).map((part) => part.trim());
    return { email, ...(weight && { weight: Number(weight) }) };
  };
  const form = formDialog({
    title: "Roster",
    action: "Put on the roster",
    isKept: true,
    fields: [people, count],
    save: async (form) => {
      const lines = form.elements.people.value.split("\n").filter((line) => line.trim());
      tell(await hall.ask("POST", "/roster", { entries: lines.map(entry) }));
      form.elements.people.value = "";
    },
  });
  hall.ask("GET", "/roster").then(tell, (error) => (count.textContent = error.message));
  return form;
}

const IDENTITIES = {
  anonymous: "Anonymous: nobody gives a name",
  pseudonymous: "Everybody gives a name of their choice",
  signedIn: "Only people with an account",
};

/** Makes or changes a conference. */
export function conferenceDialog({ conference, save }) {
  const fields = [
    field("title", { label: "Title", type: "text", maxlength: 200, value: conference?.title, autocomplete: "off" }),
    optionalField("description", { label: "Description", tag: "textarea", rows: 2, maxlength: 2000 }),
    optionalField("date", { label: "Date", type: "date", value: conference?.date ?? undefined }),
    !conference && choiceField("identity", "Who votes", IDENTITIES, "anonymous"),
    !conference &&
      optionalField("passcode", {
        label: "Passcode (may be empty)",
        type: "text",
        maxlength: 100,
        autocomplete: "off",
      }),
    checkField("moderated", "Questions of the audience are read by a moderator first", conference?.moderated),
    checkField("invited", "Nobody joins without an invitation", conference?.invited),
    checkField("roster", "Nobody joins who is not on the roster (for people with an account)", conference?.roster),
    optionalField("teams", {
      label: "Teams of quizzes (may be empty)",
      type: "text",
      maxlength: 2000,
      hint: "With commas between.",
      value: conference?.teams?.join(", "),
    }),
    optionalField("agenda", {
      label: "Agenda (may be empty)",
      tag: "textarea",
      rows: 4,
      hint: "A line for each point: time | title | speaker | room. Example: 10:00–10:30 | Opening | Ada | Hall 1",
    }),
    optionalField("expiresAfterDays", {
      label: "Forget who took part after so many days (may be empty)",
      type: "number",
      min: 0,
      max: 36500,
      hint: "Counted from the last thing that happens. 0: never. Empty: as this server does.",
      value: conference?.expiresAfterDays ?? undefined,
    }),
    checkField("audienceReplies", "The audience may reply to questions of others", conference?.audienceReplies),
  ].filter(Boolean);
  fields[1].querySelector("textarea").value = conference?.description ?? "";
  fields.find((part) => part.querySelector("[name=agenda]")).querySelector("textarea").value = agendaText(conference);
  const send = (form) => {
    const { title, description, date, identity, passcode, agenda, teams, expiresAfterDays } = Object.fromEntries(new FormData(form));
    const moderated = form.elements.moderated.checked;
    const invited = form.elements.invited.checked;
    const audienceReplies = form.elements.audienceReplies.checked;
    const fresh = conference ? {} : { identity, ...(passcode && { passcode }) };
    return save({
      title: title.trim(),
      description: description.trim() || null,
      date: date || null,
      moderated,
      audienceReplies,
      invited,
      roster: form.elements.roster.checked,
      expiresAfterDays: expiresAfterDays ? Number(expiresAfterDays) : null,
      teams: teams.split(",").map((team) => team.trim()).filter(Boolean),
      ...agendaOf(agenda, conference?.speakers ?? []),
      ...fresh,
    });
  };
  formDialog({
    title: conference ? "Edit the conference" : "New conference",
    fields,
    action: conference ? "Save" : "Create",
    save: send,
  });
}
