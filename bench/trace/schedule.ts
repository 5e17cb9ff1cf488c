/** Retry schedules of mail servers and bots, with their sources; README.md lists them. */
import type { Random } from "./random.ts";

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** Times of the retries in seconds after the first try, ascending; ends when the sender gives up. */
export type Schedule = (random: Random) => Generator<number>;

/** The first scan of a queue at or after a time; the queue is scanned once a period. */
function nextScan(due: number, period: number, phase: number): number {
  return phase + Math.ceil(Math.max(0, due - phase) / period) * period;
}

/**
 * A mail server whose queue is scanned once a period, at a phase of its own. A message is due when
 * its pause is over; the pause may depend on the age of the message at its last try.
 */
function scannedQueue(
  period: number,
  lifetime: number,
  pause: (age: number, attempt: number) => number,
): Schedule {
  return function* (random) {
    const phase = random.between(0, period);
    let age = 0;
    for (let attempt = 1; age < lifetime; attempt++) {
      age = nextScan(age + pause(age, attempt), period, phase);
      yield age;
    }
  };
}

/** Measured times of retries, and the pause of those that follow. */
function measured(times: readonly string[], pause: number, lifetime: number): Schedule {
  return function* (random) {
    // The measurement is one run: a fifth of spread stands for all others.
    const factor = random.between(0.9, 1.1);
    let age = 0;
    for (const time of times) {
      const [minutes, seconds] = time.split(":").map(Number) as [number, number];
      age = (minutes * MINUTE + seconds) * factor;
      yield age;
    }
    for (age += pause; age < lifetime; age += pause) yield age;
  };
}

/** Pauses from a range, each a factor longer than the last, at most `count` of them. */
function pauses(least: number, most: number, count: number, factor = 1, cap = Infinity): Schedule {
  return function* (random) {
    let age = 0;
    for (let attempt = 0; attempt < count; attempt++) {
      age += Math.min(cap, random.between(least, most) * factor ** attempt);
      yield age;
    }
  };
}

/** No retry. */
const never: Schedule = function* () {};

export const SCHEDULES = {
  never,
  // postconf(5): queue_run_delay 300 s, minimal_backoff_time 300 s, maximal_backoff_time 4000 s,
  // maximal_queue_lifetime 5 d; the pause doubles with the age of the message.
  postfix: scannedQueue(5 * MINUTE, 5 * DAY, (age) => Math.min(4000, Math.max(300, age))),
  // Exim's default retry rule: F,2h,15m; G,16h,1h,1.5; F,4d,6h. A queue runner every 15 minutes.
  exim: scannedQueue(15 * MINUTE, 4 * DAY, (age, attempt) => {
    if (age < 2 * HOUR) return 15 * MINUTE;
    return age < 16 * HOUR ? Math.min(6, 1.5 ** Math.max(0, attempt - 8)) * HOUR : 6 * HOUR;
  }),
  // sendmail -q30m; confTO_QUEUERETURN 5 d.
  sendmail: scannedQueue(30 * MINUTE, 5 * DAY, () => 1),
  // Measured by Pagani et al. (DSN 2016), table of webmail providers, threshold of 6 h.
  gmail: measured(
    ["6:02", "29:02", "56:36", "98:44", "162:03", "229:44", "309:05", "434:46"],
    2 * HOUR,
    3 * DAY,
  ),
  outlook: measured(
    ["1:01", "2:03", "3:04", "5:06", "8:07", "12:08", "16:10"],
    4 * MINUTE,
    1 * DAY,
  ),
  yahoo: measured(
    ["2:07", "5:39", "12:58", "27:16", "55:13", "109:35", "216:47", "430:36"],
    4 * HOUR,
    3 * DAY,
  ),
  gmx: measured(
    ["5:01", "12:33", "23:50", "40:46", "66:09", "104:14", "161:22", "247:04", "375:36"],
    3 * HOUR,
    4 * DAY,
  ),
  mailru: measured(
    ["1:18", "19:15", "49:14", "79:49", "113:20", "154:18", "187:53", "235:20"],
    35 * MINUTE,
    2 * DAY,
  ),
  // Assumptions.
  bulk: pauses(4 * MINUTE, 15 * MINUTE, 12, 1.7, 4 * HOUR),
  loginCode: pauses(45, 90, 4, 2),
  atOnce: pauses(2, 20, 3),
  minutes: pauses(1 * MINUTE, 5 * MINUTE, 2),
  elsewhere: pauses(5 * MINUTE, 30 * MINUTE, 2),
  botQueue: pauses(5 * MINUTE, 20 * MINUTE, 4, 3),
} as const satisfies Readonly<Record<string, Schedule>>;

export type ScheduleName = keyof typeof SCHEDULES;
