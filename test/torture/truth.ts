import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { toStamp } from '../../sidecar/watch/stamp.ts';
import { clean } from '../../sidecar/watch/clean.ts';

/** A line by what it is: stream, time, text. Long texts by their length and ends. */
export const identity = (stream: string, ts: string, text: string): string => `${stream} ${ts} ${text.length > 200 ? `${text.length}:${text.slice(0, 40)}` : text}`;

interface Open {
  time: string;
  text: string;
}

/** What the engine wrote of one container, out of its own json-file logs: each line with how often it stands there. */
export async function writtenLines(files: readonly string[]): Promise<Map<string, number>> {
  const written = new Map<string, number>();
  const open = new Map<string, Open>();
  const add = (stream: string, { time, text }: Open) => {
    const line = identity(stream, toStamp(time)!, clean(text));
    written.set(line, (written.get(line) ?? 0) + 1);
  };
  for (const file of files) {
    for await (const json of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
      const { log, stream, time } = JSON.parse(json) as { log: string; stream: string; time: string };
      const before = open.get(stream);
      open.delete(stream);
      if (before && before.time !== time) add(stream, before);
      const text = (before?.time === time ? before.text : '') + log;
      if (text.endsWith('\n')) add(stream, { time, text: text.slice(0, -1) });
      else open.set(stream, { time, text });
    }
  }
  for (const [stream, rest] of open) add(stream, rest);
  return written;
}
