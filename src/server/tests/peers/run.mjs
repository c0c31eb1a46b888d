/**
 * Real Socket.IO clients against a real server process; prints TAP, and fails when anything did.
 *
 *   node run.mjs [--reference] [--only TEXT]…
 *
 * PLENUM_BIN        the server; with --reference the double in reference/ stands for it
 * PEERS_PYTHON      a Python with requirements.txt installed
 * PEERS_JAVA        class path of the Java driver (its classes and what they need)
 * PEERS_RUST        the Rust driver
 * PEERS_CONFORMANCE the example socketio-conformance
 * A client whose variable is not set fails: scripts/test sets them all. `--only` takes the clients with TEXT in their name,
 * `suite` the cases of the protocols' published test suites, `together` what they do in one conversation.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { encode } from "@msgpack/msgpack";
import { Bytes, STEPS as BYTES, Conformance } from "./bytes.mjs";
import { Driver } from "./driver.mjs";
import { Journey, STEPS } from "./journeys.mjs";
import { NativeSpeaker, SocketIoSpeaker } from "./speaker.mjs";
import { SERVERS, suites } from "./suite.mjs";
import { STEPS as TOGETHER, Together } from "./together.mjs";
import { hyphen, underscore } from "./vocabulary.mjs";
import { World } from "./world.mjs";

const options = { reference: { type: "boolean", default: false }, only: { type: "string", multiple: true } };
const { values } = parseArgs({ options });
const here = import.meta.dirname;
const both = ["polling", "websocket"];

function needed(variable) {
  if (process.env[variable]) return process.env[variable];
  throw new Error(`${variable} is not set: see run.mjs, or use scripts/test peers`);
}

const versionOf = (name) => JSON.parse(readFileSync(join(here, "node_modules", name, "package.json"))).version;
const javascript = (...packages) => () => [process.execPath, join(here, "clients/javascript.mjs"), ...packages];
const python = () => [needed("PEERS_PYTHON"), join(here, "clients/python/client.py")];
const java = () => [process.env.PEERS_JAVA_BIN ?? "java", "-XX:TieredStopAtLevel=1", "-cp", needed("PEERS_JAVA"), "Driver"];
const rust = () => [needed("PEERS_RUST")];

const binary = (bytes) => ({ $binary: Buffer.from(bytes).toString("base64") });
// A kind that does not exist, JSON that breaks off, no list, bytes that nothing announced.
const noPackets = ["9[]", '2["echo', '2{"echo":1}', binary([1, 2, 3])];
const js4 = { command: javascript("socket.io-client"), vocabulary: hyphen, recovers: true, noPackets };
const js3 = { command: javascript("socket.io-client-3"), vocabulary: hyphen, noPackets };
// No MessagePack, MessagePack that breaks off, a packet of a kind that does not exist, one without a list, one of the other parser.
const packed = {
  ...js4,
  command: javascript("socket.io-client", "socket.io-msgpack-parser"),
  packed: true,
  noPackets: [
    binary([0xc1]),
    binary([0x83, 0xa4]),
    ...[{ type: 9, nsp: "/", data: [] }, { type: 2, nsp: "/", data: { echo: 1 } }].map((packet) => binary(encode(packet))),
    '2["echo",1]',
  ],
};
const four = `npm socket.io-client ${versionOf("socket.io-client")}`;
const parser = `with socket.io-msgpack-parser ${versionOf("socket.io-msgpack-parser")}`;
const three = `npm socket.io-client ${versionOf("socket.io-client-3")}`;

/**
 * `recovers`: has connection state recovery. Whoever has two transports begins with polling and must tell that it has gone over to
 * WebSocket. `packed`: speaks MessagePack, which a server of npm `socket.io` does to all its clients or to none. `noPackets`: what it can
 * be made to write that is no packet. `onlyTopBytes`: knows bytes
 * as a whole argument only. `silentBreaks`: does not tell that the line is broken, only that it is whole again. `atOnce`: events
 * without a pause between them; python-engineio gives up over more than 16 packets in one poll.
 */
