import type { Command } from './command.ts';

/** Every verb, loaded only when it is used: imports are most of a short command's time and memory. */
export const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['run', async () => (await import('./run.ts')).run],
  ['check', async () => (await import('./check.ts')).check],
  ['fix', async () => (await import('./fix.ts')).fix],
  ['status', async () => (await import('./status.ts')).status],
  ['why', async () => (await import('./why.ts')).why],
  ['doctor', async () => (await import('./doctor.ts')).doctor],
  ['trace', async () => (await import('./trace.ts')).trace],
  ['stats', async () => (await import('./stats.ts')).stats],
  ['replay', async () => (await import('./replay.ts')).replayCommand],
  ['explain', async () => (await import('./explain.ts')).explainCommand],
  ['patterns', async () => (await import('./patterns.ts')).patterns],
  ['backups', async () => (await import('./backups.ts')).backups],
  ['restore', async () => (await import('./restore.ts')).restore],
  ['pause', async () => (await import('./pause.ts')).pause],
  ['resume', async () => (await import('./pause.ts')).resume],
  ['mute', async () => (await import('./pause.ts')).mute],
  ['qr', async () => (await import('./qr.ts')).qr],
]);
