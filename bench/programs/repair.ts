import { Redis } from 'ioredis';
import { World, planOf } from '../../test/repair/fixtures/world.ts';

/**
 * One task of the real repairer on a folder that is there: `reset` or `restore`. Prints the outcome as JSON.
 * Arguments: task, folder, session, Redis URL or `-`.
 */
const [task, folder, session, url] = process.argv.slice(2) as ['reset' | 'restore', string, string, string];
const redis = url === '-' ? null : new Redis(url);
const world = new World(folder);
const repairer = world.repairer();
const target = world.target(session, redis);
const outcome = task === 'reset' ? await repairer.run(planOf(session, 'reset'), target) : await repairer.restore(await newestReset(), target);
redis?.disconnect();
process.stdout.write(JSON.stringify(outcome));

async function newestReset(): Promise<string> {
  const [newest] = (await repairer.folder.list(session)).filter(({ id }) => id.endsWith('-reset')).sort((a, b) => b.id.localeCompare(a.id));
  if (!newest) throw new Error(`no backup of a reset of ${session} is there`);
  return newest.id;
}
