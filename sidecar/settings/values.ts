import { readFileSync } from 'node:fs';
import { nearest } from './nearest.ts';
import { parseSettingsFile } from './file.ts';
import { REFUSED } from './readers.ts';
import { SETTINGS, type Setting, type SettingName, type SettingValue } from './table.ts';

/** What was wrong with the settings, one line a mistake: variable, value, what is expected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** The environment the test runner hands to tests; no settings of a sidecar. */
const NOT_OURS = /^AUTO_FIX_TEST_/;
/** Long enough to recognise a value, short enough for one line. */
const SHOWN_CHARS = 80;

interface Written { text: string; from: string }

/** The texts of all settings out of environment and file, read one by one; mistakes are gathered, not thrown. */
export class Values {
  readonly problems: string[] = [];
  readonly warnings: string[] = [];
  readonly #written = new Map<string, Written>();

  constructor(env: NodeJS.ProcessEnv, readFile: (path: string) => string = (path) => readFileSync(path, 'utf8')) {
    for (const [name, text] of Object.entries(env)) {
      if (isSetting(name)) this.#take(name, text ?? '', '');
      else if (name.startsWith('AUTO_FIX_') && !NOT_OURS.test(name)) this.#warnUnknown(name, '');
    }
    this.#takeFile(readFile);
  }

  /** Whether somebody set it; an empty value counts as not set, as Compose writes it for an absent variable. */
  isSet(name: SettingName): boolean {
    return this.#written.has(name);
  }

  /** The value, its default, or null; null too after a mistake, which then stands in `problems`. */
  read<N extends SettingName>(name: N): SettingValue<N> | null {
    const setting = SETTINGS[name] as Setting<SettingValue<N>>;
    const written = this.#written.get(name) ?? (setting.default === null ? null : { text: setting.default, from: '' });
    if (!written) return null;
    const value = setting.read(written.text);
    if (value !== REFUSED) return value;
    this.problems.push(`${name}${written.from}: ${setting.secret ? 'its value (not shown)' : shown(written.text)} cannot be used; expected ${setting.expected}`);
    return null;
  }

  #take(name: SettingName, text: string, from: string): void {
    if (text.trim() !== '' && !this.#written.has(name)) this.#written.set(name, { text: text.trim(), from });
  }

  #takeFile(readFile: (path: string) => string): void {
    const path = this.#written.get('AUTO_FIX_CONFIG')?.text;
    if (path === undefined) return;
    try {
      const { settings, broken } = parseSettingsFile(readFile(path));
      for (const line of broken) this.problems.push(`AUTO_FIX_CONFIG: line ${line} of ${shown(path)} cannot be read; expected KEY=VALUE, or # before a comment`);
      for (const { name, value, line } of lastOfEach(settings)) {
        const from = ` (line ${line} of ${path})`;
        if (isSetting(name)) this.#take(name, value, from);
        else this.#warnUnknown(name, from);
      }
    } catch (error) {
      const why = (error as NodeJS.ErrnoException).code ?? String(error);
      this.problems.push(`AUTO_FIX_CONFIG: ${shown(path)} cannot be read (${why}); expected the path of a file with KEY=VALUE lines`);
    }
  }

  #warnUnknown(name: string, from: string): void {
    const known = nearest(name, Object.keys(SETTINGS));
    this.warnings.push(`${shown(name)}${from} is no setting and does nothing${known ? `; did you mean ${known}?` : ''}`);
  }
}

const isSetting = (name: string): name is SettingName => Object.hasOwn(SETTINGS, name);

/** As in a shell, the last line wins. */
const lastOfEach = <T extends { name: string }>(settings: T[]): T[] => [...new Map(settings.map((s) => [s.name, s])).values()];

/** On one line, bounded, and without a password that stands in an address. */
function shown(text: string): string {
  const masked = text.replace(/\/\/[^/@\s]*@/g, '//***@');
  return JSON.stringify(masked.length > SHOWN_CHARS ? `${masked.slice(0, SHOWN_CHARS)}…` : masked);
}
