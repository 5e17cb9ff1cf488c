/** The text of a page without its tags. */
export const textOf = (html: string) => html.replaceAll(/<[^>]*>/g, "");
