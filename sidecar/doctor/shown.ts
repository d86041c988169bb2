import { oneLine } from '../report/one-line.ts';

/** Stands for the searched text while all else is redacted: a private-use character, which no rule touches and no program prints. */
const PLACE = '\uE000';
/** Longer lines are message bodies and stacks; the searched text is always inside what is shown. */
const SHOWN_CHARS = 600;

/**
 * Shows lines redacted but for the searched text itself. Digits that touch a searched number belong to a longer number
 * and become `…`; where the text stands inside something that is hidden as a whole (a message), that is said.
 */
export function shownWith(searched: string, redactText: (text: string) => string): (line: string) => string {
  const [before, after] = [/^\d/.test(searched) ? '\\d*' : '', /\d$/.test(searched) ? '\\d*' : ''];
  const found = new RegExp(`(${before})${escaped(searched)}(${after})`, 'gi');
  return (line) => {
    const texts: string[] = [];
    const marked = around(line.replaceAll(PLACE, '?'), searched).replace(found, (whole, head: string, tail: string) => {
      texts.push(`${head ? '…' : ''}${whole.slice(head.length, whole.length - tail.length)}${tail ? '…' : ''}`);
      return PLACE;
    });
    const clean = redactText(marked);
    const left = clean.split(PLACE).length - 1;
    // Which of several was hidden cannot be told; the texts differ in case and dots at most.
    let next = 0;
    const shown = clean.replaceAll(PLACE, () => texts[next++] ?? searched);
    return oneLine(left < texts.length ? `${shown} (the searched text stands in a part that is hidden)` : shown, 2 * SHOWN_CHARS);
  };
}

/** A piece of an overlong line with the searched text in it. */
function around(line: string, searched: string): string {
  if (line.length <= SHOWN_CHARS) return line;
  const at = line.toLowerCase().indexOf(searched.toLowerCase());
  // From the start whenever that holds it: what frames a line tells which part of it is a message.
  if (at + searched.length <= SHOWN_CHARS) return `${line.slice(0, SHOWN_CHARS)}…`;
  return line.slice(0, at + searched.length);
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
