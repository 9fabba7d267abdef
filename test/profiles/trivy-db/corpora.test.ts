// Real feeds: every record converts, what is left out is counted, and the order of documents decides nothing.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { canonicalJson, type Json } from '../../../src/core/canonical-json.ts';
import { combineTrivyRow } from '../../../src/profiles/trivy-db/combine.ts';
import { osvContributions } from '../../../src/profiles/trivy-db/osv/contributions.ts';
import { keyParts, type Contribution } from '../../../src/profiles/database/row.ts';
import { corpusOrSkip } from '../../support/corpora.ts';

type Line = { readonly source: string; readonly v: Json };

const day = '2026-07-15T23:59:59Z';

function digestOfRows(lines: readonly Line[]): string {
  const byKey = new Map<string, Contribution[]>();
  for (const { source, v } of lines) {
    const record = { c: `osv/osv/${source}`, v };
    for (const part of osvContributions(record, { snapshot: day, leaveOut: () => undefined })) {
      const parts = byKey.get(part.k);
      if (parts === undefined) byKey.set(part.k, [part]);
      else parts.push(part);
    }
  }
  const hash = createHash('sha256');
  for (const k of [...byKey.keys()].sort())
    hash.update(`${k}\n${canonicalJson(combineTrivyRow(k, byKey.get(k) ?? []))}\n`);
  return hash.digest('hex');
}

/** The documents of a corpus that are JSON; the varied set has one that is not. */
function linesOf(file: string): Line[] {
  const text = gunzipSync(readFileSync(file)).toString('utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { source: string; text: string })
    .flatMap(({ source, text: document }) => {
      try {
        return [{ source, v: JSON.parse(document) as Json }];
      } catch {
        return [];
      }
    });
}

test('38,000 records of nine sources convert, and what is left out is counted', (t) => {
  const file = corpusOrSkip(t, 'osv-large/base-2026-07-15.jsonl.gz');
  if (file === undefined) return;
  const lines = linesOf(file);
  const leftOut: Record<string, number> = {};
  const leaveOut = (code: string, count = 1) => void (leftOut[code] = (leftOut[code] ?? 0) + count);
  let advisories = 0;
  for (const { source, v } of lines) {
    const record = { c: `osv/osv/${source}`, v };
    const parts = osvContributions(record, { snapshot: day, leaveOut });
    advisories += parts.filter(({ k }) => !['data-source', 'vulnerability'].includes(keyParts(k)[0] ?? '')).length;
  }
  assert.ok(advisories > 250_000);
  // What can be counted in the text: PSF has commits alone, and withdrawn records say so.
  assert.equal(leftOut['git-range-only'], lines.filter(({ source }) => source === 'psf').length);
  const isWithdrawn = ({ v }: Line) => ((v as { withdrawn?: string }).withdrawn ?? '9') <= day;
  assert.equal(leftOut['withdrawn'], lines.filter(isWithdrawn).length);
});

test('two conversions come to the same rows, whatever the order of the records', (t) => {
  const file = corpusOrSkip(t, 'osv-small/osv-small.jsonl.gz');
  if (file === undefined) return;
  const lines = linesOf(file);
  assert.equal(digestOfRows(lines.toReversed()), digestOfRows(lines));
});
