import { loadPatterns } from '../detect/patterns.ts';
import { EXIT, flag, JSON_OPTION, type Command } from './command.ts';
import { table } from '../report/table.ts';

export const patterns: Command = {
  usage: 'patterns',
  summary: 'every pattern that makes a line a hit, checked',
  help: 'Reads AUTO_FIX_PATTERNS_DIR (default: those that come with it). A bad pattern is told with file and line.',
  options: JSON_OPTION,
  async run(words, io) {
    const found = loadPatterns(io.config().detect.patternsDir);
    io.out(flag(words, 'json')
      ? JSON.stringify(found.map(({ id, class: cls, service }) => ({ id, class: cls, service })))
      : table(['PATTERN', 'CLASS', 'SERVICE'], found.map(({ id, class: cls, service }) => [id, cls, service])));
    return EXIT.well;
  },
};
