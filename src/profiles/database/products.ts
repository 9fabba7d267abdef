// The databases that this program writes, by the kind that export manifests name.

import { trivyDb } from '../trivy-db/product.ts';
import { trivyJavaDb } from '../trivy-java-db/product.ts';
import type { DatabaseProduct } from './product.ts';

export const products: readonly DatabaseProduct[] = [trivyDb, trivyJavaDb];

/** Undefined for a kind that only a newer version knows. */
export function productOf(kind: string): DatabaseProduct | undefined {
  return products.find((product) => product.kind === kind);
}
