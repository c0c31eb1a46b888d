/** The page that checks result sheets: served, and as the file that was saved from it. */
import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { readFileSync, writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { isSigned, isSignedBySums } from "../../../../web/assets/verify/ed25519.js";
import { sha256 } from "../../../../web/assets/verify/sha2.js";
import { canonical } from "../../../../web/assets/verify/sheet.js";
import { launch, Person } from "./browser.mjs";
import { Host, Phone } from "./hall.mjs";
import { Server } from "./server.mjs";

const WHICH = "Which <b>harbour</b>?";
const folder = mkdtempSync(join(tmpdir(), "plenum-verify-"));

let server;
let browser;
let address;
/** What the host saved, and what the first phone was told. */
let sheet;
let receipt;

before(async () => {
  server = await Server.start();
  browser = await launch();
  address = `http://127.0.0.1:${server.port}/`;
});

after(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function file(name, content) {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

/** The signed part with something in it changed, still under the old signature. */
function altered(change) {
  const copy = structuredClone(sheet);
  const [header, payload, signature] = copy.signed.split(".");
  const text = change(Buffer.from(payload, "base64url").toString());
  copy.signed = [header, Buffer.from(text).toString("base64url"), signature].join(".");
  return copy;
}

/** Signed by somebody else, who made a sheet of their own from ours. */
function signedAnew(change) {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const { x } = publicKey.export({ format: "jwk" });
  const thumbprint = JSON.stringify({ crv: "Ed25519", kty: "OKP", x });
  const kid = Buffer.from(sha256(new TextEncoder().encode(thumbprint))).toString("base64url");
  const payload = JSON.parse(Buffer.from(sheet.signed.split(".")[1], "base64url"));
  change(payload);
  const header = { typ: "plenum-results+jws", alg: "EdDSA", kid };
  const message = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signature = sign(null, Buffer.from(message), privateKey).toString("base64url");
  return { ...sheet, signed: `${message}.${signature}`, key: { kid, x } };
}

class Verifier extends Person {
  async chooses(path) {
    await this.page.getByLabel("Result sheet").setInputFiles(path);
  }

  async says(words) {
    await this.page.locator(".verdict").getByText(words).waitFor();
  }

  async step(is, words) {
    await this.page.locator(`.step.is-${is}`).filter({ hasText: words }).waitFor();
  }
}

describe("signatures without the browser's help", () => {
  test("are the ones of RFC 8032, and a bit that is changed anywhere is noticed", async () => {
    const hex = (text) => new Uint8Array(Buffer.from(text, "hex"));
    // RFC 8032 §7.1, tests 1 to 3.
    const vectors = [
      ["d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "", "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"],
      ["3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72", "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"],
      ["fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82", "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"],
    ];
    for (const parts of vectors) {
      const [key, message, signature] = parts.map(hex);
      assert.equal(isSignedBySums(key, message, signature), true);
      assert.equal(await isSigned(key, message, signature), true);
      for (const at of [0, 31, 32, 63]) {
        const wrong = signature.slice();
        wrong[at] ^= 1;
        assert.equal(isSignedBySums(key, message, wrong), false);
      }
      assert.equal(isSignedBySums(key, randomBytes(2), signature), false);
    }
    // S + L is the same number, and not the one form that counts (RFC 8032 §8.4).
    const [key, message, signature] = vectors[1].map(hex);
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    let s = signature.subarray(32).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n) + order;
    for (let i = 32; i < 64; i += 1, s >>= 8n) signature[i] = Number(s & 255n);
    assert.equal(isSignedBySums(key, message, signature), false);
  });

  test("answers are written as the server writes them", () => {
    const forms = [
      [{ choice: [2, 1] }, '{"choice":[2,1]}'],
      [{ number: 1e-6 }, '{"number":1e-6}'],
      [{ number: 0.00001 }, '{"number":0.00001}'],
      [{ point: { y: 1, x: 0.5 } }, '{"point":{"x":0.5,"y":1}}'],
      [{ text: "a\u2028\u0001\u007f\"/é" }, '{"text":"a\u2028\\u0001\u007f\\"/é"}'],
      [{ words: ["a"] }, '{"words":["a"]}'],
    ];
    for (const [answer, written] of forms) assert.equal(canonical(answer), written);
    for (const wrong of [{}, { choice: ["1"] }, { other: 1 }, { text: null }, { rating: 1.5 }])
      assert.throws(() => canonical(wrong));
  });
});

describe("a result sheet", () => {
  test("is saved by a voter with the receipt of the vote", async () => {
    const host = await Host.arrive(browser, address, "Grace Hopper");
    const code = await host.creates("Harbours");
    await host.adds(WHICH, { options: ["North", "South"] });
    await host.page.getByRole("button", { name: "Start", exact: true }).click();
    await host.presses(WHICH, "Push live");
    const phones = [];
    for (const option of ["North", "North", "South"]) {
      const phone = await Phone.arrive(browser, `${address}join/${code}`, "Phone");
      await phone.votes(WHICH, option);
      phones.push(phone);
    }
    await phones[2].votes(WHICH, "North");
    await host.presses(WHICH, "Close");
    await host.presses(WHICH, "Show results");
    const card = phones[0].question(WHICH);
    await card.getByText("Receipt of your vote").click();
    receipt = await card.locator("code").textContent();
    const saving = phones[0].page.waitForEvent("download");
    await card.getByRole("button", { name: "Save the result sheet" }).click();
    const saved = join(folder, "sheet.json");
    await (await saving).saveAs(saved);
    sheet = JSON.parse(readFileSync(saved, "utf8"));
    assert.equal(sheet.entries.length, 4);
    await phones[0].isAccessible("the proof of a vote");
    const opening = phones[0].context.waitForEvent("page");
    await card.getByRole("link", { name: "Check it" }).click();
    const page = await opening;
    await page.getByRole("heading", { name: "Check a result" }).waitFor();
    assert.equal(await page.getByLabel("Your receipt").inputValue(), receipt);
    for (const phone of phones) await phone.leave();
    await host.leave();
  });

  test("is checked on the page, and what is wrong with it is said in plain words", async () => {
    const reader = await Verifier.arrive(browser, `${address}verify`, "Reader", { locale: "en-GB" });
    const { page } = reader;
    await reader.isAccessible("the form");
    await page.getByRole("button", { name: "Check" }).click();
    await page.getByRole("status").getByText("Choose a result sheet first.").waitFor();
    await reader.chooses(file("good.json", sheet));
    await reader.says("Everything that was checked is right");
    assert.equal(await page.evaluate(() => document.activeElement.className), "verdict is-right", "read out at once");
    for (const words of ["The signature:", "publishes it", "none of its 4 entries", "counted again, 3.", "The counts:"])
      await reader.step("right", words);
    await reader.step("unknown", "Your own ballot:");
    await page.getByRole("row", { name: "North 3" }).waitFor();
    await page.getByText(WHICH).waitFor();
    await page.getByLabel("Your receipt").fill(`  ${receipt.toUpperCase()} `);
    await page.getByLabel("Your receipt").press("Enter");
    await reader.step("right", "it is in the list and counts. It says: North.");
    await reader.isAccessible("a sheet that is right");
    await reader.picture("verify-right");
    await page.getByLabel("Your receipt").fill("ab".repeat(32));
    await page.getByRole("button", { name: "Check" }).click();
    await reader.says("Something is not right");
    await reader.step("wrong", "no ballot of this list has it");
    await page.getByLabel("Your receipt").fill("");
    await page.getByLabel("Name of the server").fill("another");
    await page.getByRole("button", { name: "Check" }).click();
    await reader.step("wrong", "The key: the sheet names another");
    await page.getByLabel("Name of the server").fill("");
    await reader.leave();
  });

  test("that is forged in any way is told from a good one", async () => {
    const reader = await Verifier.arrive(browser, `${address}verify`, "Reader", { locale: "en-GB" });
    const more = (text) => text.replace('"count":3', '"count":4');
    const changed = structuredClone(sheet);
    changed.entries[0].answer.choice = [2];
    const left = { ...sheet, entries: sheet.entries.slice(1) };
    const forgeries = [
      ["a count under the old signature", altered(more), ["The signature: this question", "The counts:"]],
      ["a question under the old signature", altered((text) => text.replace("harbour", "airport")), ["The signature: this"]],
      ["a ballot that was changed", changed, ["The list of ballots: it is not", "The counts: “North” has 2"]],
      ["a ballot that was left out", left, ["The list of ballots: it is not"]],
      [
        "another key over another count",
        signedAnew(({ results }) => {
          results.counts[0].count = 4;
          results.totalResponses = 4;
        }),
        ["counted again 3, the sheet says 4", "The counts: “North” has 3 when counted again, the sheet says 4"],
      ],
      ["the name of our key for another", { ...signedAnew(() => {}), key: sheet.key }, ["The signature:"]],
    ];
    for (const [what, forged, words] of forgeries) {
      await reader.chooses(file(`${what}.json`, forged));
      await reader.page.locator(".chosen").getByText(what).waitFor();
      await reader.says("Something is not right");
      for (const part of words) await reader.step("wrong", part);
    }
    // A good sheet of a key of somebody's own is right in itself; that the key is not the server's is said.
    await reader.chooses(file("own.json", signedAnew(() => {})));
    await reader.says("Everything that was checked is right");
    await reader.step("unknown", "publishes others now");
    for (const [name, text] of [["a.json", "no JSON"], ["b.json", "{}"], ["c.json", '{"signed":"a.b.c","key":{},"entries":[]}']]) {
      await reader.chooses(file(name, text));
      await reader.says("This file is not a result sheet");
    }
    await reader.isAccessible("a file that cannot be read");
    await reader.chooses(file("last.json", altered(more)));
    await reader.step("wrong", "The signature:");
    await reader.isAccessible("a forged sheet");
    await reader.picture("verify-wrong");
    await reader.leave();
  });

  test("is checked without a server, by the page that was saved, on a phone in the dark and in Arabic", async () => {
    const reader = await Verifier.arrive(browser, `${address}verify`, "Reader", { locale: "en-GB" });
    const saving = reader.page.waitForEvent("download");
    await reader.page.getByRole("link", { name: "Save this page" }).click();
    const saved = join(folder, "plenum-verify.html");
    await (await saving).saveAs(saved);
    await reader.leave();
    const phone = await Verifier.arrive(browser, pathToFileURL(saved).href, "Phone", {
      viewport: { width: 390, height: 780 },
      colorScheme: "dark",
      locale: "en-GB",
      offline: true,
    });
    const { page } = phone;
    assert.equal(await page.getByRole("link", { name: "Save this page" }).count(), 0);
    // Dropped on the page.
    const transfer = await page.evaluateHandle((text) => {
      const data = new DataTransfer();
      data.items.add(new File([text], "dropped.json"));
      return data;
    }, JSON.stringify(sheet));
    await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
    await phone.says("Everything that was checked is right");
    await phone.step("unknown", "The key: whose it is.");
    await phone.isAccessible("the saved page");
    await phone.picture("verify-phone-dark");
    await page.getByLabel("Name of the server").fill(sheet.key.kid);
    await page.getByRole("button", { name: "Check" }).click();
    await phone.step("right", "it is the one that you gave");
    await phone.chooses(file("forged.json", altered((text) => text.replace('"count":3', '"count":2'))));
    await phone.step("wrong", "The signature:");
    await page.getByLabel("Language").selectOption("العربية");
    await page.getByRole("heading", { name: "هناك شيء غير صحيح" }).waitFor();
    await phone.isAccessible("the saved page in Arabic");
    await phone.picture("verify-phone-arabic");
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 390, `nothing sticks out: ${width}`);
    await phone.leave();
  });
});
