import assert from "node:assert/strict";
import { test } from "node:test";
import { Store } from "../../../../web/assets/store.js";
import { FakeStorage } from "./fake-line.mjs";

const ID = "0190a000-0000-7000-8000-000000000001";
const TOPIC = `conversation:${ID}`;
const PEOPLE = ["me", "ada", "linus"].map((id) => ({ id, fullName: id.toUpperCase() }));

function item(more = {}) {
  return {
    id: ID,
    kind: "group",
    title: "T",
    participants: PEOPLE,
    participantCount: 3,
    lastMessage: null,
    lastMessageAt: null,
    unreadCount: 0,
    readPosition: 0,
    head: 1,
    ...more,
  };
}

function setUp(more, storage = new FakeStorage()) {
  const store = new Store({ id: "me", fullName: "Me" }, storage);
  const { conversation } = store.take(item(more));
  const hear = (author, offset) => store.event(message(author, offset));
  return { store, conversation, hear, storage };
}

function message(author, offset) {
  return {
    topic: TOPIC,
    offset,
    at: offset,
    event: { conversation: { message: { id: `m${offset}`, author, number: offset, content: { text: `t${offset}` } } } },
  };
}

test("what others write is unread until it is read", () => {
  const { store, conversation, hear } = setUp();
  hear("ada", 2);
  hear("linus", 3);
  assert.equal(conversation.unread, 2);
  store.read(ID, 3);
  assert.equal(conversation.unread, 0);
  hear("ada", 4);
  assert.equal(conversation.unread, 1);
});

test("what oneself writes, here or elsewhere, means that everything before was seen", () => {
  const { conversation, hear } = setUp();
  hear("ada", 2);
  hear("me", 3);
  assert.equal(conversation.unread, 0);
  hear("ada", 4);
  assert.equal(conversation.unread, 1);
});

test("events that the list had counted already do not count again", () => {
  const { store, conversation, hear } = setUp();
  store.take(item({ unreadCount: 2, head: 3 }));
  assert.equal(conversation.unread, 2);
  hear("ada", 2);
  hear("ada", 3);
  assert.equal(conversation.unread, 2);
  hear("ada", 4);
  assert.equal(conversation.unread, 3);
});

test("events that came after the list was made count on top of it", () => {
  const { store, conversation, hear } = setUp();
  hear("ada", 2);
  hear("ada", 3);
  store.take(item({ unreadCount: 1, head: 2 }));
  assert.equal(conversation.unread, 2);
});

test("a list from before our own mark does not bring the badge back", () => {
  const { store, conversation, hear } = setUp();
  hear("ada", 2);
  store.read(ID, 2);
  store.take(item({ unreadCount: 1, head: 2 }));
  assert.equal(conversation.unread, 0);
});

test("a list that knows of reading on another device takes the badge away", () => {
  const { store, conversation, hear } = setUp();
  hear("ada", 2);
  store.take(item({ unreadCount: 0, readPosition: 2, head: 2 }));
  assert.equal(conversation.unread, 0);
});

test("pages of history join what is there without gap or double", () => {
  const { store, conversation, hear } = setUp({ head: 4 });
  hear("ada", 5);
  const page = (...offsets) => ({ events: offsets.map((offset) => message("ada", offset)), first: 1 });
  store.prepend(ID, page(3, 4, 5));
  assert.equal(conversation.low, 3);
  store.prepend(ID, page(1, 2));
  assert.deepEqual(
    conversation.items.map(({ offset }) => offset),
    [1, 2, 3, 4, 5],
  );
  assert.equal(conversation.low, 1);
  assert.equal(conversation.unread, 1, "history is not news");
});

test("where retention removed the beginning a gap stands there", () => {
  const { store, conversation } = setUp({ head: 9 });
  store.prepend(ID, { events: [8, 9].map((offset) => message("ada", offset)), first: 8 });
  assert.deepEqual(conversation.items[0].gap, { from: 1, to: 7 });
  assert.equal(conversation.low, 1);
});

test("a live gap stands in its place and the position moves on", () => {
  const { store, conversation, hear } = setUp();
  store.gap({ topic: TOPIC, from: 2, to: 6 });
  hear("ada", 7);
  assert.deepEqual(
    conversation.items.map(({ gap, offset }) => gap ?? offset),
    [{ from: 2, to: 6 }, 7],
  );
});

test("an own message is delivered and read when the others' marks say so", () => {
  const { store, conversation, hear } = setUp();
  hear("me", 2);
  const marks = (user, delivered, read) => store.signal({ topic: TOPIC, signal: { marks: { user, delivered, read } } });
  assert.deepEqual(conversation.reach(2), { state: "sent", readers: 0, of: 2 });
  marks("ada", 2, 0);
  assert.equal(conversation.reach(2).state, "sent");
  marks("linus", 2, 2);
  assert.deepEqual(conversation.reach(2), { state: "delivered", readers: 1, of: 2 });
  marks("ada", 2, 2);
  assert.equal(conversation.reach(2).state, "read");
});

test("marks only grow, and are kept over a reload", () => {
  const { store, hear, storage } = setUp();
  hear("me", 2);
  const marks = (user, read) => store.signal({ topic: TOPIC, signal: { marks: { user, delivered: read, read } } });
  for (const user of ["ada", "linus"]) marks(user, 2);
  marks("ada", 1);
  assert.equal(setUp({}, storage).conversation.reach(2).state, "read");
});

test("what the server says of the readers fills in what was missed", () => {
  const { store, conversation, hear } = setUp({ participants: PEOPLE.slice(0, 2), participantCount: 3 });
  hear("me", 2);
  hear("linus", 3);
  assert.equal(conversation.nameOf("linus"), "Somebody");
  store.meet(
    ID,
    PEOPLE.map((user) => ({ user, role: "member", delivered: 3, read: user.id === "me" ? 0 : 2 })),
  );
  assert.equal(conversation.nameOf("linus"), "LINUS");
  assert.equal(conversation.nameOf("gone"), "Former member");
  assert.deepEqual(conversation.reach(2), { state: "read", readers: 2, of: 2 });
});

test("who answers has read what stood before", () => {
  const { conversation, hear } = setUp({ participants: PEOPLE.slice(0, 2), participantCount: 2, kind: "direct" });
  hear("me", 2);
  hear("ada", 3);
  assert.equal(conversation.reach(2).state, "read");
});

test("typing ends with the message", () => {
  const { store, conversation, hear } = setUp();
  store.signal({ topic: TOPIC, signal: { typing: { user: "ada", active: true } } });
  assert.deepEqual([...conversation.typing.keys()], ["ada"]);
  hear("ada", 2);
  assert.equal(conversation.typing.size, 0);
});

test("the newest conversation comes first", () => {
  const { store, hear } = setUp({ lastMessageAt: "1970-01-01T00:00:00.010Z" });
  store.take(item({ id: "other", lastMessageAt: "1970-01-01T00:00:00.050Z" }));
  const order = () => store.list().map(({ id }) => id);
  assert.deepEqual(order(), ["other", ID]);
  hear("ada", 60);
  assert.deepEqual(order(), [ID, "other"]);
});

test("memory is given back when a long conversation is left, and can be read again", () => {
  const { store, conversation, hear } = setUp();
  for (let offset = 2; offset <= 1_500; offset += 1) hear("ada", offset);
  store.leave(ID);
  assert.equal(conversation.items.length, 1_000);
  assert.equal(conversation.low, 501);
  assert.equal(conversation.position, 1_500);
});
