import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from '../scenario.ts';
import { crowdsec } from './crowdsec.ts';
import { fail2ban } from './fail2ban.ts';
import type { Peer } from './peer.ts';
import { sec } from './sec.ts';
import { swatchdog } from './swatchdog.ts';

/** The peers that are here, and a sentence for each that is not. */
export function peersOf({ tools, folder }: Bench): { peers: Peer[]; missing: string[] } {
  const dir = mkdtempSync(join(folder, 'peers-'));
  const makers: Record<'sec' | 'swatchdog' | 'fail2ban' | 'crowdsec', (program: string, root: string) => Peer> = {
    sec: (program) => sec(program, dir),
    swatchdog: (program, root) => swatchdog(program, root, dir),
    fail2ban: (_, root) => fail2ban(root),
    crowdsec: (program, root) => crowdsec(program, root, dir),
  };
  const [peers, missing]: [Peer[], string[]] = [[], []];
  for (const [name, make] of Object.entries(makers)) {
    const tool = tools[name as keyof typeof makers];
    if ('missing' in tool) missing.push(`Missing: ${tool.missing}.`);
    else peers.push(make(tool.program, tool.root));
  }
  return { peers, missing };
}
