import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { lookUp, NameServer } from "../../bench/trace/dns.ts";
import { generate } from "../../bench/trace/generate.ts";
import { LEGITIMATE, type Message, SPAM, START, type Trace } from "../../bench/trace/model.ts";
import { type Answer, type Attempt, play, type Policy } from "../../bench/trace/play.ts";
import { Random } from "../../bench/trace/random.ts";
import { comparison, summarise } from "../../bench/trace/report.ts";
import { type ScheduleName, SCHEDULES } from "../../bench/trace/schedule.ts";
import { answerOf, NO_SERVER } from "../../bench/trace/servers.ts";

const OPTIONS = { seed: "test", days: 10, legitimate: 60, spam: 60 };

/** Greylisting by the exact address, sender and recipient. */
class SimpleGreylisting implements Policy {
  readonly seesOutgoing = false;
  readonly asked: Attempt[] = [];
  readonly #firstSeen = new Map<string, number>();
  readonly #delay: number;

  constructor(delay: number) {
    this.#delay = delay;
  }

  setTime() {}

  ask(attempt: Attempt): Promise<Answer> {
    this.asked.push(attempt);
    const { host, message, recipient, time } = attempt;
    const key = `${host.address} ${message.sender} ${recipient}`;
    const first = this.#firstSeen.get(key) ?? time;
    this.#firstSeen.set(key, first);
    return Promise.resolve(time - first >= this.#delay ? "pass" : "defer");
  }
}

const host = (address: string) => ({ address, name: "mail.alder.example", helo: "mail" });

function traceOf(...messages: Omit<Message, "id">[]): Trace {
  return {
    start: START,
    days: 1,
    messages: messages.map((message, id) => ({ id, ...message })),
    records: new Map(),
    listings: new Map([["198.51.100.7", { from: START + 100, until: START + 200 }]]),
  };
}

function message(schedule: ScheduleName, addresses = ["198.51.100.7"]): Omit<Message, "id"> {
  return {
    time: START,
    kind: "legitimate",
    class: "small server",
    sender: "ada@alder.example",
    recipients: ["user1@home.example"],
    route: { hosts: addresses.map(host), sameHost: 0, sameNetwork: 0, schedule },
  };
}

async function delayOf(schedule: ScheduleName, delay: number): Promise<number | undefined> {
  const [outcome] = await play(traceOf(message(schedule)), new SimpleGreylisting(delay), "1");
  return outcome!.delay;
}

Deno.test("equal options give the same trace, and another seed another one", () => {
  assertEquals(generate(OPTIONS), generate(OPTIONS));
  assertNotEquals(generate(OPTIONS).messages, generate({ ...OPTIONS, seed: "2" }).messages);
});

Deno.test("a trace has every class, in about the number that was asked for, ordered by time", () => {
  const { messages } = generate(OPTIONS);
  const count = (kind: string) => messages.filter((one) => one.kind === kind).length;
  assert(Math.abs(count("legitimate") - 600) < 120, `${count("legitimate")} legitimate messages`);
  assert(Math.abs(count("spam") - 600) < 120, `${count("spam")} spam messages`);
  assert(count("outgoing") > 0);
  const classes = new Set(messages.map((one) => one.class));
  for (const name of [...LEGITIMATE.map((one) => one.name), ...Object.keys(SPAM)]) {
    assert(classes.has(name), `no message of the class ${name}`);
  }
  assertEquals(messages.map(({ time }) => time), messages.map(({ time }) => time).toSorted());
  assert(messages.every(({ time }) => time >= START && time < START + OPTIONS.days * 86_400));
});

Deno.test("the legitimate mail does not depend on the spam", () => {
  const legitimate = (spam: number) =>
    generate({ ...OPTIONS, spam }).messages.filter(({ kind }) => kind === "legitimate")
      .map(({ id: _, ...rest }) => rest);
  assertEquals(legitimate(10), legitimate(100));
});

Deno.test("without greylisting every delivery is accepted at its first try", async () => {
  const trace = generate(OPTIONS);
  const outcomes = await play(trace, NO_SERVER, "1");
  const deliveries = trace.messages.filter(({ kind }) => kind !== "outgoing")
    .reduce((sum, { recipients }) => sum + recipients.length, 0);
  assertEquals(summarise(outcomes), {
    deliveries,
    accepted: deliveries,
    delayed: 0,
    delaySum: 0,
    lateOrLost: 0,
  });
});

Deno.test("greylisting accepts no first try, and all mail of single hosts with a queue", async () => {
  const trace = generate(OPTIONS);
  const outcomes = await play(trace, new SimpleGreylisting(300), "1");
  const known = new Set<string>();
  for (const { message, recipient, delay } of outcomes) {
    const { hosts, schedule } = message.route;
    const key = `${hosts[0]!.address} ${message.sender} ${recipient}`;
    if (schedule === "never" && !known.has(key)) assertEquals(delay, undefined, message.class);
    if (["postfix", "exim", "sendmail"].includes(schedule) && hosts.length === 1) {
      assert(delay !== undefined && delay < 3600, `${message.class}: ${delay} s`);
    }
    known.add(key);
  }
});

Deno.test("a sender is delayed as its schedule says", async () => {
  assertEquals(await delayOf("never", 60), undefined);
  assertEquals(await delayOf("atOnce", 300), undefined);
  const cases: [ScheduleName, delay: number, least: number, most: number][] = [
    ["postfix", 60, 300, 600],
    ["postfix", 601, 900, 1200],
    ["exim", 60, 900, 1800],
    ["sendmail", 1, 1, 1800],
    ["gmail", 60, 0.9 * 362, 1.1 * 362],
    ["outlook", 60, 60, 1.1 * 123],
    ["mailru", 300, 0.9 * 1155, 1.1 * 1155],
    ["loginCode", 60, 45, 300],
  ];
  for (const [schedule, delay, least, most] of cases) {
    const found = await delayOf(schedule, delay);
    assert(
      found !== undefined && found >= least - 1 && found <= most + 1,
      `${schedule}, ${delay} s: ${found} s`,
    );
  }
});

Deno.test("every schedule is ascending and ends", () => {
  for (const [name, schedule] of Object.entries(SCHEDULES)) {
    for (let seed = 0; seed < 20; seed++) {
      const times = [...schedule(new Random(`${seed}`))];
      assertEquals(times, times.toSorted((one, other) => one - other), name);
      assert(times.length < 2000, name);
    }
  }
});

Deno.test("a retry depends on the message and its number, not on earlier answers", async () => {
  const trace = traceOf(message("gmail", ["198.51.100.7", "198.51.101.7", "198.51.102.7"]));
  const tries = async (delay: number) => {
    const policy = new SimpleGreylisting(delay);
    await play(trace, policy, "1");
    return policy.asked.map(({ host, time }) => `${time} ${host.address}`);
  };
  const short = await tries(60);
  const long = await tries(3600);
  assert(short.length < long.length);
  assertEquals(long.slice(0, short.length), short);
});

Deno.test("only the recipients that were deferred are tried again", async () => {
  const asked: string[] = [];
  const policy: Policy = {
    seesOutgoing: false,
    setTime() {},
    ask({ recipient, attempt }) {
      asked.push(`${attempt} ${recipient}`);
      if (recipient === "c@home.example") return Promise.resolve("reject");
      return Promise.resolve(recipient === "a@home.example" || attempt > 1 ? "pass" : "defer");
    },
  };
  const recipients = ["a@home.example", "b@home.example", "c@home.example"];
  const outcomes = await play(traceOf({ ...message("postfix"), recipients }), policy, "1");
  assertEquals(asked, [
    "1 a@home.example",
    "1 b@home.example",
    "1 c@home.example",
    "2 b@home.example",
  ]);
  assertEquals(
    outcomes.map(({ recipient, attempts, delay }) => [recipient, attempts, delay === undefined]),
    [["a@home.example", 1, false], ["c@home.example", 1, true], ["b@home.example", 2, false]],
  );
});

Deno.test("the own users' mail is shown to servers that learn from it", async () => {
  const outgoing: Omit<Message, "id"> = { ...message("never"), kind: "outgoing" };
  for (const seesOutgoing of [true, false]) {
    let count = 0;
    const policy: Policy = {
      seesOutgoing,
      setTime() {},
      ask: () => {
        count++;
        return Promise.resolve("pass");
      },
    };
    assertEquals(await play(traceOf(outgoing), policy, "1"), []);
    assertEquals(count, seesOutgoing ? 1 : 0);
  }
});

Deno.test("an action of access(5) means an answer", () => {
  const cases: [string, Answer][] = [
    ["DUNNO", "pass"],
    ["PREPEND X-Greylist: delayed 60 seconds", "pass"],
    ["DEFER_IF_PERMIT Greylisted", "defer"],
    ["450 4.2.0 Greylisted", "defer"],
    ["REJECT Listed", "reject"],
    ["550 5.7.1 Listed", "reject"],
  ];
  for (const [action, answer] of cases) assertEquals(answerOf(action), answer, action);
});

Deno.test("the trace's name server answers for its records", async () => {
  const trace = generate(OPTIONS);
  const names = new NameServer(trace);
  const nameServer = { ipAddr: "127.0.0.1", port: names.port };
  try {
    const texts = await Deno.resolveDns("GMAIL.com", "TXT", { nameServer });
    assertEquals(texts, [["v=spf1 include:_spf.google.com ~all"]]);
    const missing = Deno.resolveDns("missing.example", "TXT", { nameServer });
    await assertRejects(() => missing, Deno.errors.NotFound);
  } finally {
    await names.close();
  }
});

Deno.test("an address is listed by the trace's clock", () => {
  for (const [after, isListed] of [[99, false], [100, true], [199, true], [200, false]] as const) {
    const records = lookUp(traceOf(), "7.100.51.198.bl.example", START + after);
    assertEquals(records !== undefined, isListed, `${after} s`);
  }
});

Deno.test("the comparison states each figure as a share of postgrey's, and what remains after 14 days", () => {
  const outcome = (kind: "legitimate" | "spam", day: number, delay?: number) => ({
    message: { ...message("postfix"), id: 0, kind, time: START + day * 86_400 },
    recipient: "user1@home.example",
    attempts: 1,
    ...(delay === undefined ? {} : { delay }),
  });
  const run = (server: string, outcomes: ReturnType<typeof outcome>[]) => ({
    server,
    outcomes,
    seconds: 1,
  });
  const rows = comparison([
    run("postgrey", [
      outcome("legitimate", 1, 600),
      outcome("legitimate", 20, 400),
      outcome("legitimate", 21),
      outcome("legitimate", 22),
      outcome("spam", 1, 0),
      outcome("spam", 2),
    ]),
    run("greylag", [
      outcome("legitimate", 1, 150),
      outcome("legitimate", 20, 100),
      outcome("legitimate", 21, 0),
      outcome("legitimate", 22),
      outcome("spam", 1, 0),
      outcome("spam", 2, 0),
    ]),
  ]).split("\n").map((row) => row.split("|").slice(1, -1).map((cell) => cell.trim()));
  const [head, , , greylag] = rows;
  const figures = head!.map((name, at) => `${name}: ${greylag![at]}`);
  for (
    const figure of [
      "of postgrey's: 25.0 %",
      "after 14 d: 25.0 %",
      "lost: 25.00 %",
      "of postgrey's: 50.0 %",
      "spam accepted: 100.0 %",
      "of postgrey's: 200.0 %",
    ]
  ) assert(figures.includes(figure), `${figure} in ${figures}`);
});
