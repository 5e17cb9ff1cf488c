import { createSocket, type Socket } from "node:dgram";
// @ts-types="@types/dns-packet"
import packet from "dns-packet";

interface Records {
  readonly a?: string[];
  readonly txt?: string;
  /** Queries get no reply. */
  readonly isSilent?: true;
}

/** A and TXT records by name; a name without records does not exist. */
export type Zone = Readonly<Record<string, Records>>;

type Answers = NonNullable<Parameters<typeof packet.encode>[0]["answers"]>;

function answersOf(zone: Zone, type: string, name: string): Answers {
  const record = zone[name.toLowerCase()];
  if (type === "A") {
    return (record?.a ?? []).map((data) => ({ type: "A", name, ttl: 60, data }));
  }
  const txt = type === "TXT" ? record?.txt : undefined;
  return txt === undefined ? [] : [{ type: "TXT", name, ttl: 60, data: [txt] }];
}

/** Runs a body with a DNS server on a port of 127.0.0.1. */
export async function withDnsServer(
  zone: Zone,
  body: (server: string) => Promise<void>,
): Promise<void> {
  const socket: Socket = createSocket("udp4");
  socket.on("message", (bytes, { port, address }) => {
    const { id = 0, questions = [] } = packet.decode(bytes);
    const { type, name } = questions[0]!;
    const records = zone[name.toLowerCase()];
    if (records?.isSilent) return;
    const answers = answersOf(zone, type, name);
    // The low four bits of the flags are the response code: 3 is NXDOMAIN.
    const flags = records === undefined ? 3 : 0;
    socket.send(packet.encode({ type: "response", id, flags, questions, answers }), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  try {
    await body(`127.0.0.1:${socket.address().port}`);
  } finally {
    await new Promise<void>((resolve) => socket.close(resolve));
  }
}
