/**
 * A code block of a document: the first one that follows a text.
 *
 * @param behind a heading, or a line with the path of the file.
 * @throws {Error} if the document has none.
 */
export async function recipe(document: string, behind: string): Promise<string> {
  const text = await Deno.readTextFile(new URL(`../../docs/${document}`, import.meta.url));
  const at = text.indexOf(`\n${behind}`);
  const block = /^```[a-z]*\n([\s\S]*?\n)```$/m.exec(text.slice(at))?.[1];
  if (at === -1 || block === undefined) {
    throw new Error(`docs/${document} has no code block behind "${behind}"`);
  }
  return block;
}
