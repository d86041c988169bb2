import { EXIT, flag, JSON_OPTION, onlyArg, type Command } from './command.ts';
import { refused } from './fix.ts';
import { needSidecar } from './sidecar-beside.ts';

export const why: Command = {
  usage: 'why SESSION',
  summary: 'the story of one session: status, events, window, repairs, what comes next',
  help: '',
  options: JSON_OPTION,
  async run(words, io) {
    const story = await (await needSidecar(io)).session(onlyArg(words, 'SESSION')).catch(refused);
    if (flag(words, 'json')) {
      io.out(JSON.stringify(story));
      return EXIT.well;
    }
    io.out(`${story.id}: ${story.status}${story.since ? ` since ${story.since}` : ''} (${story.why})`);
    io.out(`window: ${story.hits.corruption} corruption, ${story.hits.disconnect} disconnect hits; incident: ${story.incident ?? 'none'}`);
    io.out(`next: ${story.next.refused ? `${story.next.refused}, ` : ''}${story.next.reason}${story.next.notBefore ? `; not before ${story.next.notBefore}` : ''}`);
    for (const { kind, at } of story.events) io.out(`last ${kind}: ${at}`);
    for (const repair of story.repairs) io.out(`${repair.startedAt} ${repair.rung}: ${repair.result}: ${repair.detail}${repair.backup ? ` (backup ${repair.backup})` : ''}`);
    return EXIT.well;
  },
};
