/** A place up to which nothing is missing. */
export interface Confirmed {
  /** Stamp of the newest entry there. */
  stamp: string;
  /** Entries taken by then; what was taken since is what a comparison must reach behind. */
  entries: number;
}
