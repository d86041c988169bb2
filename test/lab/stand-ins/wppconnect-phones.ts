import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Phones } from './wppconnect-session.ts';

/** WhatsApp's side of every login, in one file that no repair knows of, so that it survives a recreated container. */
export class PhonesFile implements Phones {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    mkdirSync(dirname(path), { recursive: true });
  }

  isLinked(session: string, token: string): boolean {
    return this.#links()[session]?.includes(token) ?? false;
  }

  /** Older links stay: WhatsApp keeps up to four devices, so a restored older login still works. */
  link(session: string, token: string): void {
    const links = this.#links();
    this.#save({ ...links, [session]: [...(links[session] ?? []), token] });
  }

  unlink(session: string): void {
    this.#save({ ...this.#links(), [session]: [] });
  }

  #links(): Record<string, string[]> {
    try {
      return JSON.parse(readFileSync(this.#path, 'utf8')) as Record<string, string[]>;
    } catch {
      return {}; // nobody has linked anything yet
    }
  }

  #save(links: Record<string, string[]>): void {
    writeFileSync(this.#path, JSON.stringify(links));
  }
}
