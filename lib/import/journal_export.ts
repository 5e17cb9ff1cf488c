/**
 * The journal export format (systemd): what `journalctl -o export` writes.
 *
 * @module
 */

/** One entry; a field that stands there twice keeps its first value. */
export type JournalEntry = ReadonlyMap<string, string>;

const NEWLINE = 10;

const decoder = new TextDecoder();

/** What is read, and what of it is not yet whole. */
export class JournalReader {
  #rest: Uint8Array = new Uint8Array(0);
  #fields = new Map<string, string>();

  /**
   * Takes the next bytes.
   *
   * @returns the entries that they ended.
   */
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
        // A value with other than plain text: its length in 64 bits, little end first, and its bytes.
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

  /** Tells that nothing follows. */
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
