// trivy:db: OSV records and VEX statements of the evidence over upstream databases.

import { requiredContributions } from '../../profiles/trivy-db/required-rows.ts';
import { trivyCombine } from '../../profiles/trivy-db/combine.ts';
import { osvContributions } from '../../profiles/trivy-db/osv/contributions.ts';
import { trivyDb } from '../../profiles/trivy-db/product.ts';
import { VexConversion } from '../../profiles/trivy-db/vex/vex-rows.ts';
import type { Conversion, ConversionInput, DatabaseBuilder } from './builder.ts';

export const trivyDbBuilder: DatabaseBuilder = {
  product: trivyDb,
  formats: ['osv', 'openvex'],
  overlayFormat: 'trivy-db',
  converter: 'trivy-db/1',
  open: openConversion,
};

function openConversion({ created, collections, suppress, leaveOut }: ConversionInput): Conversion {
  const own = collections.filter((c) => c.startsWith('osv/'));
  const vex = new VexConversion({ suppress, collections: own, leaveOut });
  return {
    required: requiredContributions(),
    contributions: ({ format, c, k, v }) =>
      format === 'openvex'
        ? vex.contributions({ c, k, v })
        : osvContributions({ c, v }, { snapshot: created, leaveOut }),
    combine: trivyCombine(leaveOut),
  };
}
