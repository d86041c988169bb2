/** A place up to which nothing is missing. */
export interface Confirmed {
  /** Stamp of the newest entry there. */
  stamp: string;
  /** The highest stamp up to there: a goroutine of the engine may write an entry long after it has stamped it. */
  high: string;
  /** Entries taken by then; what was taken since is what a comparison must reach behind. */
  entries: number;
}
