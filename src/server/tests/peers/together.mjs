/** Different clients in one conversation: each hears everything, once, in one order, in its own words. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { hyphen, underscore } from "./vocabulary.mjs";
import { WITHIN_MS } from "./driver.mjs";

/** Does `act` again and again until `holds`; fails with `what` when it does not in time. */
async function eventually(what, holds, act = async () => {}) {
  const deadline = Date.now() + WITHIN_MS;
  while (!holds()) {
    assert.ok(Date.now() < deadline, `${what}: not within ${WITHIN_MS} ms`);
    await act();
    await new Promise((done) => setTimeout(done, 50));
  }
}

export class Together {
  /**
   * `hyphenated`, `underscored`, `silent` and, if it is there, `packed` are drivers with the transports of their clients. The silent one
   * never emits a word of either vocabulary; the packed one has the MessagePack parser and hyphens.
   */
  constructor(world, speaker, drivers) {
    Object.assign(this, { world, speaker, drivers });
  }

  async prepare() {
    const { world, speaker } = this;
    this.people = {};
    for (const name of Object.keys(this.drivers)) this.people[name] = await world.person(name);
    this.conversation = await world.group("everybody", [speaker.person, ...Object.values(this.people)]);
    this.visitor = await world.person("visitor");
    await world.direct(this.people.hyphenated, this.visitor);
  }

  async finish() {}

  async #ask(socket, words) {
    const [answer] = await socket.ask(...words);
    assert.equal(answer.ok, true, JSON.stringify(answer));
    return answer;
  }

  async meet() {
    for (const [name, { driver, transports }] of Object.entries(this.drivers)) {
      const options = { url: this.world.url, auth: { token: this.people[name].token }, transports };
      this[name] = driver.open(name, options);
      await this[name].connected();
    }
    await this.#ask(this.hyphenated, hyphen.join(this.conversation));
    await this.#ask(this.underscored, underscore.join(this.conversation));
    if (this.packed) await this.#ask(this.packed, hyphen.join(this.conversation));
    await this.speaker.listen(this.conversation);
    // Who has joined nothing is let into its conversations a moment after it has connected.
    const heard = () => this.silent.all(hyphen.message).length > 0;
    await eventually("the silent one hears", heard, () => this.speaker.send(this.conversation, "anybody?"));
  }

  async talk() {
    const { conversation, hyphenated, underscored, silent, packed, speaker } = this;
    const everybody = [hyphenated, underscored, silent, ...(packed ? [packed] : [])];
    const marks = everybody.map((socket) => socket.heard.length);
    const said = [];
    for (let n = 0; n < 3; n++) {
      said.push([(await this.#ask(hyphenated, hyphen.send(conversation, `hyphen ${n}`, randomUUID()))).offset, `hyphen ${n}`]);
      said.push([(await this.#ask(underscored, underscore.send(conversation, `underscore ${n}`, randomUUID()))).offset, `underscore ${n}`]);
      if (packed) said.push([(await this.#ask(packed, hyphen.send(conversation, `packed ${n}`, randomUUID()))).offset, `packed ${n}`]);
      said.push([await speaker.send(conversation, `speaker ${n}`), `speaker ${n}`]);
    }
    const end = said.at(-1)[0];
    const hears = (socket, name, from) => socket.event(name, ({ offset }) => offset === end, from);
    const texts = (socket, name, from) => socket.all(name, from).map(({ offset, content }) => [offset, content]);
    const words = [[hyphen.message], [underscore.message], [hyphen.message, underscore.message], [hyphen.message]];
    for (const [at, socket] of everybody.entries()) {
      for (const name of words[at]) {
        await hears(socket, name, marks[at]);
        const heard = texts(socket, name, marks[at]).filter(([, text]) => text !== "anybody?");
        assert.deepEqual(heard, said, `${socket.name} by ${name}`);
      }
    }
    assert.equal(hyphenated.all(hyphen.foreign).length + underscored.all(underscore.foreign).length, 0, "foreign words");
    await eventually("the speaker hears the end", () => speaker.texts(conversation).some(([offset]) => offset === end));
    const all = speaker.texts(conversation).filter(([offset]) => offset >= said[0][0]);
    assert.deepEqual(all.filter(([, text]) => text !== "anybody?"), said, "the speaker");
  }

  async type() {
    const { conversation, hyphenated, underscored, people, speaker } = this;
    hyphenated.emit("typing", { conversationId: conversation });
    const typed = (id) => (typist) => typist.userId === id;
    const { args } = await underscored.event("user_typing", typed(people.hyphenated.id));
    assert.equal(args[0].roomId, conversation);
    await eventually("the speaker sees typing", () => speaker.typists(conversation).includes(people.hyphenated.id));
    underscored.emit("typing", { roomId: conversation });
    const back = await hyphenated.event("typing", typed(people.underscored.id));
    assert.equal(back.args[0].conversationId, conversation);
    hyphenated.emit("stop-typing", { conversationId: conversation });
  }

  async read() {
    const { conversation, hyphenated, silent, people } = this;
    const { id } = hyphenated.all(hyphen.message).at(-1);
    await this.#ask(hyphenated, ["mark-as-read", { conversationId: conversation, upTo: id }]);
    const mine = ({ status, userId }) => status === "read" && userId === people.hyphenated.id;
    const { args } = await silent.event("message-status", mine);
    assert.deepEqual([args[0].conversationId, args[0].messageId], [conversation, id]);
  }

  async comeAndGo() {
    const { hyphenated, visitor, world } = this;
    const from = hyphenated.heard.length;
    const { driver, transports } = this.drivers.silent;
    const socket = driver.open("visitor", { url: world.url, auth: { token: visitor.token }, transports });
    await socket.connected();
    const theirs = ({ userId }) => userId === visitor.id;
    await hyphenated.event("user-online", theirs, from);
    socket.close();
    await hyphenated.event("user-offline", theirs, from);
  }

  async whisper() {
    const { hyphenated, underscored, people } = this;
    const content = `between us ${randomUUID()}`;
    await this.#ask(underscored, ["send_direct_message", { userId: people.hyphenated.id, content }]);
    const { args } = await hyphenated.event(hyphen.message, (message) => message.content === content);
    assert.equal(args[0].senderId, people.underscored.id);
    const reply = { recipientId: people.underscored.id, content: `yes, ${content}`, type: "text" };
    await this.#ask(hyphenated, ["send-message", reply]);
    await underscored.event("new_direct_message", (message) => message.content === reply.content);
    assert.notEqual(args[0].conversationId, this.conversation);
  }

  async change() {
    const { conversation, underscored, silent } = this;
    const { messageId } = await this.#ask(underscored, underscore.send(conversation, "to be changd", randomUUID()));
    const steps = [
      ["edited", ["edit_message", { messageId, content: "to be changed" }]],
      ["reaction", ["add_reaction", { messageId, emoji: "👍" }]],
      ["deleted", ["delete_message", { messageId }]],
    ];
    for (const [change, words] of steps) {
      await this.#ask(underscored, words);
      await silent.event("message_updated", (update) => update.change === change && update.message.id === messageId);
    }
  }
}

export const STEPS = [
  ["they meet in one conversation", (together) => together.meet()],
  ["everybody hears everything, once, in one order, in the own words", (together) => together.talk()],
  ["typing is seen across", (together) => together.type()],
  ["reading is seen", (together) => together.read()],
  ["who comes and who goes is seen", (together) => together.comeAndGo()],
  ["a direct message makes its conversation and reaches who is there", (together) => together.whisper()],
  ["edits, reactions and deletions are seen", (together) => together.change()],
];
