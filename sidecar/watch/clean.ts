const ESC = '\u001b';
/** CSI as one character (ECMA-48), as some libraries write it. */
const CSI = '\u009b';

/*
 * Colours and cursor moves (CSI), titles and links (OSC, DCS, APC, PM, SOS with their terminator), two- and
 * three-character escapes, and a sequence the end of the line cut off. No part can match ESC again, so the
 * expression never walks a byte twice.
 */
const SEQUENCES =
  // eslint-disable-next-line no-control-regex
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*(?:[@-~]|$)|\u001b(?:\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[PX^_][^\u001b]*\u001b\\|[ -/]+(?:[0-~]|$)|[0-Z\\^-~]|$)|\r/g;

/** Text without terminal sequences and carriage returns; everything else stays as it was printed. */
export function clean(text: string): string {
  if (!text.includes(ESC) && !text.includes('\r') && !text.includes(CSI)) return text;
  return text.replace(SEQUENCES, '');
}
