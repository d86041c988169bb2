import { styleText } from 'node:util';

/** What fits a terminal beside an editor, and a README. */
const COLUMNS = 100;
/** A log line that goes on is set off from the next one. */
const HANGING = '      ';

/** What the newcomer reads: headings, sentences, the operator's log as it is, what was proven. */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  #quiet = false;

  constructor(out: NodeJS.WriteStream = process.stdout) {
    this.#out = out;
  }

  heading(text: string): void {
    this.#write(`\n${styleText('bold', text, { stream: this.#out })}\n`);
  }

  say(text: string): void {
    this.#write(`${wrapped(text, '', '')}\n`);
  }

  /** One line as the log or a command prints it. */
  line(text: string): void {
    this.#write(`${wrapped(text, '  ', HANGING)}\n`);
  }

  /** To be copied: not broken. */
  asIs(text: string): void {
    this.#write(`  ${text}\n`);
  }

  proven(text: string): void {
    this.#write(`${wrapped(text, '  ok  ', HANGING)}\n`);
  }

  gap(): void {
    this.#write('\n');
  }

  /** Nothing is printed any more but what `lastWords` says. */
  hush(): void {
    this.#quiet = true;
  }

  lastWords(text: string): void {
    this.#out.write(`${wrapped(text, '', '')}\n`);
  }

  #write(text: string): void {
    if (!this.#quiet) this.#out.write(text);
  }
}

/** Broken between words so that no line is wider than the screen; a longer word is broken anywhere. */
export function wrapped(text: string, first: string, next: string): string {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(' ').flatMap((one) => pieces(one, COLUMNS - next.length))) {
    if (!isEmpty && line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = next;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line].join('\n');
}

function pieces(word: string, width: number): string[] {
  const found = [];
  for (let at = 0; at === 0 || at < word.length; at += width) found.push(word.slice(at, at + width));
  return found;
}
