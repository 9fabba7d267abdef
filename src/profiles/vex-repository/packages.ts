// OpenVEX statements by the package that they are about (vex-repo-spec 0.1, §3.2): a repository has one document for each
// package, found by its package URL without version, qualifiers and subpath.

import type { Json } from '../../core/canonical-json.ts';
import type { Contribution } from '../database/row.ts';
import { listOf, objectOf, textOf, type JsonObject } from '../trivy-db/osv/document.ts';
import { parsePackageUrl } from '../trivy-db/vex/package-url.ts';
import { headerInstant, readVexStatement } from '../trivy-db/vex/statements.ts';

/** Statements of every record that comes in the order of its key: headers before their statements. */
export class VexPackages {
  #document = '';
  #header: JsonObject = {};

  /** Contributions whose key is a package's identifier, and whose value one statement about it. */
  contributions({ c, k, v }: { readonly c: string; readonly k: string; readonly v: Json }): Contribution[] {
    const path = k.split('\u001f', 1)[0] ?? '';
    if (path === k) {
      this.#document = `${c}\0${path}`;
      this.#header = objectOf(v);
      return [];
    }
    const header = this.#document === `${c}\0${path}` ? this.#header : {};
    return statementsByPackage(v, header).map(([id, statement]) => ({ k: id, rank: 1, v: statement }));
  }
}

function statementsByPackage(value: Json, header: JsonObject): [id: string, value: Json][] {
  const statement = objectOf(value);
  const { at, status, vulnerabilities } = readVexStatement(value, headerInstant(header));
  const [name = '', ...aliases] = vulnerabilities;
  // What it says besides: justification, impact and action texts.
  const { products, subcomponents, vulnerability: _named, timestamp: _at, '@id': _id, ...rest } = statement;
  const shared = listOf(subcomponents).map(productOf);
  const byPackage = new Map<string, Json[]>();
  for (const product of listOf(products).map(productOf)) {
    const id = packageId(textOf(objectOf(product['identifiers'])['purl']) || textOf(product['@id']));
    const whole = shared.length === 0 ? product : { ...product, subcomponents: shared };
    if (id !== undefined) byPackage.set(id, [...(byPackage.get(id) ?? []), whole]);
  }
  return [...byPackage].map(([id, about]) => [
    id,
    {
      author: textOf(header['author']),
      statement: {
        ...rest,
        vulnerability: { name, ...(aliases.length === 0 ? {} : { aliases }) },
        products: about,
        status,
        ...(at === '' ? {} : { timestamp: at }),
      },
    },
  ]);
}

/** A product or component is a text in version 0.0.1. */
function productOf(value: Json): JsonObject {
  return typeof value === 'string' ? { '@id': value } : objectOf(value);
}

/**
 * The identifier of a package in an index, spelled as purl libraries spell it; images keep their repository, which is part
 * of their name. Undefined for what is no package URL.
 */
export function packageId(purl: string): string | undefined {
  const parsed = parsePackageUrl(purl);
  if (parsed === undefined) return undefined;
  const { type, namespace, name, qualifiers } = parsed;
  const path = [...namespace.split('/').filter((part) => part !== ''), name].map(encoded).join('/');
  const repository = type === 'oci' ? qualifiers.get('repository_url') : undefined;
  return `pkg:${type}/${path}${repository === undefined ? '' : `?repository_url=${encodeURIComponent(repository)}`}`;
}

/** `:` stays as it is, `@` of a scope does not. */
function encoded(part: string): string {
  return encodeURIComponent(part).replaceAll('%3A', ':');
}
