// VEX statements as they were ingested (evidence/openvex.ts): what they say of which product, and since when.

import type { Json } from '../../../core/canonical-json.ts';
import { wholeSeconds } from '../../../evidence/instant.ts';
import { listOf, objectOf, textOf, textsOf } from '../osv/document.ts';
import { parsePackageUrl, type PackageUrl } from './package-url.ts';

export type VexStatus = 'not_affected' | 'affected' | 'fixed' | 'under_investigation';

export type VexStatement = {
  readonly status: VexStatus;
  /** The vulnerability's name, then its aliases. */
  readonly vulnerabilities: readonly string[];
  /** Since when it holds: its own time stamp, else the document's. '' when neither can be read. */
  readonly at: string;
  /** Products that are packages themselves; what is said of a package inside of another product is about that product. */
  readonly packages: readonly PackageUrl[];
  /** Products that are no packages, or are spoken of for what is inside. */
  readonly others: number;
};

/** The time stamp that statements of a document inherit. */
export function headerInstant(header: Json): string {
  const { last_updated: updated, timestamp } = objectOf(header);
  return wholeSeconds(textOf(updated)) || wholeSeconds(textOf(timestamp));
}

export function readVexStatement(value: Json, inherited: string): VexStatement {
  const statement = objectOf(value);
  const products = listOf(statement['products']).map(readProduct);
  return {
    status: textOf(statement['status']) as VexStatus,
    vulnerabilities: vulnerabilityNames(statement['vulnerability']),
    at: wholeSeconds(textOf(statement['timestamp'])) || inherited,
    packages: products.filter((product) => product !== undefined),
    others: products.filter((product) => product === undefined).length,
  };
}

/** A text in version 0.0.1; some documents have an identifier alone. */
function vulnerabilityNames(value: Json | undefined): string[] {
  if (typeof value === 'string') return [value];
  const vulnerability = objectOf(value);
  const name = textOf(vulnerability['name']) || textOf(vulnerability['@id']);
  return [...new Set([name, ...textsOf(vulnerability['aliases'])])].filter((text) => text !== '');
}

function readProduct(value: Json): PackageUrl | undefined {
  if (typeof value === 'string') return parsePackageUrl(value);
  const product = objectOf(value);
  if (listOf(product['subcomponents']).length > 0) return undefined;
  const purl = textOf(objectOf(product['identifiers'])['purl']) || textOf(product['@id']);
  return parsePackageUrl(purl);
}
