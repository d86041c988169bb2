import type { Confirmed } from './confirmed.ts';
import { type Answer, drain } from './drain.ts';
import { EngineError, type Engine } from './engine.ts';
import type { Intake } from './intake.ts';
import { ordinalKey } from './key.ts';
import { MEMORY, OVERLAP_MS } from './ledger.ts';
import { type Entry, Reading, keep } from './reading.ts';
import { earlier, sinceParameter, stampOfMs } from './stamp.ts';

/** A tail is cheap for the engine (7-17 ms, measured on 20.10); `since` alone makes it decode every retained file. */
export const TAIL = 2_000;
/** A tail is held in memory to be judged before it is handed on. Lines this long are streamed instead. */
const MOST_HELD_BYTES = 16 * 1024 * 1024;
/** More entries than this are streamed too: the objects that hold them cost as much as they do. */
const MOST_HELD = 20_000;
/** A log answer silent for so long is a frozen engine or proxy, not a slow one. */
export const SILENT_READ_MS = 30_000;
/** Entries whose place is not known yet. They are old when a known one follows, new when none does. */
const MOST_UNPLACED = 4_096;
/** Behind every stamp. */
const LATEST = '~';

export interface CatchUpOptions {
  engine: Engine;
  intake: Intake;
  containerId: string;
  tty: boolean;
  /** Container is not running: what it printed last may lack its line end. */
  ended: boolean;
  /** For a container never seen: lines from before this time (ms) are passed over. */
  notBeforeMs: number;
  signal: AbortSignal;
  /** Up to where nothing is missing: behind that, a follow stream may have passed over entries. */
  confirmed: Confirmed;
  engineSays(message: string): void;
}

/**
 * Brings the intake to the end of the log, oldest first. Throws an EngineError when the log was not read to its end;
 * what was handed on until then stays true, the next call goes on from there.
 */
export async function catchUp(options: CatchUpOptions): Promise<void> {
  const { intake } = options;
  const firstSight = intake.ledger.empty;
  const notBefore = firstSight ? stampOfMs(Math.max(0, options.notBeforeMs)) : '';
  const tail = await readTail(options);
  if (tail === null) await streamSince(options, startOf(options, notBefore), notBefore);
  else {
    const from = firstNew(tail, options, notBefore);
    if (from !== null) handOn(tail.entries.slice(from), intake, notBefore);
    else {
      const steppedBack = !firstSight && tail.entries[0]!.stamp < earlier(intake.ledger.last, OVERLAP_MS);
      // Entries older than the last one, and none of them known: the clock was set back. `since` would hide them.
      await streamSince(options, steppedBack ? undefined : startOf(options, notBefore), notBefore);
    }
  }
  intake.ledger.settle();
  if (options.ended) intake.parts.closeAll();
  intake.deliver();
}

/** `since` for a long reading; none when the log was empty at the confirmed place: all of it is new. */
function startOf({ intake, confirmed }: CatchUpOptions, notBefore: string): string | undefined {
  if (intake.ledger.empty) return sinceParameter(notBefore);
  if (confirmed.stamp === '') return undefined;
  // The parts of a line all bear the time of its first one, however long it takes.
  const overlap = earlier(confirmed.stamp, OVERLAP_MS);
  const { oldestOpen } = intake.parts;
  return sinceParameter(oldestOpen !== null && oldestOpen < overlap ? oldestOpen : overlap);
}

interface Tail {
  entries: Entry[];
  /** The engine had more than was asked for. */
  cut: boolean;
}

/** The newest entries, or null when they are too large to be held. */
async function readTail(options: CatchUpOptions): Promise<Tail | null> {
  const most = Math.min(TAIL + 2 * sinceConfirmed(options), MOST_HELD);
  const entries: Entry[] = [];
  let heldBytes = 0;
  const read = await readWhole(options, { tail: most }, (entry, response) => {
    if (heldBytes > MOST_HELD_BYTES) return;
    const kept = keep(entry);
    heldBytes += kept.bytes.length;
    entries.push(kept);
    if (heldBytes > MOST_HELD_BYTES) response.destroy();
  }, () => undefined, () => heldBytes > MOST_HELD_BYTES);
  return read ? { entries, cut: entries.length >= most } : null;
}

const sinceConfirmed = ({ intake, confirmed }: CatchUpOptions): number => intake.counts.entries - confirmed.entries;

