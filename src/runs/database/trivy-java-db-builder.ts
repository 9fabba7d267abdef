// trivy:java-db: archives that were hashed, lists of coordinates and SBOMs of the evidence over upstream databases. In the
// scope `advised` only artifacts that some advisory of the same evidence speaks of.

import type { Contribution } from '../../profiles/database/row.ts';
import {
  advisedByOsv,
  advisedByRow,
  advisedRows,
  isAdvised,
  type AdvisedNames,
} from '../../profiles/trivy-java-db/advised.ts';
import { javaContributions, javaFormats, Sha1Claims } from '../../profiles/trivy-java-db/contributions.ts';
import { trivyJavaDb } from '../../profiles/trivy-java-db/product.ts';
import type { Conversion, ConversionInput, DatabaseBuilder } from './builder.ts';

/** Where advisories are, besides in what rows are made of. */
const advisoryFormats = ['osv', 'trivy-db'];

export const trivyJavaDbBuilder: DatabaseBuilder = {
  product: trivyJavaDb,
  formats: javaFormats,
  overlayFormat: 'trivy-java-db',
  otherFormats: ({ advised }) => (advised === true ? advisoryFormats : []),
  converter: 'trivy-java-db/1',
  open: openConversion,
};

async function openConversion(input: ConversionInput): Promise<Conversion> {
  const { leaveOut, scope } = input;
  const names = scope.advised === true ? await advisedNames(input) : undefined;
  const claims = new Sha1Claims();
  return {
    required: [],
    contributions: function* (record): Generator<Contribution> {
      for (const contribution of javaContributions(record, leaveOut)) {
        // Before anything is left out: who has a SHA-1 does not depend on the scope.
        claims.add(contribution);
        if (names === undefined || isAdvised(contribution.k, names)) yield contribution;
        else leaveOut('not-advised');
      }
    },
    combine: claims.combine,
    overlay: (rows) => claims.withoutClaimed(names ? advisedRows(rows, names) : rows),
  };
}

/** The artifacts that advisories of the evidence speak of. */
async function advisedNames({ records, overlays }: ConversionInput): Promise<AdvisedNames> {
  const names = new Set<string>();
  for await (const page of records(['osv']))
    for (const { v } of page) for (const name of advisedByOsv(v)) names.add(name);
  for (const rows of await overlays('trivy-db')) {
    for await (const page of rows) {
      for (const { k } of page) {
        const name = advisedByRow(k);
        if (name !== undefined) names.add(name);
      }
    }
  }
  return names;
}
