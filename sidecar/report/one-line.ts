/** Longer messages are cut: a log is read by people. */
const MESSAGE_CHARS = 4_000;
/** Control characters, line and paragraph separators, and what turns the direction of text around. */
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Text that stays on one line and cannot forge a second one, move a cursor or colour a terminal: what does not print
 * becomes `\n`, `\x1b`, `\u202e`.
 */
export function oneLine(text: string, maxChars: number = MESSAGE_CHARS): string {
  const bounded = text.length > maxChars ? `${text.slice(0, maxChars)}… (${text.length - maxChars} characters more)` : text;
  return bounded.toWellFormed().replace(UNPRINTABLE, (char) => SHORT[char] ?? escaped(char.charCodeAt(0)));
}

const escaped = (code: number): string =>
  code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
