// `metadata.json` of a Trivy database: which schema it has, and how old it is.

import { ExportError } from '../../core/errors.ts';
import type { DatabasePointer } from '../../evidence/database-pointer.ts';
import { wholeSeconds } from '../../evidence/instant.ts';
import type { DatabaseKind } from '../../profiles/database/kinds.ts';

/** Undefined when there is none. Throws INPUT_INVALID for another schema, or what is no such file. */
export function parseMetadata(bytes: Buffer | undefined, kind: DatabaseKind): DatabasePointer['metadata'] {
  if (bytes === undefined) return undefined;
  const { Version, UpdatedAt, NextUpdate } = parseFields(bytes);
  if (Version !== kind.product.version) {
    throw new ExportError(
      'INPUT_INVALID',
      `the ${kind.format} has schema ${String(Version)}, not ${kind.product.version}`,
    );
  }
  const updatedAt = typeof UpdatedAt === 'string' ? wholeSeconds(UpdatedAt) : '';
  const nextUpdate = typeof NextUpdate === 'string' ? wholeSeconds(NextUpdate) : '';
  if (updatedAt === '') throw new ExportError('INPUT_INVALID', 'metadata.json has no UpdatedAt');
  return { version: kind.product.version, updatedAt, ...(nextUpdate === '' ? {} : { nextUpdate }) };
}

function parseFields(bytes: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new ExportError('INPUT_INVALID', 'metadata.json is no JSON object');
}
