/**
 * The part of `dns-packet` that is used; the package comes without types.
 *
 * @module
 */

/** A question. */
export interface PacketQuestion {
  /** The type of record. */
  readonly type: string;
  /** The name. */
  readonly name: string;
  /** `IN`, if it is not said. */
  readonly class?: string;
}

/** A record. */
export interface PacketRecord {
  /** Its type. */
  readonly type: string;
  /** Its name. */
  readonly name: string;
  /** How long it may be kept, in seconds. */
  readonly ttl?: number;
  /** What it holds; an object for some types. */
  readonly data?: unknown;
  /** Of the OPT record: how long an answer over UDP may be. */
  readonly udpPayloadSize?: number;
}

/** A message. */
export interface Packet {
  /** What it is. */
  readonly type: "query" | "response";
  /** Its number. */
  readonly id: number;
  /** The flags of its header. */
  readonly flags?: number;
  /** Questions. */
  readonly questions?: readonly PacketQuestion[];
  /** Answers. */
  readonly answers?: readonly PacketRecord[];
  /** Who answers. */
  readonly authorities?: readonly PacketRecord[];
  /** What else there is. */
  readonly additionals?: readonly PacketRecord[];
}

/** What the decoder adds. */
export interface DecodedPacket extends Required<Packet> {
  /** The name of the response code. */
  readonly rcode: string;
  /** Whether it was cut. */
  readonly flag_tc: boolean;
  /** Whether recursion was asked for. */
  readonly flag_rd: boolean;
}

/** The package. */
declare const packet: {
  /** A flag of the header. */
  readonly RECURSION_DESIRED: number;
  /** A flag of the header. */
  readonly TRUNCATED_RESPONSE: number;
  /** A message as bytes. */
  encode(packet: Packet): Uint8Array;
  /** Bytes as a message; throws for what is none. */
  decode(bytes: Uint8Array): DecodedPacket;
};

export default packet;
