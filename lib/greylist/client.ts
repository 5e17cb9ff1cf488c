/**
 * The SMTP host that delivers, and everything that its address and verified name tell.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import { ClientNetwork } from "./client_network.ts";
import { type Classification, classifyName, type NameClass } from "../net/generic_name.ts";
import { registrableDomain, verifiedName } from "../net/hostname.ts";
import { formatAddress, type IpAddress, parseAddress } from "../net/network.ts";

/** `org` and `parent` are absent for a client without a name or with a generic one. */
export interface BaseOrigins {
  /** `ip:192.0.2.7`. */
  readonly ip: string;
  /** The registrable domain of the host name: `org:example.net`. */
  readonly org: string | undefined;
  /** The parent of the host name: `org:mail-out.example.net`. */
  readonly parent: string | undefined;
}

export interface Client {
  readonly address: IpAddress;
  /** The address as text. */
  readonly ip: string;
  /** The verified name, absent for an unverified client. */
  readonly name: string | undefined;
  readonly nameClass: NameClass;
  /** The registrable domain of a name that is not generic. */
  readonly organisation: string | undefined;
  /** The origins that follow from address and name alone. */
  readonly baseOrigins: BaseOrigins;
  readonly network: ClientNetwork;
  /** The name says that the host sends mail. */
  readonly isMailHost: boolean;
  /** The name is one of an access provider's customer line. */
  readonly isAccessLine: boolean;
}

/**
 * The parent of a host name: the name without the labels that tell one host from the next, which are
 * its first and those that hold a digit (`7.mo5.mail-out.ovh.net`: `mail-out.ovh.net`).
 *
 * @returns undefined if the name has no registrable domain.
 */
export function parentOf(name: string): string | undefined {
  const domain = registrableDomain(name);
  if (domain === undefined) return undefined;
  if (name === domain) return domain;
  const labels = name.slice(0, -domain.length - 1).split(".").slice(1);
  return [...labels.filter((label) => !/[0-9]/.test(label)), domain].join(".");
}

const UNNAMED: Classification = {
  class: "generic",
  rule: undefined,
  isMailHost: false,
  isAccessLine: false,
};

/** @param clientName Postfix's `client_name`; `unknown` for an unverified client. */
export function makeClient(address: IpAddress, clientName: string): Client {
  const name = verifiedName(clientName);
  const { class: nameClass, isMailHost, isAccessLine } = name === undefined
    ? UNNAMED
    : classifyName(name, address);
  const ip = formatAddress(address);
  const parent = nameClass === "generic" ? undefined : parentOf(name!);
  const domain = parent === undefined ? undefined : registrableDomain(parent);
  return {
    address,
    ip,
    name,
    nameClass,
    organisation: nameClass === "named" ? domain : undefined,
    baseOrigins: {
      ip: `ip:${ip}`,
      org: domain === undefined ? undefined : `org:${domain}`,
      parent: parent === undefined ? undefined : `org:${parent}`,
    },
    network: new ClientNetwork(address),
    isMailHost,
    isAccessLine,
  };
}

/** Clients kept; one client sends many messages. */
const MAX_CLIENTS = 2000;

/** The clients of the latest requests, by the texts that Postfix sent. */
export class Clients {
  /** The latest client of each address, and its name as Postfix sent it. */
  readonly #clients = new LRUCache<string, readonly [clientName: string, Client]>({
    max: MAX_CLIENTS,
  });

  /** Undefined for an invalid address. */
  find(addressText: string, clientName: string): Client | undefined {
    const known = this.#clients.get(addressText);
    if (known?.[0] === clientName) return known[1];
    const address = parseAddress(addressText);
    if (address === undefined) return undefined;
    // Slices of a copy do not keep the text of the whole request in memory.
    const copy = `${addressText} ${clientName}`;
    const name = copy.slice(addressText.length + 1);
    const client = makeClient(address, name);
    this.#clients.set(copy.slice(0, addressText.length), [name, client]);
    return client;
  }
}
