// metadata.json of a Trivy database (formats.md §9): how old it is and how long it counts as fresh. Its times come from the
// state, never from a clock, because the file lies inside the signed layer.

/** Go's zero time: nobody has downloaded it yet. */
const never = '0001-01-01T00:00:00Z';

export type DatabaseTimes = {
  /** The state's `created`. */
  readonly updatedAt: string;
  readonly nextUpdate: string;
};

/** In the order and spelling of upstream's writer, with a final LF. */
export function metadataJson(version: number, times: DatabaseTimes, downloadedAt: string = never): string {
  const { nextUpdate, updatedAt } = times;
  const fields = { Version: version, NextUpdate: nextUpdate, UpdatedAt: updatedAt, DownloadedAt: downloadedAt };
  return `${JSON.stringify(fields)}\n`;
}
