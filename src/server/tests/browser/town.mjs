/**
 * A server, a browser, and people who meet there, each on a line of their own to the server that can be cut. One for each file of
 * tests, as these run in processes of their own.
 */
import { Person, launch, pictures } from "./browser.mjs";
import { Line, Server } from "./server.mjs";

export let server;
export let browser;
const lines = [];

/** A line of one's own to the server. */
export async function newLine() {
  const line = await Line.to(server.port);
  lines.push(line);
  return line;
}

/** Somebody with a new account, in a window of their own. */
export async function meet(name, options) {
  const line = await newLine();
  const person = await Person.arrive(browser, line.address, name, options);
  person.line = line;
  await person.register();
  return person;
}

/** Two people with a conversation that both have open. */
export async function pair(options = {}) {
  const [ada, grace] = [await meet("Ada Lovelace", options.ada), await meet("Grace Hopper", options.grace)];
  await ada.startWith(grace);
  await grace.openConversation("Ada Lovelace");
  return [ada, grace];
}

/** Before all tests of a file. */
export async function openTown() {
  server = await Server.start();
  browser = await launch();
}

/** After all of them. */
export async function closeTown() {
  await browser?.close();
  for (const line of lines) await line.close();
  await server?.stop();
  console.log(`pictures: ${pictures}`);
}
