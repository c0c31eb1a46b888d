/**
 * Who is online, of the people one talks to alone: follows their `presence:` topics, the newest conversations first, within
 * a share of the topics that a connection may have.
 */

/** At most this part of a connection's topics; conversations come first. */
const SHARE = 1 / 5;

export class Presence {
  #connection;
  #store;
  #most = 20;
  #followed = new Set();

  constructor({ connection, store }) {
    this.#connection = connection;
    this.#store = store;
    // Nobody tells us while there is no line. Each subscription begins with how it stands.
    connection.on("state", ({ phase }) => ["catchingUp", "live"].includes(phase) || store.forgetAllPresence());
    connection.on("hello", ({ limits }) => (this.#most = Presence.share(limits.topics)));
    // No longer in a conversation with each other, most likely: not known is better than wrong.
    connection.on("refused", ({ topic }) => {
      if (this.#followed.delete(topic)) store.forgetPresence(topic.slice("presence:".length));
    });
  }

  /** How many of so many topics are for presence. */
  static share(topics) {
    return Math.floor(topics * SHARE);
  }

  /** The list has changed, or another conversation (`open`: its id) is looked at. */
  refresh(open) {
    const direct = this.#store.list().filter(({ kind }) => kind === "direct");
    const first = direct.filter(({ id }) => id === open);
    const people = [...first, ...direct].map((conversation) => conversation.others()[0]?.id).filter(Boolean);
    const wanted = new Set([...new Set(people)].slice(0, this.#most).map((id) => `presence:${id}`));
    for (const topic of this.#followed) {
      if (wanted.has(topic)) continue;
      this.#connection.unfollow(topic);
      this.#followed.delete(topic);
      this.#store.forgetPresence(topic.slice("presence:".length));
    }
    for (const topic of wanted) {
      if (this.#followed.has(topic)) continue;
      this.#followed.add(topic);
      this.#connection.follow(topic);
    }
  }
}
