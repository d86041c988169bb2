import { drain } from './drain.ts';
import type { Engine } from './engine.ts';
import { lineSplitter, WholeLines } from './splitter.ts';

/** Something that happened to a container, as the engine tells it. */
export interface ContainerEvent {
  id: string;
  action: string;
}

/** Attributes of an event are a few hundred bytes; labels can make them long. */
const LONGEST_EVENT = 1024 * 1024;

/** Hears the engine's container events until the stream ends. Rejects when it could not be opened. */
export async function listen(engine: Engine, onEvent: (event: ContainerEvent) => void, opened: () => void, signal: AbortSignal): Promise<void> {
  const response = await engine.events(signal);
  opened();
  const splitter = lineSplitter((line) => {
    const event = readEvent(line);
    if (event) onEvent(event);
  });
  const lines = new WholeLines(LONGEST_EVENT, (bytes, start, end) => splitter.write(bytes.subarray(start, end)), () => undefined);
  await drain(response, (chunk) => lines.push(chunk));
}

/** Null for what is no event of a container: the list is looked at regularly anyway. */
export function readEvent(line: string): ContainerEvent | null {
  try {
    const { Type, Action, Actor, id } = JSON.parse(line) as { Type?: string; Action?: string; Actor?: { ID?: string }; id?: string };
    const container = Actor?.ID ?? id;
    if ((Type !== undefined && Type !== 'container') || typeof Action !== 'string' || typeof container !== 'string') return null;
    return { id: container, action: Action };
  } catch {
    return null;
  }
}
