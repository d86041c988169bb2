import { request } from 'node:http';

/** An engine that is stopped or frozen accepts the connection and never answers. */
const PING_MS = 5_000;

/** The engine's version behind that socket, or null when nobody answers there. */
export function engineVersion(socketPath: string): Promise<string | null> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/version', timeout: PING_MS }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text: string) => void (body += text));
      answer.once('end', () => resolve(answer.statusCode === 200 ? versionIn(body) : null));
      answer.once('error', () => resolve(null));
    });
    asked.once('timeout', () => asked.destroy());
    asked.once('error', () => resolve(null));
    asked.end();
  });
}

function versionIn(body: string): string | null {
  try {
    return (JSON.parse(body) as { Version?: string }).Version ?? null;
  } catch {
    return null;
  }
}
