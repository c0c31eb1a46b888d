/** Makes and changes questions. */

import { field } from "../views/auth.js";
import { checkField, choiceField, formDialog, optionalField } from "./parts.js";
import { optionPictures, pictureField } from "./picture-field.js";
import { element } from "../views/dom.js";

const KINDS = {
  single: "One choice",
  multiple: "Several choices",
  yesNo: "Yes, no, abstain",
  rating: "Rating",
  ranking: "Ranking",
  words: "Word cloud",
  text: "Open text",
  number: "Number",
  quiz: "Quiz",
  point: "Point on a picture",
  feedback: "Feedback (how it goes right now)",
};
const POLICIES = {
  changeable: "until it is closed",
  changeableWhileHidden: "until the results are shown",
  fixed: "not at all",
};
const VISIBILITIES = { hidden: "when you show them", afterVote: "to whoever has voted", live: "live, to everybody" };

/** What each kind asks its author for. */
const PARTS = {
  single: ["options"],
  multiple: ["options", "min", "max"],
  yesNo: [],
  rating: ["min", "max"],
  ranking: ["options", "min"],
  words: ["max"],
  text: [],
  number: ["min", "max", "target", "tolerance"],
  quiz: ["options", "correct", "points"],
  point: [],
  feedback: ["options", "halfLife"],
};
/** Kinds that can be counted by weight. */
const WEIGHTED = ["single", "multiple", "yesNo", "rating"];
const BOUNDS = {
  multiple: ["Fewest choices", "Most choices"],
  rating: ["Lowest", "Highest"],
  ranking: ["How many must be ranked", ""],
  words: ["", "Words of each person"],
  number: ["Lowest", "Highest"],
};

/** @param {{hall: import("./hall.js").Hall, question?: object}} options */
export function questionDialog({ hall, question }) {
  const value = (name) => question?.[name] ?? undefined;
  const numberField = (name, label) => optionalField(name, { label, type: "number", step: "any", value: value(name) });
  const texts = question?.options?.map(({ text }) => text).join("\n") ?? "";
  const parts = {
    options: field("options", { label: "Answers", tag: "textarea", rows: 4, hint: "One on each line." }),
    correct: optionalField("correct", {
      label: "Right answers",
      type: "text",
      hint: "Their numbers, from 1, with commas between.",
      value: value("correct")?.join(", "),
    }),
    min: numberField("min", "Lowest"),
    max: numberField("max", "Highest"),
    target: numberField("target", "The right number"),
    tolerance: numberField("tolerance", "How far off still counts"),
    points: optionalField("points", { label: "Most points", type: "number", min: 1, value: value("points") ?? 1000 }),
  };
  parts.halfLife = optionalField("halfLife", {
    label: "Seconds after which an answer weighs half",
    type: "number",
    min: 1,
    value: (value("halfLifeMs") ?? 60_000) / 1000,
  });
  const lines = parts.options.querySelector("textarea");
  lines.value = texts;
  const pictures = optionPictures({ hall, lines: () => lines.value, options: question?.options ?? [] });
  lines.addEventListener("input", () => pictures.follow());
  parts.options.append(pictures.view);
  const variable = element("div", { class: "parts" });
  const choose = (kind) => {
    const [low, high] = BOUNDS[kind] ?? [];
    if (low) parts.min.querySelector("label").textContent = low;
    if (high) parts.max.querySelector("label").textContent = high;
    variable.replaceChildren(...PARTS[kind].map((name) => parts[name]));
  };
  const kind = value("kind") ?? "single";
  const seconds = value("durationMs") && value("durationMs") / 1000;
  const text = field("text", { label: "Question", tag: "textarea", rows: 2, maxlength: 1000 });
  text.querySelector("textarea").value = value("text") ?? "";
  choose(kind);
  const shown = { image: value("image"), imageAlt: value("imageAlt") };
  const address = optionalField("image", {
    label: "Address of a picture (may be empty)",
    type: "text",
    maxlength: 2048,
    hint: "On this server; from elsewhere the pages do not load it. Uploading one fills this in.",
    value: shown.image,
  });
  const typed = address.querySelector("input");
  const put = () => (typed.value = shown.image ?? "");
  const picture = pictureField({ hall, value: shown, changed: put });
  typed.addEventListener("change", () => {
    shown.image = typed.value.trim() || undefined;
    picture.show();
  });
  const fields = [
    text,
    choiceField("kind", "Kind", KINDS, kind, (event) => choose(event.target.value)),
    variable,
    picture.view,
    address,
    optionalField("survey", {
      label: "Survey it belongs to (may be empty)",
      type: "text",
      maxlength: 100,
      hint: "Questions of the same survey go live together and are answered at one's own pace.",
      value: value("survey"),
    }),
    optionalField("quorum", { label: "Least ballots (may be empty)", type: "number", min: 1, value: value("quorum") }),
    optionalField("quorumShare", {
      label: "Least share of the audience in % (may be empty)",
      type: "number",
      min: 1,
      max: 100,
      value: value("quorumShare") && value("quorumShare") * 100,
    }),
    checkField("weighted", "Count by what votes weigh too (choices, yes or no, ratings)", value("weighted")),
    choiceField("visibility", "Results are shown", VISIBILITIES, value("visibility") ?? "hidden"),
    choiceField("policy", "Votes can be changed", POLICIES, value("policy") ?? "changeable"),
    optionalField("seconds", {
      label: "Closes by itself after so many seconds (may be empty)",
      type: "number",
      min: 1,
      value: seconds,
    }),
    !question && hall.conference.status === "ACTIVE" && checkField("now", "Push live at once", false),
  ].filter(Boolean);
  const save = async (form) => {
    if (shown.isUploading || pictures.isUploading()) throw new Error("A picture is on its way: wait until it is there.");
    const body = bodyOf(form, pictures);
    if (body.image && shown.imageAlt) body.imageAlt = shown.imageAlt;
    if (form.elements.weighted.checked && WEIGHTED.includes(body.kind)) body.weighted = true;
    const path = question ? `/questions/${question.id}` : "/questions";
    const made = await hall.ask(question ? "PUT" : "POST", path, body);
    if (form.elements.now?.checked) await hall.ask("POST", `/questions/${made.id}/live`);
    await hall.reload();
  };
  formDialog({
    title: question ? "Edit the question" : "New question",
    fields,
    action: question ? "Save" : "Add",
    save,
  });
}

function bodyOf(form, pictures) {
  const said = Object.fromEntries(new FormData(form));
  const has = (name) => PARTS[said.kind].includes(name);
  const body = { text: said.text.trim(), kind: said.kind, policy: said.policy, visibility: said.visibility };
  if (has("options")) body.options = pictures.taken();
  if (has("correct")) body.correct = (said.correct.match(/\d+/gu) ?? []).map(Number);
  for (const name of ["min", "max", "target", "tolerance", "points"])
    if (has(name) && said[name] !== "") body[name] = Number(said[name]);
  if (said.image?.trim()) body.image = said.image.trim();
  if (said.survey?.trim()) body.survey = said.survey.trim();
  if (said.quorum) body.quorum = Number(said.quorum);
  if (said.quorumShare) body.quorumShare = Number(said.quorumShare) / 100;
  if (has("halfLife") && said.halfLife) body.halfLifeMs = Math.round(Number(said.halfLife) * 1000);
  if (said.seconds) body.durationMs = Math.round(Number(said.seconds) * 1000);
  return body;
}
