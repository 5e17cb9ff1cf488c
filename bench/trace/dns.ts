/** A name server for the records and the DNSBL of a trace, over UDP, by the trace's clock. */
import { Buffer } from "node:buffer";
// @ts-types="@types/dns-packet"
import packet, { type Answer } from "dns-packet";
import { BLOCKLIST, type DnsRecord, type Trace } from "./model.ts";

const AUTHORITATIVE = 0x0400;
const NXDOMAIN = 3;

/** Records stay the same for the whole trace; listings change and must not be cached. */
const RECORD_TTL = 3600;
const LISTING_TTL = 0;

/** The part of a trace that the name server answers from. */
export type Zones = Pick<Trace, "records" | "listings">;

/** The content of the zones at a time; undefined for a name that does not exist. */
export function lookUp(zones: Zones, name: string, time: number): readonly DnsRecord[] | undefined {
  const lower = name.toLowerCase();
  if (!lower.endsWith(`.${BLOCKLIST}`)) return zones.records.get(lower);
  const address = lower.slice(0, -BLOCKLIST.length - 1).split(".").reverse().join(".");
  const listing = zones.listings.get(address);
  return listing !== undefined && listing.from <= time && time < listing.until
    ? [{ type: "A", data: "127.0.0.2" }]
    : undefined;
}

function recordData({ type, data }: DnsRecord): unknown {
  if (type === "MX") return { preference: 10, exchange: data };
  // A string of a TXT record has at most 255 bytes (RFC 1035, 3.3.14).
  return type === "TXT" ? data.match(/.{1,255}/g) ?? [""] : data;
}

export class NameServer {
  /** Seconds since the epoch. */
  time = 0;
  readonly port: number;
  readonly #zones: Zones;
  readonly #socket: Deno.DatagramConn;
  readonly #serving: Promise<void>;

  constructor(zones: Zones) {
    this.#zones = zones;
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    this.port = (this.#socket.addr as Deno.NetAddr).port;
    this.#serving = this.#serve();
  }

  async #serve(): Promise<void> {
    for await (const [bytes, peer] of this.#socket) {
      const answer = this.#answer(bytes);
      if (answer !== undefined) await this.#socket.send(answer, peer);
    }
  }

  #answer(bytes: Uint8Array): Uint8Array | undefined {
    const query = packet.decode(Buffer.from(bytes));
    const question = query.questions?.[0];
    if (question === undefined) return undefined;
    const { name, type } = question;
    const found = lookUp(this.#zones, name, this.time);
    const isListing = name.toLowerCase().endsWith(`.${BLOCKLIST}`);
    const ttl = isListing ? LISTING_TTL : RECORD_TTL;
    const answers: Answer[] = (found ?? [])
      .filter((record) => record.type === type)
      .map((record) => ({ type: record.type, name, ttl, data: recordData(record) } as Answer));
    // RFC 2308: a negative answer holds as long as the SOA record says.
    const soa: Answer = {
      type: "SOA",
      name: isListing ? BLOCKLIST : ".",
      ttl,
      data: {
        mname: "ns.invalid",
        rname: "hostmaster.invalid",
        serial: 1,
        refresh: 3600,
        retry: 600,
        expire: 86_400,
        minimum: ttl,
      },
    };
    return packet.encode({
      type: "response",
      id: query.id,
      flags: AUTHORITATIVE | (found === undefined ? NXDOMAIN : 0),
      questions: [question],
      answers,
      authorities: answers.length === 0 ? [soa] : [],
    });
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.#serving;
  }
}
