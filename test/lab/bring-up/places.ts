/**
 * What outlives a run and serves every checkout of this machine: images cost a minute to make, and a socket's path
 * must stay below 108 bytes however deep the checkout lies.
 */
export const LAB_HOME = '/var/lib/auto-fix-lab';
/** What ends with a run: socket, pid file, the list of runs that use the engine. */
export const LAB_RUN = '/run/auto-fix-lab';
