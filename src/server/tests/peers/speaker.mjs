/** The other side of every journey: somebody on the native protocol in MessagePack, or, beside the reference, on Socket.IO. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { decode, encode } from "@msgpack/msgpack";
import { io } from "socket.io-client";
import WebSocket from "ws";
import { WITHIN_MS } from "./driver.mjs";

/** Answers what `promise` answers, or fails with `what`. */
async function within(what, promise) {
  let timer;
  const late = new Promise((_, failed) => {
    timer = setTimeout(() => failed(new Error(`speaker: ${what}: not within ${WITHIN_MS} ms`)), WITHIN_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

const topic = (conversation) => `conversation:${conversation}`;

/** `plenum.v1.msgpack`. */
export class NativeSpeaker {
  #socket;
  #ids = 0;
  #waiting = new Map();
  #greeted;
  /** Frames other than answers, in order. */
  heard = [];

  constructor(url, person) {
    this.url = `${url.replace("http", "ws")}/ws`;
    this.person = person;
  }

  async open() {
    this.#socket = new WebSocket(this.url, ["plenum.v1.msgpack"]);
    const broken = new Promise((_, failed) => this.#socket.once("error", failed));
    broken.catch(() => {});
    const greeted = new Promise((done) => (this.#greeted = done));
    this.#socket.on("message", (data) => this.#hear(decode(data)));
    await within("hello", Promise.race([greeted, broken]));
    await this.say({ identify: { token: this.person.token } });
    return this;
  }

  #hear(frame) {
    const { hello, ack, refusal } = frame;
    if (hello) return this.#greeted();
    const waiting = this.#waiting.get((ack ?? refusal)?.id);
    if (!waiting) return this.heard.push(frame);
    this.#waiting.delete((ack ?? refusal).id);
    if (ack) waiting.done(ack.result);
    else waiting.failed(new Error(`speaker refused: ${JSON.stringify(refusal)}`));
  }

  say(command) {
    const id = ++this.#ids;
    const answer = new Promise((done, failed) => this.#waiting.set(id, { done, failed }));
    this.#socket.send(encode({ id, command }));
    return within(Object.keys(command)[0], answer);
  }

  async listen(conversation) {
    await this.say({ subscribe: { topic: topic(conversation) } });
  }

  /** Says something; answers its offset. */
  async send(conversation, text) {
    const send = { topic: topic(conversation), clientRef: randomUUID(), content: { text } };
    const { sent } = await this.say({ send });
    return sent.offset;
  }

  /** Texts heard in a conversation, with their offsets. */
  texts(conversation) {
    const events = this.heard.map(({ event }) => event).filter((event) => event?.topic === topic(conversation));
    const messages = events.filter(({ event }) => event.conversation?.message);
    return messages.map(({ offset, event }) => [offset, event.conversation.message.content.text]);
  }

  /** Who is said to type in a conversation. */
  typists(conversation) {
    const signals = this.heard.map(({ signal }) => signal).filter((signal) => signal?.topic === topic(conversation));
    return signals.map(({ signal }) => signal.typing?.user).filter(Boolean);
  }

  close() {
    this.#socket?.terminate();
  }
}

/** The same over Socket.IO, for a server that speaks nothing else. */
export class SocketIoSpeaker {
  #socket;
  #texts = [];
  #typists = [];

  constructor(url, person) {
    this.url = url;
    this.person = person;
  }

  async open() {
    this.#socket = io(this.url, { forceNew: true, transports: ["websocket"], auth: { token: this.person.token } });
    this.#socket.on("new-message", ({ conversationId, offset, content }) => {
      this.#texts.push([conversationId, offset, content]);
    });
    this.#socket.on("typing", ({ conversationId, userId }) => this.#typists.push([conversationId, userId]));
    await within("connect", new Promise((done) => this.#socket.once("connect", done)));
    return this;
  }

  async listen(conversationId) {
    const answer = await within("join", this.#socket.emitWithAck("join-conversation", { conversationId }));
    assert.ok(answer.ok, JSON.stringify(answer));
  }

  async send(conversationId, content) {
    const message = { conversationId, content, type: "text", clientRef: randomUUID() };
    const answer = await within("send", this.#socket.emitWithAck("send-message", message));
    assert.ok(answer.ok, JSON.stringify(answer));
    return answer.offset;
  }

  texts(conversation) {
    return this.#texts.filter(([id]) => id === conversation).map(([, ...rest]) => rest);
  }

  typists(conversation) {
    return this.#typists.filter(([id]) => id === conversation).map(([, user]) => user);
  }

  close() {
    this.#socket?.disconnect();
  }
}
