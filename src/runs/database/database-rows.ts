// The rows of a database out of one state of the evidence: what its records say, sorted outside of memory, over the
// databases of others.

import type { Json } from '../../core/canonical-json.ts';
import { collectionParts } from '../../evidence/collection.ts';
import { combineRows, type CombinedRow } from '../../profiles/database/combine-rows.ts';
import type { LeaveOut, SourcedContribution } from '../../profiles/database/row.ts';
import { sortContributions } from '../../profiles/database/sort-contributions.ts';
import type { RunContext } from '../run-context.ts';
import { requiredSource, type Conversion, type EvidenceRecord } from './builder.ts';
import { openOverlay, overlaysOf } from './overlays.ts';
import type { DatabasePlan } from './plan-database.ts';

export type RowsInput = { readonly plan: DatabasePlan; readonly tempDir: string; readonly leaveOut: LeaveOut };

/** Rows in rising order, each with the sources that spoke of it. */
export async function* databaseRows(input: RowsInput, context: RunContext): AsyncGenerator<CombinedRow[]> {
  const { plan, tempDir, leaveOut } = input;
  const { builder, state, overlays, profile } = plan;
  const conversion = await builder.open({
    scope: profile.scope,
    created: state.created,
    collections: Object.keys(state.collections),
    suppress: profile.suppress ?? [],
    leaveOut,
    records: (formats) => recordsOf(plan, formats, context),
    overlays: async (format) =>
      (await overlaysOf(format, state, context)).map((overlay) => openOverlay(overlay, context)),
  });
  const contributions = contributionsOf(conversion, recordsOf(plan, builder.formats, context));
  const { overlay: filtered = (rows) => rows } = conversion;
  yield* combineRows({
    contributions: sortContributions(contributions, { tempDir }),
    overlays: overlays.map((overlay) => ({
      source: overlay.source,
      rows: filtered(openOverlay(overlay, context, leaveOut)),
    })),
    combine: conversion.combine,
  });
}

async function* contributionsOf(
  { required, contributions }: Conversion,
  pages: AsyncIterable<readonly EvidenceRecord[]>,
): AsyncGenerator<SourcedContribution[]> {
  yield required.map((contribution) => ({ ...contribution, source: requiredSource }));
  for await (const page of pages) {
    const said: SourcedContribution[] = [];
    for (const record of page) {
      for (const { k, rank, v } of contributions(record)) said.push({ k, rank, v, source: record.source });
    }
    yield said;
  }
}

/** Records of these formats in the state, in order. */
async function* recordsOf(
  { state }: DatabasePlan,
  formats: readonly string[],
  { reader }: RunContext,
): AsyncGenerator<EvidenceRecord[]> {
  for await (const page of reader.bodies('record', state.sequence)) {
    const records: EvidenceRecord[] = [];
    for (const { entry, body } of page) {
      const { c, k } = entry;
      const { format, source } = collectionParts(c);
      if (!formats.includes(format) || !state.scoped.filter(entry)) continue;
      records.push({ c, k, format, source, v: JSON.parse(body.toString('utf8')) as Json });
    }
    if (records.length > 0) yield records;
  }
}
