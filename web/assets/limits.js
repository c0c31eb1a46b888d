/** Longest texts, characters. The server has the same (a test compares them) and has the last word. */

export const FULL_NAME_CHARS = 120;
export const TITLE_CHARS = 120;
