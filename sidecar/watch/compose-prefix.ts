/** `docker compose logs` without `--no-log-prefix`. */
const PREFIX = /^([\w.-]+) +\| /;

/** `wppconnect-server-1  | …`: the container that Compose names in front of a line, and the line behind it. */
export function withoutComposePrefix(line: string): { container: string | null; rest: string } {
  const found = PREFIX.exec(line);
  return found ? { container: found[1]!, rest: line.slice(found[0].length) } : { container: null, rest: line };
}
