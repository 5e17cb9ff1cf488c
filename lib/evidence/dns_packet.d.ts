/** The part of `dns-packet` that is used; the package comes without types. */

/** A question. */
export interface PacketQuestion {
  readonly type: string;
  readonly name: string;
  readonly class?: string;
}

/** A record. */
export interface PacketRecord {
  readonly type: string;
  readonly name: string;
  readonly ttl?: number;
  readonly data?: unknown;
  /** Of the OPT record. */
  readonly udpPayloadSize?: number;
}

/** A message. */
export interface Packet {
  readonly type: "query" | "response";
  readonly id: number;
  readonly flags?: number;
  readonly questions?: readonly PacketQuestion[];
  readonly answers?: readonly PacketRecord[];
  readonly authorities?: readonly PacketRecord[];
  readonly additionals?: readonly PacketRecord[];
}

/** What the decoder adds. */
export interface DecodedPacket extends Required<Packet> {
  readonly rcode: string;
  readonly flag_tc: boolean;
  readonly flag_rd: boolean;
}

declare const packet: {
  readonly RECURSION_DESIRED: number;
  readonly TRUNCATED_RESPONSE: number;
  encode(packet: Packet): Uint8Array;
  decode(bytes: Uint8Array): DecodedPacket;
};

export default packet;
