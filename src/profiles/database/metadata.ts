// metadata.json of a Trivy database (formats.md §15): how old it is and how long it counts as fresh. Its times come from the
// state, never from a clock, because the file lies inside the signed layer.

import { ExportError } from '../../core/errors.ts';

/** Go's zero time: nobody has downloaded it yet. */
const never = '0001-01-01T00:00:00Z';

export type DatabaseTimes = {
  /** The state's `created`. */
  readonly updatedAt: string;
  readonly nextUpdate: string;
};

/** In the order and spelling of upstream's writer, with a final LF. */
export function metadataJson(version: number, { nextUpdate, updatedAt }: DatabaseTimes): string {
  return written({ Version: version, NextUpdate: nextUpdate, UpdatedAt: updatedAt, DownloadedAt: never });
}

/** The same file once somebody has downloaded it. Throws VERIFICATION_FAILED for what is no such file. */
export function downloadedMetadata(text: string, downloadedAt: string): { text: string; times: DatabaseTimes } {
  const fields = parsed(text);
  const { UpdatedAt: updatedAt, NextUpdate: nextUpdate } = fields;
  if (typeof updatedAt !== 'string' || typeof nextUpdate !== 'string') throw damaged();
  return { text: written({ ...fields, DownloadedAt: downloadedAt }), times: { updatedAt, nextUpdate } };
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw damaged();
  }
}

function damaged(): ExportError {
  return new ExportError('VERIFICATION_FAILED', 'the metadata.json of the layer does not say how old the database is');
}

function written(fields: object): string {
  return `${JSON.stringify(fields)}\n`;
}
