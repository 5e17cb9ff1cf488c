/**
 * The code block of a document that follows a line with the path of its file.
 *
 * @throws {Error} if the document has none.
 */
export async function recipe(document: string, path: string): Promise<string> {
  const text = await Deno.readTextFile(new URL(`../../docs/${document}`, import.meta.url));
  const [, behind] = text.split(`\n\`${path}\`:\n\n\`\`\``);
  const block = /^[a-z]*\n([\s\S]*?\n)```/.exec(behind ?? "")?.[1];
  if (block === undefined) throw new Error(`docs/${document} has no code block for ${path}`);
  return block;
}
