/**
 * The journal export format (systemd): what `journalctl -o export` writes.
 *
 * @module
 */

/** Fields by name; of repeated fields the first value. */
export type JournalEntry = ReadonlyMap<string, string>;

const NEWLINE = 10;

const decoder = new TextDecoder();

export class JournalReader {
  #rest: Uint8Array = new Uint8Array(0);
  #fields = new Map<string, string>();

  /** @returns the entries that are complete now. */
  push(bytes: Uint8Array): JournalEntry[] {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    const entries: JournalEntry[] = [];
    let at = 0;
    for (let end = all.indexOf(NEWLINE); end !== -1; end = all.indexOf(NEWLINE, at)) {
      const line = decoder.decode(all.subarray(at, end));
      const equals = line.indexOf("=");
      if (line === "") {
        this.#end(entries);
      } else if (equals !== -1) {
        this.#take(line.slice(0, equals), line.slice(equals + 1));
      } else {
        // A binary value: 64-bit little-endian length, bytes, newline.
        if (all.length < end + 9) break;
        const size = Number(new DataView(all.buffer).getBigUint64(end + 1, true));
        if (all.length < end + 9 + size + 1) break;
        this.#take(line, decoder.decode(all.subarray(end + 9, end + 9 + size)));
        end += 8 + size + 1;
      }
      at = end + 1;
    }
    this.#rest = all.slice(at);
    return entries;
  }

  /** @returns the last entry. */
  end(): JournalEntry[] {
    const entries: JournalEntry[] = [];
    this.#end(entries);
    return entries;
  }

  #take(name: string, value: string): void {
    if (!this.#fields.has(name)) this.#fields.set(name, value);
  }

  #end(entries: JournalEntry[]): void {
    if (this.#fields.size > 0) entries.push(this.#fields);
    this.#fields = new Map();
  }
}