const CLIENTS = [
  { ...js4, name: `${four}, websocket`, transports: ["websocket"] },
  { ...js4, name: `${four}, polling`, transports: ["polling"] },
  { ...js4, name: `${four}, upgrade`, transports: both },
  { ...packed, name: `${four} ${parser}, websocket`, transports: ["websocket"] },
  { ...packed, name: `${four} ${parser}, upgrade`, transports: both },
  { ...packed, name: `${four} ${parser}, polling`, transports: ["polling"], vocabulary: underscore },
  { ...js3, name: `${three}, upgrade`, transports: both },
  { ...js3, name: `${three}, polling`, transports: ["polling"] },
  { name: "PyPI python-socketio, upgrade", command: python, vocabulary: underscore, transports: both, atOnce: 9 },
  { name: "PyPI python-socketio, polling", command: python, vocabulary: hyphen, transports: ["polling"], atOnce: 9 },
  { name: "Maven io.socket:socket.io-client, upgrade", command: java, vocabulary: underscore, transports: both },
  { name: "Maven io.socket:socket.io-client, polling", command: java, vocabulary: hyphen, transports: ["polling"] },
  {
    name: "crate rust_socketio, websocket",
    command: rust,
    vocabulary: underscore,
    transports: ["websocket"],
    onlyTopBytes: true,
    silentBreaks: true,
  },
];

const wanted = (name) => !values.only || values.only.some((text) => name.includes(text));
const possible = ({ packed: isPacked }) => !(isPacked && values.reference);

let count = 0;
let failures = 0;

let skipped = 0;

function result(name, error, note) {
  count++;
  if (note) skipped++;
  console.log(`${error ? "not ok" : "ok"} ${count} - ${name}${note ? ` # SKIP ${note}` : ""}`);
  if (!error) return;
  failures++;
  for (const line of String(error.stack ?? error).split("\n")) console.log(`  # ${line}`);
}

/** Runs the steps of one party in order; what comes after a failure is not reached, and that is a failure too. */
async function travel(name, party, steps) {
  let stopped = null;
  const attempt = async (title, act) => {
    if (stopped) return result(`${name}: ${title}`, `not reached after "${stopped}"`);
    try {
      result(`${name}: ${title}`, null, await act());
    } catch (error) {
      stopped = title;
      result(`${name}: ${title}`, error);
    }
  };
  await attempt("the stage is set", () => party.prepare());
  for (const [title, act] of steps) await attempt(title, () => act(party));
  await party.finish();
}

async function alone(world, speaker, conformance, client) {
  const driver = new Driver(client.command());
  try {
    await travel(client.name, new Journey(world, driver, client, speaker), STEPS);
    await travel(client.name, new Bytes(conformance, driver, client), BYTES);
  } finally {
    await driver.end();
  }
}

/** Each case stands for itself, and has one try. */
async function suite(program) {
  const servers = {};
  try {
    for (const [name, flags] of Object.entries(SERVERS)) servers[name] = await Conformance.start(program, flags);
    await suites(servers, values.reference, async (name, act) => {
      try {
        result(name, null, await act());
      } catch (error) {
        result(name, error);
      }
    });
  } finally {
    await Promise.all(Object.values(servers).map((server) => server.stop()));
  }
}

async function together(world, speaker) {
  const drivers = {
    hyphenated: { driver: new Driver(js4.command()), transports: ["websocket"] },
    underscored: { driver: new Driver(java()), transports: both },
    silent: { driver: new Driver(python()), transports: both },
    ...(possible(packed) && { packed: { driver: new Driver(packed.command()), transports: ["websocket"] } }),
  };
  try {
    await travel("JavaScript with both parsers, Java, Python and native MessagePack", new Together(world, speaker, drivers), TOGETHER);
  } finally {
    await Promise.all(Object.values(drivers).map(({ driver }) => driver.end()));
  }
}

async function main() {
  // One address stands for many people here.
  process.env.PLENUM__HTTP__ADDRESS_RATE__PER_SECOND = "0";
  process.env.PLENUM__HTTP__CALLER_RATE__PER_SECOND = "0";
  process.env.PLENUM__PRESENCE__GRACE_MS = "500";
  if (values.reference) process.env.PLENUM_BIN = join(here, "reference/server.mjs");
  console.log("TAP version 13");
  const program = values.reference ? join(here, "reference/conformance.mjs") : needed("PEERS_CONFORMANCE");
  const conformance = await Conformance.start(program, SERVERS.patient);
  const world = await World.start({ hasBoard: !values.reference });
  const Speaker = values.reference ? SocketIoSpeaker : NativeSpeaker;
  const speaker = new Speaker(world.url, await world.person("speaker"));
  try {
    await speaker.open();
    if (wanted("suite")) await suite(program);
    for (const client of CLIENTS.filter((client) => possible(client) && wanted(client.name))) await alone(world, speaker, conformance, client);
    if (wanted("together")) await together(world, speaker);
  } catch (error) {
    result("the run", error);
  } finally {
    speaker.close();
    if (failures) for (const line of world.server.log().split("\n")) console.log(`# server: ${line}`);
    await Promise.all([world.stop(), conformance.stop()]);
  }
  console.log(`1..${count}\n# ${count - failures} of ${count} passed, ${skipped} of them skipped`);
  process.exitCode = failures || !count ? 1 : 0;
}

await main();
