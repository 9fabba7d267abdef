// Ecosystems of language packages: bucket prefix, comparer, and the names that Trivy asks for (trivy-db
// NormalizePkgName). A name may be asked for in more than one spelling.

import { bitnamiScheme, genericScheme, npmScheme } from '../versions/semantic.ts';
import { gemScheme } from '../versions/gem.ts';
import { mavenScheme } from '../versions/maven.ts';
import { pep440Scheme } from '../versions/pep440.ts';
import type { VersionScheme } from '../versions/scheme.ts';

export type Language = {
  /** Buckets are called `<prefix>::<data source>`. */
  readonly prefix: string;
  /** What the GitHub Advisory Database calls it, in upstream's bucket names; undefined where it has no advisories. */
  readonly github?: string;
  readonly scheme: VersionScheme;
  /** Distinct spellings of `name`. */
  names(name: string): readonly string[];
};

const asIs = (name: string) => [name];
const lower = (name: string) => [name.toLowerCase()];

/** By OSV's name of the ecosystem, without a suffix. */
const languages = new Map<string, Language>([
  ['npm', { prefix: 'npm', github: 'npm', scheme: npmScheme, names: lower }],
  ['PyPI', { prefix: 'pip', github: 'pip', scheme: pep440Scheme, names: pythonNames }],
  ['Go', { prefix: 'go', github: 'Go', scheme: genericScheme, names: asIs }],
  ['crates.io', { prefix: 'cargo', github: 'Rust', scheme: genericScheme, names: lower }],
  ['Maven', { prefix: 'maven', github: 'Maven', scheme: mavenScheme, names: lower }],
  ['RubyGems', { prefix: 'rubygems', github: 'RubyGems', scheme: gemScheme, names: lower }],
  ['NuGet', { prefix: 'nuget', github: 'NuGet', scheme: genericScheme, names: bothCases }],
  ['Packagist', { prefix: 'composer', github: 'Composer', scheme: genericScheme, names: lower }],
  ['Hex', { prefix: 'erlang', github: 'Erlang', scheme: genericScheme, names: lower }],
  ['Pub', { prefix: 'pub', github: 'Pub', scheme: genericScheme, names: lower }],
  ['SwiftURL', { prefix: 'swift', github: 'Swift', scheme: genericScheme, names: swiftNames }],
  ['ConanCenter', { prefix: 'conan', scheme: genericScheme, names: lower }],
  ['Bitnami', { prefix: 'bitnami', scheme: bitnamiScheme, names: lower }],
  ['Kubernetes', { prefix: 'k8s', scheme: genericScheme, names: lower }],
  ['Julia', { prefix: 'julia', scheme: genericScheme, names: asIs }],
]);

/** The language of an OSV ecosystem; a suffix (`Maven:https://…`) names a registry, which Trivy does not tell apart. */
export function languageOf(ecosystem: string): Language | undefined {
  return languages.get(ecosystem.split(':', 1)[0] ?? '');
}

/**
 * Trivy folds case and underscores, not dots, which are the same to the index (PyPA name normalisation): what a record calls
 * `zope-interface` may be installed as `zope.interface`, and the other way round.
 */
function pythonNames(name: string): string[] {
  const folded = name.toLowerCase().replaceAll('_', '-');
  return [...new Set([folded, folded.replaceAll(/[-.]+/g, '-'), folded.replaceAll(/[-.]+/g, '.')])].sort();
}

/** Clients before 2026 ask for the original case. */
function bothCases(name: string): string[] {
  return [...new Set([name.toLowerCase(), name])];
}

function swiftNames(name: string): string[] {
  return [name.replace(/^https:\/\//, '').replace(/\.git$/, '')];
}
