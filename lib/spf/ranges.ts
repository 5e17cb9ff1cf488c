/** Sets of IP addresses as ranges. */
import type { Network } from "../net/network.ts";

/** Addresses as whole numbers, the end not included. */
export type AddressRange = readonly [first: bigint, end: bigint];

/** Disjoint ranges in ascending order. */
export interface AddressSet {
  readonly ipv4: readonly AddressRange[];
  readonly ipv6: readonly AddressRange[];
}

export const NO_ADDRESSES: AddressSet = { ipv4: [], ipv6: [] };

function rangeOf({ bytes, prefix }: Network): AddressRange {
  const first = bytes.reduce((sum, byte) => sum << 8n | BigInt(byte), 0n);
  return [first, first + (1n << BigInt(bytes.length * 8 - prefix))];
}

/** Sorts ranges and merges those that overlap or touch. */
function merge(ranges: readonly AddressRange[]): AddressRange[] {
  const merged: [bigint, bigint][] = [];
  for (const [first, end] of ranges.toSorted(([a], [b]) => a < b ? -1 : a > b ? 1 : 0)) {
    const last = merged.at(-1);
    if (last === undefined || first > last[1]) merged.push([first, end]);
    else if (end > last[1]) last[1] = end;
  }
  return merged;
}

export function addressesOf(networks: readonly Network[]): AddressSet {
  const of = (family: 4 | 6) => merge(networks.filter((one) => one.family === family).map(rangeOf));
  return { ipv4: of(4), ipv6: of(6) };
}

export function union(one: AddressSet, other: AddressSet): AddressSet {
  return {
    ipv4: merge([...one.ipv4, ...other.ipv4]),
    ipv6: merge([...one.ipv6, ...other.ipv6]),
  };
}

/** The number of addresses. */
export function countOf(ranges: readonly AddressRange[]): bigint {
  return ranges.reduce((sum, [first, end]) => sum + end - first, 0n);
}