/** Index of the first known entry at or before the confirmed place; null when the tail does not reach back that far. */
function firstNew({ entries, cut }: Tail, { intake, confirmed }: CatchUpOptions, notBefore: string): number | null {
  if (intake.ledger.empty) return !cut || entries[0]!.stamp < notBefore ? 0 : null;
  // A cut tail may begin inside a run of identical entries, whose ordinals are then wrong.
  const firstStamp = cut ? entries[0]!.stamp : '';
  const reach = cut ? confirmed.stamp : LATEST;
  const known = entries.findIndex((entry) => entry.stamp !== firstStamp && entry.stamp <= reach && intake.ledger.marksPosition(entry.key));
  if (known !== -1) return cut && goesOnWithACutRun(entries, known, intake) ? null : known;
  // The whole log, and nothing of it known: it was rotated or truncated behind the cursor.
  return cut ? null : 0;
}

/** From that place on there are parts of a line, or equal entries, whose first ones lie before the tail: their ordinals are wrong. */
function goesOnWithACutRun(entries: readonly Entry[], from: number, { ledger, parts }: Intake): boolean {
  const firstStamps: (string | undefined)[] = [];
  return entries.some((entry, index) => {
    firstStamps[entry.stream] ??= entry.stamp;
    if (index < from || entry.stamp !== firstStamps[entry.stream]) return false;
    return entry.ordinal > 0 || parts.continues(entry.stream, entry.stamp) || ledger.knows(ordinalKey(entry.key, 1));
  });
}

function handOn(entries: Entry[], intake: Intake, notBefore: string): void {
  for (const entry of entries) takeUnseen(entry, intake, notBefore);
  intake.deliver();
}

function takeUnseen(entry: Entry, intake: Intake, notBefore: string): void {
  if (intake.ledger.knows(entry.key)) return;
  if (entry.stamp < notBefore) intake.pass(entry);
  else intake.take(entry);
}

/** Streams a long stretch of the log in order, in bounded memory. */
async function streamSince(options: CatchUpOptions, since: string | undefined, notBefore: string): Promise<void> {
  const { intake } = options;
  const oldUpTo = forgottenUpTo(options);
  let placed = intake.ledger.empty;
  let unplaced: Entry[] = [];
  const place = () => {
    placed = true;
    for (const entry of unplaced) takeUnseen(entry, intake, notBefore);
    unplaced = [];
  };
  await readWhole(options, since === undefined ? {} : { since }, (entry) => {
    if (!placed && intake.ledger.marksPosition(entry.key)) {
      unplaced = [];
      placed = true;
    }
    if (!placed && entry.stamp > oldUpTo && entry.stamp > notBefore) place();
    if (placed) return takeUnseen(entry, intake, notBefore);
    if (unplaced.length === MOST_UNPLACED) unplaced.shift();
    unplaced.push(keep(entry));
  }, () => intake.deliver());
  if (!placed) place();
}

/**
 * An unknown entry up to here may be one that memory has forgotten. Memory mostly reaches back to the confirmed
 * place; not in a long flood, and while a clock that was set back has not caught up its stamps tell nothing.
 */
function forgottenUpTo(options: CatchUpOptions): string {
  const { ledger } = options.intake;
  return ledger.setBack || sinceConfirmed(options) >= MEMORY ? ledger.high : options.confirmed.high;
}

/** True when the answer was read to its end, false when `enough` said so. Anything else throws. */
async function readWhole(
  options: CatchUpOptions,
  request: { tail?: number; since?: string },
  onEntry: (entry: Entry, response: Answer) => void,
  afterBurst: () => void,
  enough: () => boolean = () => false,
): Promise<boolean> {
  const { engine, containerId, signal, engineSays } = options;
  const response = await engine.logs(containerId, request, signal);
  const reading = new Reading(isTty(response, options.tty), options.intake.ledger.last || stampOfMs(0), {
    entry: (entry) => onEntry(entry, response),
    engineSays,
  });
  const end = await drain(response, (chunk) => reading.push(chunk), SILENT_READ_MS, afterBurst);
  if (enough()) return false;
  if (end !== 'complete') throw new EngineError(end === 'silent' ? 'no-answer' : 'cut', 'the log was cut before its end');
  if (options.ended) reading.finish();
  return true;
}

/** From API 1.42 on the content type tells; before, only the container's own settings do. */
export function isTty(response: Answer, configured: boolean): boolean {
  return response.headers['content-type'] === 'application/vnd.docker.multiplexed-stream' ? false : configured;
}
