/** The page that checks a result sheet without the server. The same files, in one, are what `/verify/plenum-verify.html` saves. */

import { element } from "../views/dom.js";
import { check } from "./sheet.js";
import { LANGUAGES, language, say, shownNumber, speak } from "./words.js";

const place = document.getElementById("app");
const isServed = location.protocol.startsWith("http");
/** What the reader gave, kept while the language changes. */
const given = { file: undefined, name: "", receipt: location.hash.slice(1), kid: "" };
/** The last check, and the number of the newest that was begun: an older one that ends later is not shown. */
let outcome;
let newest = 0;

/** The names of the keys that the server publishes now; undefined when it cannot be asked. */
async function publishedKeys() {
  if (!isServed) return undefined;
  try {
    const answer = await fetch("/.well-known/jwks.json");
    return (await answer.json()).keys.map(({ kid }) => kid);
  } catch {
    return undefined;
  }
}

async function run(verdict) {
  newest += 1;
  const mine = newest;
  const tell = (words) => mine === newest && verdict.replaceChildren(element("p", { role: "status", class: "notice" }, words));
  if (!given.file) return tell(say("choose"));
  tell(say("checking", { n: 0 }));
  let next;
  try {
    const onPart = (part) => tell(say("checking", { n: Math.floor(part * 100) }));
    next = await check(await given.file.text(), { ...given, published: await publishedKeys(), onPart });
  } catch {
    // Whatever went wrong, it was the file: nothing else is read here.
    next = { isUnreadable: true };
  }
  if (mine !== newest) return undefined;
  outcome = next;
  show(verdict);
  return verdict.querySelector("h2").focus();
}

function field(name, attributes, ...more) {
  const hint = element("p", { class: "hint", id: `${name}-hint` }, say(attributes.hint));
  const input = element("input", {
    id: name,
    "aria-describedby": `${name}-hint`,
    autocomplete: "off",
    spellcheck: "false",
    ...attributes.input,
  });
  return element("div", { class: "field" }, element("label", { for: name }, say(name)), input, hint, ...more);
}

function text(name) {
  const changes = (event) => {
    given[name] = event.target.value;
  };
  return field(name, { hint: `${name}Hint`, input: { class: "mono", dir: "ltr", value: given[name], oninput: changes } });
}

function formView(verdict) {
  const name = element("p", { class: "chosen", dir: "auto" }, given.name);
  const take = (file) => {
    if (!file) return;
    given.file = file;
    given.name = file.name;
    name.textContent = file.name;
    run(verdict);
  };
  const input = { type: "file", accept: ".json,application/json", onchange: (event) => take(event.target.files[0]) };
  document.ondragover = (event) => event.preventDefault();
  document.ondrop = (event) => {
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  };
  const begins = (event) => {
    event.preventDefault();
    run(verdict);
  };
  return element(
    "form",
    { class: "panel", onsubmit: begins },
    field("file", { hint: "drop", input }, name),
    text("receipt"),
    text("kid"),
    element("button", { class: "primary" }, say("check")),
  );
}

/** What a ballot says, in the words of the question. */
function answerText({ definition }, answer) {
  const option = (wanted) => definition.options?.find(({ id }) => id === wanted)?.text ?? yesNo(definition, wanted);
  if (answer.choice) return answer.choice.map(option).join(", ");
  if (answer.ranking) return answer.ranking.map((id, i) => `${i + 1}. ${option(id)}`).join(", ");
  if (answer.point) return `${shownNumber(answer.point.x)} · ${shownNumber(answer.point.y)}`;
  const [value] = Object.values(answer);
  return Array.isArray(value) ? value.join(", ") : typeof value === "number" ? shownNumber(value) : value;
}

function yesNo({ kind }, option) {
  return (kind === "yesNo" && { 1: "✓", 2: "✗", 3: "–" }[option]) || String(option);
}

const MARKS = { right: ["✓", "isRight"], wrong: ["✗", "isWrong"], unknown: ["?", "isUnknown"] };

function stepView(is, words) {
  const [mark, name] = MARKS[is];
  const label = element("strong", {}, say(name));
  return element(
    "li",
    { class: `step is-${is}` },
    element("span", { class: "mark", "aria-hidden": "true" }, mark),
    element("span", {}, label, " · ", words),
  );
}

function stepsView({ sheet, steps, more }) {
  const options = (step) => ({
    ...step,
    ...(step.option !== undefined && { option: answerText(sheet, { choice: [step.option] }) }),
    ...(step.answer && { answer: answerText(sheet, step.answer) }),
  });
  const shown = steps.map((step) => stepView(step.is, say(step.name, options(step))));
  if (!given.receipt.trim()) shown.push(stepView("unknown", say("noReceipt")));
  if (more.length > 0) shown.push(stepView("unknown", say("more")));
  return element("ul", { class: "steps" }, ...shown);
}

function tableView({ sheet, isRight }) {
  const { definition, results } = sheet;
  const row = (label, count) =>
    element("tr", {}, element("th", { scope: "row" }, element("bdi", {}, label)), element("td", {}, shownNumber(count)));
  const rows = (results.counts ?? []).map(({ option, count }) => row(answerText(sheet, { choice: [option] }), count));
  return element(
    "section",
    { class: "panel", "aria-labelledby": "says" },
    element("h2", { id: "says" }, say("results")),
    !isRight && element("p", { class: "problem" }, say("doubted")),
    element(
      "table",
      {},
      element("caption", {}, element("bdi", {}, definition.text)),
      element("thead", {}, element("tr", {}, ...["answer", "ballots"].map((name) => element("th", { scope: "col" }, say(name))))),
      element("tbody", {}, ...rows),
      element("tfoot", {}, row(say("ballots"), results.totalResponses)),
    ),
  );
}

function show(verdict) {
  if (!outcome) return;
  const title = (words, is) => element("h2", { tabindex: "-1", class: `verdict is-${is}` }, words);
  if (outcome.isUnreadable) {
    verdict.replaceChildren(element("section", { class: "panel" }, title(say("unreadable"), "wrong")));
    return;
  }
  const is = outcome.isRight ? "right" : "wrong";
  verdict.replaceChildren(
    element(
      "section",
      { class: "panel" },
      title(say(is), is),
      element("h3", {}, say("checked")),
      stepsView(outcome),
    ),
    tableView(outcome),
  );
}

function languageView() {
  const choose = (event) => {
    speak(event.target.value);
    draw();
    document.getElementById("language").focus();
  };
  const options = Object.entries(LANGUAGES).map(([tag, name]) =>
    element("option", { value: tag, lang: tag, selected: tag === language() }, name),
  );
  return element(
    "footer",
    { class: "foot" },
    element("label", { for: "language" }, say("language")),
    element("select", { id: "language", onchange: choose }, ...options),
  );
}

function draw() {
  document.title = `${say("title")} · Plenum`;
  const verdict = element("div", { class: "verdicts" });
  show(verdict);
  const saved = { href: "/verify/plenum-verify.html", download: "plenum-verify.html" };
  place.replaceChildren(
    element(
      "main",
      { id: "main", class: "verifier" },
      element("h1", {}, say("title")),
      element("p", {}, say("about")),
      formView(verdict),
      verdict,
      element(
        "section",
        { class: "cannot", "aria-labelledby": "cannot" },
        element("h2", { id: "cannot" }, say("cannot")),
        element("ul", {}, element("li", {}, say("people")), element("li", {}, say("page"))),
        isServed && element("p", {}, element("a", saved, say("save"))),
      ),
    ),
    languageView(),
  );
}

speak();
draw();
