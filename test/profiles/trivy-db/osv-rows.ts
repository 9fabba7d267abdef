// Runs OSV records through the conversion and gives the rows that a database would have, for tests.

import type { Json } from '../../../src/core/canonical-json.ts';
import { compareUtf8 } from '../../../src/core/order.ts';
import type { Contribution, SourcedContribution } from '../../../src/profiles/database/row.ts';
import { keyParts } from '../../../src/profiles/database/row.ts';
import { trivyCombine } from '../../../src/profiles/trivy-db/combine.ts';
import { osvContributions } from '../../../src/profiles/trivy-db/osv/contributions.ts';

export const snapshot = '2026-07-15T00:00:00Z';

export type Rows = { readonly rows: ReadonlyMap<string, Json>; readonly leftOut: Readonly<Record<string, number>> };

/** Rows by their key parts joined by ` / `. */
export function rowsOf(documents: readonly Json[], more: readonly Contribution[] = [], c = 'osv/acme'): Rows {
  const leftOut: Record<string, number> = {};
  const leaveOut = (code: string, count = 1): void => {
    leftOut[code] = (leftOut[code] ?? 0) + count;
  };
  const own = documents.flatMap((v) => osvContributions({ c, v }, { snapshot, leaveOut }));
  return { rows: combined([...own, ...more], leaveOut), leftOut };
}

function combined(parts: readonly Contribution[], leaveOut: (code: string) => void): Map<string, Json> {
  const byKey = new Map<string, SourcedContribution[]>();
  for (const part of parts) byKey.set(part.k, [...(byKey.get(part.k) ?? []), { ...part, source: 'acme' }]);
  const combine = trivyCombine(leaveOut);
  const rows = new Map<string, Json>();
  for (const k of [...byKey.keys()].sort(compareUtf8)) {
    const v = combine(
      k,
      (byKey.get(k) ?? []).sort((a, b) => a.rank - b.rank),
    );
    if (v !== undefined) rows.set(keyParts(k).join(' / '), v);
  }
  return rows;
}

/** An OSV record about one package. */
export function osv(ecosystem: string, name: string, more: { readonly [member: string]: Json }, id = 'X-1'): Json {
  const { affected, ...record } = more as { readonly affected?: { readonly [member: string]: Json } };
  return { id, modified: '2026-01-01T00:00:00Z', affected: [{ package: { ecosystem, name }, ...affected }], ...record };
}

export function range(...events: readonly (readonly [string, string])[]): Json {
  return { type: 'ECOSYSTEM', events: events.map(([kind, version]) => ({ [kind]: version })) };
}
