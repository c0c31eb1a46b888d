/**
 * @typedef {object} Item an event or a gap
 * @property {number} offset
 * @property {number} at
 * @property {object} [event] as on the wire, without the word `conversation` around it
 * @property {{from: number, to: number}} [gap]
 */

/** A message in words: its text, and the names or addresses of what is attached. */
export function wordsOf({ text, attachments = [] }) {
  return [text, ...attachments.map(({ name, url }) => name ?? url)].filter(Boolean).join("\n");
}

/** One conversation. Its events are one unbroken range of offsets, from `low` to `position`. */
export class Conversation {
  /** @type {Item[]} */
  items = [];
  marks;
  typing = new Map();
  /** Everybody whose name is known, former members too: id → {id, fullName}. */
  people = new Map();
  /** Ids of the members; all of them once `meet` has been told, before that ten at most. */
  members = new Set();
  memberCount = 0;
  /** How many of them are online; undefined before that is known. Of groups only. */
  online;
  /** When something last happened: what the list is sorted by. */
  activeAt = 0;
  last;
  unread = 0;
  read = 0;
  /** One is no member any more: what one has seen stays readable until the page is left. */
  isGone = false;
  #me;
  #metAll = false;
  /** Up to here the server has counted what is unread. */
  #countedTo = 0;
  /** Our own last message: who writes has seen what stood before. */
  #ownLast = 0;

  constructor(item, me, marks) {
    this.id = item.id;
    this.topic = `conversation:${item.id}`;
    this.position = item.head;
    /** Everything from here on is in `items`; 1 when nothing older exists. */
    this.low = item.head + 1;
    this.marks = marks;
    this.#me = me;
  }

  /**
   * What the list says of it.
   * @param {object} item
   * @param {number} activeAt when to take it to have been active, where nobody has written yet
   */
  describe(item, activeAt) {
    this.isGone = false;
    this.kind = item.kind;
    this.title = item.title;
    for (const person of item.participants) this.people.set(person.id, person);
    this.memberCount = item.participantCount;
    if (item.participants.length === item.participantCount || !this.#metAll) {
      this.members = new Set(item.participants.map(({ id }) => id));
    }
    if (!this.last || (item.lastMessage && item.lastMessage.offset >= this.last.offset)) {
      this.last = item.lastMessage ?? undefined;
      this.activeAt = item.lastMessageAt ? Date.parse(item.lastMessageAt) : activeAt;
    }
    this.#count(item);
  }

  /** All members, and how far each has come. */
  meet(readers) {
    this.members = new Set(readers.map(({ user }) => user.id));
    this.memberCount = readers.length;
    this.#metAll = true;
    for (const { user, delivered, read } of readers) {
      this.people.set(user.id, user);
      this.mark(user.id, { delivered, read });
    }
  }

  /** What the server counted up to its head, and what has come here since. A count from before our own mark is old. */
  #count({ unreadCount, readPosition, head }) {
    if ((readPosition ?? 0) < this.read) return;
    this.read = readPosition ?? 0;
    this.#countedTo = head;
    this.unread = (this.#ownLast > head ? 0 : unreadCount) + this.#uncounted();
  }

  /** Unread messages that the server's count does not contain. */
  #uncounted() {
    const from = Math.max(this.#countedTo, this.read, this.#ownLast);
    return this.items.filter(({ offset, event }) => offset > from && event?.message).length;
  }

  append(item) {
    this.items.push(item);
    this.position = item.offset;
    const { message, titleChanged } = item.event ?? {};
    if (titleChanged) this.title = titleChanged.title;
    if (!message) return;
    if (this.isMe(message.author)) {
      this.#ownLast = item.offset;
      this.unread = 0;
    } else if (item.offset > Math.max(this.#countedTo, this.read)) {
      this.unread += 1;
    }
    this.last = { text: wordsOf(message.content), author: message.author, at: item.at, offset: item.offset };
    this.activeAt = Math.max(this.activeAt, item.at);
    this.mark(message.author, { delivered: item.offset, read: item.offset });
  }

  /** @param {{events: object[], first: number}} page events below `low`, oldest first */
  prepend({ events, first }) {
    const older = events.filter(({ offset }) => offset < this.low);
    this.items.unshift(...older.map(({ offset, at, event }) => ({ offset, at, event: event.conversation })));
    for (const { offset, event } of older) {
      const author = event.conversation.message?.author;
      if (author) this.mark(author, { delivered: offset, read: offset });
    }
    const start = older.length > 0 ? older[0].offset : this.low;
    const gone = first > 1 && start <= first;
    if (gone) this.items.unshift({ offset: first - 1, at: this.items[0]?.at ?? 0, gap: { from: 1, to: first - 1 } });
    this.low = gone || older.length === 0 ? 1 : start;
  }

  forget(position) {
    this.items = [];
    this.position = position;
    this.low = position + 1;
  }

  trim(most) {
    if (this.items.length <= most) return;
    this.items.splice(0, this.items.length - most);
    this.low = this.items[0].offset;
  }

  mark(user, { delivered, read }) {
    const known = this.marks.get(user) ?? { delivered: 0, read: 0 };
    const next = { read: Math.max(known.read, read), delivered: Math.max(known.delivered, delivered, read) };
    this.marks.set(user, next);
  }

  readTo(offset) {
    const changed = offset > this.read || this.unread > 0;
    this.read = Math.max(this.read, offset);
    this.#countedTo = Math.max(this.#countedTo, offset);
    this.unread = this.#uncounted();
    return changed;
  }

  /** The other members that are known, by name. */
  others() {
    const others = [...this.members].filter((id) => !this.isMe(id)).map((id) => this.people.get(id));
    return others.sort((a, b) => a.fullName.localeCompare(b.fullName));
  }

  name() {
    if (this.kind !== "direct") return this.title || this.others().map(({ fullName }) => fullName).join(", ") || "Group";
    return this.others()[0]?.fullName ?? "Notes to yourself";
  }

  /** Whose colour it has: the other person's in a direct conversation. */
  face() {
    return this.kind !== "direct" ? this.id : (this.others()[0]?.id ?? this.#me.id);
  }

  isMe(user) {
    return user === this.#me.id;
  }

  nameOf(user) {
    if (this.isMe(user)) return "You";
    const isAway = this.#metAll || this.members.size === this.memberCount;
    return this.people.get(user)?.fullName ?? (isAway ? "Former member" : "Somebody");
  }

  /** How far an own message at `offset` has got: {state: "sent" | "delivered" | "read", readers, of}. */
  reach(offset) {
    const of = this.memberCount - (this.members.has(this.#me.id) ? 1 : 0);
    const marks = this.others().map(({ id }) => this.marks.get(id) ?? { delivered: 0, read: 0 });
    const readers = marks.filter(({ read }) => read >= offset).length;
    const delivered = marks.filter((mark) => mark.delivered >= offset).length;
    if (of > 0 && readers >= of) return { state: "read", readers, of };
    return { state: of > 0 && delivered >= of ? "delivered" : "sent", readers, of };
  }
}
