import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A bcrypt hash of session and secret in shape, URL-safe as the server makes it; any number are valid at once. */
export function mintToken(session: string, secret: string, salt = randomBytes(16).toString('base64url').slice(0, 22)): string {
  const digest = createHmac('sha256', salt).update(session + secret).digest('base64url').slice(0, 31);
  return `$2b$10$${salt}${digest}`;
}

export function tokenFits(token: string, session: string, secret: string): boolean {
  const salt = /^\$2b\$10\$(.{22}).{31}$/.exec(token)?.[1];
  if (salt === undefined) return false;
  const wanted = Buffer.from(mintToken(session, secret, salt));
  return wanted.length === Buffer.byteLength(token) && timingSafeEqual(wanted, Buffer.from(token));
}

/** `tokens/<S>.data.json`: the session's webhook configuration, no login. A start with a body writes it anew. */
export class TokenFiles {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
    mkdirSync(dir, { recursive: true });
  }

  webhookOf(session: string): string | null {
    try {
      const { config } = JSON.parse(readFileSync(this.#path(session), 'utf8')) as { config: string };
      return (JSON.parse(config) as { webhook?: string }).webhook ?? null;
    } catch {
      return null; // no file or an unreadable one: nothing is posted
    }
  }

  exists(session: string): boolean {
    try {
      return readFileSync(this.#path(session)).length >= 0;
    } catch {
      return false;
    }
  }

  write(session: string, webhook: string | null): void {
    const config = JSON.stringify({ webhook, proxy: null });
    writeFileSync(this.#path(session), JSON.stringify({ sessionName: session, config }));
  }

  #path = (session: string): string => join(this.dir, `${session}.data.json`);
}
