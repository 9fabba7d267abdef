// One row of a Trivy database out of all that is said of it: own evidence over overlays, and nothing that an overlay alone
// speaks of changes (docs/formats.md, "Precedence").

import { canonicalJson, type Json } from '../../core/canonical-json.ts';
import { compareUtf8 } from '../../core/order.ts';
import { keyParts, overlayRank, type CombineRow, type Contribution, type LeaveOut } from '../database/row.ts';
import { combineAdvisories } from './combine-advisories.ts';
import { combineVulnerabilities } from './combine-vulnerabilities.ts';
import { isCpe, isCpeList, redHatBucket } from './osv/red-hat.ts';
import { defaultRank } from './required-rows.ts';
import { vexRank, vexVerdict } from './vex/vex-rows.ts';

/** Combines the rows of one database; `leaveOut` is told of rows that VEX statements take out. */
export function trivyCombine(leaveOut: LeaveOut): CombineRow {
  return (k, parts) => {
    const statements = parts.filter(({ rank }) => rank === vexRank);
    const rest = parts.filter(({ rank }) => rank !== vexRank);
    if (rest.length === 0) return undefined;
    const row = combineTrivyRow(k, rest);
    if (statements.length === 0) return row;
    const verdict = vexVerdict(row, statements);
    if (verdict.code !== undefined) leaveOut(verdict.code);
    return verdict.row;
  };
}

/** The value of row `k`. `parts` are in rising order of rank; there is at least one. */
export function combineTrivyRow(k: string, parts: readonly Contribution[]): Json {
  const place = keyParts(k);
  const overlays = parts.filter(({ rank }) => rank === overlayRank);
  const own = inOrder(parts.filter(({ rank }) => rank !== overlayRank));
  if (place[0] === 'data-source') return (overlays.at(-1) ?? own.at(-1))?.v ?? {};
  if (place[0] === 'vulnerability') return combineVulnerabilities(overlays, own);
  if (isCpeList(place)) return allNumbers(parts);
  if (isCpe(place)) return (own.at(-1) ?? overlays.at(-1))?.v ?? '';
  if (place[0] === redHatBucket) return allEntries([...overlays, ...own]);
  return own.length === 0 ? (overlays.at(-1)?.v ?? {}) : combineAdvisories(place[0] ?? '', own);
}

/** By rank, then by value: neither the order of documents nor that of ingests decides anything. */
function inOrder(parts: readonly Contribution[]): Contribution[] {
  const sortable = parts.map((part) => ({ part, text: canonicalJson(part.v) }));
  sortable.sort((a, b) => a.part.rank - b.part.rank || compareUtf8(a.text, b.text));
  return sortable.map(({ part }) => part);
}

/** CPE numbers of a content set; what is taken for granted counts where nobody says more. */
function allNumbers(parts: readonly Contribution[]): Json {
  const said = parts.filter(({ rank }) => rank !== defaultRank);
  const numbers = (said.length === 0 ? parts : said).flatMap(({ v }) => (Array.isArray(v) ? v : []));
  return [...new Set(numbers)].sort((a, b) => Number(a) - Number(b));
}

/** Entries of one erratum are about different products: all of them stay, each once. */
function allEntries(parts: readonly Contribution[]): Json {
  const entries = new Map<string, Json>();
  for (const { v } of parts) {
    const listed = v !== null && typeof v === 'object' && !Array.isArray(v) ? v['Entries'] : undefined;
    for (const entry of Array.isArray(listed) ? listed : []) entries.set(canonicalJson(entry), entry);
  }
  return { Entries: [...entries.values()] };
}
