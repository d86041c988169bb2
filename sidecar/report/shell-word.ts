/** A name as a shell takes it in one piece, for commands that the operator copies out of a message. */
export const shellWord = (name: string): string => (/^[\w./:@%+=-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`);
