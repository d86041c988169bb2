/**
 * The same text as a string of its own. A piece cut out of a line keeps the whole chunk it was read with in memory
 * (V8 slices share their parent), so whatever is kept beyond its line is copied first. Lone surrogates become U+FFFD.
 */
export const own = (text: string): string => Buffer.from(text, 'utf8').toString('utf8');
