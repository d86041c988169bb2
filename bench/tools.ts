import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { must, which, type Say } from '../test/lab/bring-up/shell.ts';

/** Each tool with the Debian packages it is made of, and its program inside them. */
const TOOLS = {
  time: { packages: ['time'], program: 'usr/bin/time' },
  zstd: { packages: ['zstd'], program: 'usr/bin/zstd' },
  sec: { packages: ['sec'], program: 'usr/bin/sec' },
  swatchdog: {
    packages: ['swatch', 'libtimedate-perl', 'libdate-calc-perl', 'libdate-calc-xs-perl', 'libbit-vector-perl', 'libcarp-clan-perl', 'libfile-tail-perl', 'libdate-manip-perl'],
    program: 'usr/bin/swatchdog',
  },
  fail2ban: { packages: ['fail2ban'], program: 'usr/lib/python3/dist-packages/fail2ban/server/filter.py' },
  crowdsec: { packages: ['crowdsec'], program: 'usr/bin/crowdsec' },
} as const;

export type ToolName = keyof typeof TOOLS;

/** Where a tool lies, or why it could not be had. */
export type Tool = { root: string; program: string } | { missing: string };
export type Tools = Record<ToolName, Tool>;

/**
 * Has apt fetch what is missing and unpacks it beside the checkout. Nothing is installed into the system: fail2ban and
 * CrowdSec would start services there. Works without root.
 */
export async function fetchTools(folder: string, say: Say): Promise<Tools> {
  const root = join(folder, 'root');
  mkdirSync(root, { recursive: true });
  const found = await Promise.all(Object.keys(TOOLS).map(async (name): Promise<[string, Tool]> => [name, await fetchTool(name as ToolName, folder, root, say)]));
  return Object.fromEntries(found) as Tools;
}

async function fetchTool(name: ToolName, folder: string, root: string, say: Say): Promise<Tool> {
  const { packages, program } = TOOLS[name];
  const path = join(root, program);
  if (existsSync(path)) return { root, program: path };
  if (!which('apt-get') || !which('dpkg')) return { missing: `${name}: not here, and without apt it cannot be fetched` };
  const own = join(folder, name);
  mkdirSync(own, { recursive: true });
  try {
    say(`fetching ${packages.join(', ')} (apt-get download)`);
    await must('apt-get', ['download', ...packages], { cwd: own });
    for (const file of readdirSync(own)) await must('dpkg', ['-x', join(own, file), root]);
    return { root, program: path };
  } catch (error) {
    return { missing: `${name}: Debian's package could not be fetched (${(error as Error).message.split('\n')[0]})` };
  }
}

/** The path of a tool without which nothing can be measured. */
export function needed(tools: Tools, name: ToolName): string {
  const tool = tools[name];
  if ('missing' in tool) throw new Error(`${tool.missing}; the bench cannot run without it`);
  return tool.program;
}
