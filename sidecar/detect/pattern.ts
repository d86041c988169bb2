import type { RE2JS } from 're2js';
import type { AttributionRule, FaultClass, HitClass } from '../words.ts';
import type { Shape } from './envelope.ts';
import type { FieldTest } from './fields.ts';
import type { RawPattern, RawPatternFile } from './pattern-schema.ts';

/** A pattern that cannot be used. The message starts with file and line. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

/**
 * The lines of one libsignal block. They decide together, so none of them is a hit:
 * - `header`: one per failed decryption, benign duplicates too
 * - `verdict-bad`, `verdict-benign`: one `Session error:` line per stored session state
 * - `peer`: the stack line that holds the remote peer's address
 * - `retold`: a logger's line about the same failure, with the message's key id; the block's verdict is its verdict
 * - `retold-bad`: the same where the line itself says Bad MAC
 */
export type BlockPart = 'header' | 'verdict-bad' | 'verdict-benign' | 'peer' | 'retold' | 'retold-bad';

/** Where a session stands as far as its lines tell: words that are alarming later are normal while it starts. */
export type Phase = 'starting' | 'started' | 'closed';

export interface HitSample {
  line: string;
  /** The name the line itself carries, as printed; null when it names nobody. */
  session: string | null;
}

/** One kind of line, as data: what it looks like, what it means, whose it is. Built by `compilePattern` only. */
export interface Pattern {
  id: string;
  /** `wppconnect-server`, `gateway-wrapper`, `baileys`, `whaticket`: whose lines these are. */
  service: string;
  /** That program speaks alone in its container: plain text there that looks like another program's is somebody's message. */
  alone: boolean;
  /** `wppconnect.yaml:12`, for messages. */
  where: string;
  /** `benign`: recognised so that it can be explained, never evidence. */
  class: HitClass | 'benign';
  part: BlockPart | null;
  shapes: ReadonlySet<Shape>;
  /** At least one stands in every line of this kind. */
  literals: readonly string[];
  /** Matched against what the program says, always from its first character. */
  expression: RE2JS | null;
  fields: readonly FieldTest[];
  /** In a winston line the text before the object is free: its fields are believed only behind one of these phrases. */
  phrases: RE2JS | null;
  /** By which rule the name inside the line is found. */
  by: AttributionRule;
  sessionPaths: readonly (readonly string[])[];
  /** Where the id of the undecryptable message stands. */
  causePaths: readonly (readonly string[])[];
  /** Patterns that tell of the same event and do name the session: a line without a name borrows theirs. */
  companions: readonly string[];
  suspect: boolean;
  /** For recovery: the classes whose evidence it spends. */
  clears: readonly FaultClass[];
  /** The phase that begins with this line. */
  phase: Phase | null;
  /** Counted only in that phase. */
  only: Phase | null;
  /** For a log-out: another process uses the same login, and a connection that opens again does not end that. */
  contested: boolean;
  advice: string | null;
  hits: readonly HitSample[];
  misses: readonly string[];
}

/** A pattern as its file has it, checked against the schema: plain data. */
export interface WrittenPattern {
  pattern: RawPattern;
  /** What its file says of all its patterns. */
  file: Omit<RawPatternFile, 'patterns'>;
  /** `wppconnect.yaml:12`, for messages. */
  where: string;
}
