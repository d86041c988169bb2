import type { Incident } from '../decide/incident.ts';
import type { Firing } from '../words.ts';

/** Incidents of names that no list knew and one knows now, each with its firing as that session's own. */
export function nowKnown(incidents: readonly Incident[], resolve: (spelled: string) => string | null): { stranger: Incident; firing: Firing }[] {
  return incidents.flatMap((stranger) => {
    const { who } = stranger.firing;
    const session = 'refused' in who && who.refused === 'unknown-session' ? resolve(who.spelled) : null;
    return session === null ? [] : [{ stranger, firing: { ...stranger.firing, who: { session, by: 'named' as const } } }];
  });
}
