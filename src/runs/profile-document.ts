// Profiles: what is exported from which scope. Documents are checked strictly; a revision is the digest of its canonical
// JSON and never changes.

import { canonicalJson, type Json } from '../core/canonical-json.ts';
import { digestOf, type Digest } from '../core/digest.ts';
import { ExportError } from '../core/errors.ts';
import { overlayRepository } from '../profiles/database/overlay.ts';
import type { VexStatus } from '../profiles/trivy-db/vex/statements.ts';
import type { ProfileDocument } from './center.ts';
import { parseDuration } from './duration.ts';
import { parseScope } from './scope.ts';

export type Profile = ProfileDocument & { readonly revision: Digest; readonly repository: string };

/** What this program can build so far. */
export const kinds = ['json:raw', 'mirror:full', 'mirror:delta', 'trivy:db', 'trivy:java-db'] as const;

/** The kinds that are databases, with the time for which one counts as fresh unless the profile says otherwise. */
const databaseKinds: { readonly [kind: string]: string } = { 'trivy:db': 'P1D', 'trivy:java-db': 'P3D' };

/** The built-in profiles and their repositories (contract.md, "In the registry"). */
const builtinRepositories: { readonly [name: string]: string } = {
  'json:raw': 'json-raw',
  'json:policy': 'json-policy',
  'mirror:full': 'mirror',
  'mirror:delta': 'mirror',
  'trivy:db': 'trivy-db',
  'trivy:java-db': 'trivy-java-db',
  'devportal:offline': 'devportal',
};
/** All repositories that built-in profiles publish to. */
export const builtinProfileRepositories: readonly string[] = [
  ...new Set([...Object.values(builtinRepositories), 'trivy-db-mirror', 'trivy-java-db-mirror']),
].sort();

const reservedRepositories = new Set([
  ...builtinProfileRepositories,
  'trivy-db-parity',
  'trivy-java-db-parity',
  overlayRepository,
  'tuf',
  'tuf-kit',
]);

export const builtinProfiles: readonly ProfileDocument[] = kinds.map((kind) => ({
  name: kind,
  kind,
  scope: {},
  ...freshness(kind, undefined),
}));

/** What a supplier may say of a product that takes an advisory away. */
const suppressing: readonly VexStatus[] = ['not_affected', 'fixed'];

const namePattern = /^[a-z0-9]+(?:[._:-][a-z0-9]+)*$/;
const members = new Set(['name', 'kind', 'scope', 'maxShrink', 'maxAge', 'validFor', 'suppress', 'encoding']);

/** Checks a profile document; throws INPUT_INVALID that names the member and the rule. */
export function parseProfile(value: unknown): ProfileDocument {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refused('it is not a JSON object');
  const fields = value as Record<string, unknown>;
  for (const member of Object.keys(fields)) if (!members.has(member)) throw refused(`${member} is not a known member`);
  const { name, kind } = fields;
  if (typeof name !== 'string' || name.length > 63 || !namePattern.test(name)) {
    throw refused('name must be lower-case letters and digits, parted by . _ : or -, at most 63 characters');
  }
  if (typeof kind !== 'string' || !(kinds as readonly string[]).includes(kind)) {
    throw refused(`kind must be one of ${kinds.join(', ')}`);
  }
  checkRepository(name, kind);
  return {
    name,
    kind,
    scope: scopeOf(fields['scope'] ?? {}, kind),
    ...(fields['maxShrink'] === undefined ? {} : { maxShrink: parseShare(fields['maxShrink']) }),
    ...(fields['maxAge'] === undefined ? {} : { maxAge: parseAge(fields['maxAge']) }),
    ...freshness(kind, fields['validFor']),
    ...(fields['suppress'] === undefined ? {} : { suppress: parseSuppress(fields['suppress'], kind) }),
    ...(fields['encoding'] === undefined ? {} : { encoding: parseEncoding(fields['encoding'], kind) }),
  };
}

function scopeOf(value: unknown, kind: string): ProfileDocument['scope'] {
  const scope = parseScope(value);
  if (scope.advised && kind !== 'trivy:java-db') throw refused('the scope advised belongs to trivy:java-db alone');
  return scope;
}

function parseSuppress(value: unknown, kind: string): VexStatus[] {
  if (kind !== 'trivy:db') throw refused('suppress belongs to trivy:db alone');
  const known: readonly unknown[] = suppressing;
  if (Array.isArray(value) && value.length > 0 && value.every((status) => known.includes(status))) {
    return suppressing.filter((status) => value.includes(status));
  }
  throw refused(`suppress must be a list of ${suppressing.join(' and ')}`);
}

/** A database says in every revision for how long it is fresh. */
function freshness(kind: string, value: unknown): { readonly validFor?: string } {
  const usual = databaseKinds[kind];
  if (usual === undefined && value === undefined) return {};
  if (usual === undefined) throw refused('validFor belongs to databases alone');
  const validFor = value ?? usual;
  if (typeof validFor === 'string' && parseDuration(validFor) !== undefined) return { validFor };
  throw refused('validFor must be an ISO 8601 duration of days or hours, such as P1D or PT36H');
}

export function isDatabase(kind: string): boolean {
  return databaseKinds[kind] !== undefined;
}

function checkRepository(name: string, kind: string): void {
  if (builtinRepositories[name] !== undefined) {
    if (kind !== name) throw refused(`the built-in profile ${name} cannot become a ${kind}`);
    return;
  }
  const taken = repositoriesOf({ name, kind }).find((repository) => reservedRepositories.has(repository));
  if (taken !== undefined) throw refused(`the repository ${taken} belongs to a built-in profile`);
}

/** The repository of a profile inside its tenant. */
export function repositoryOf(profileName: string): string {
  return builtinRepositories[profileName] ?? profileName.replaceAll(':', '-');
}

/** The repository of the mirror that a database's rows travel in. */
export function databaseMirrorOf(repository: string): string {
  return `${repository}-mirror`;
}

/** The repository of a database's parity reports. */
export function parityRepositoryOf(repository: string): string {
  return `${repository}-parity`;
}

/** All repositories that a profile publishes to. */
export function repositoriesOf({ name, kind }: Pick<ProfileDocument, 'name' | 'kind'>): string[] {
  const repository = repositoryOf(name);
  return isDatabase(kind) ? [repository, databaseMirrorOf(repository), parityRepositoryOf(repository)] : [repository];
}

/** Names the document's content; equal documents are one revision on every machine. */
export function revisionOf(document: ProfileDocument): Digest {
  return digestOf(profileJson(document));
}

export function profileJson(document: ProfileDocument): string {
  return canonicalJson(document as unknown as Json);
}

export function profileOf(document: ProfileDocument): Profile {
  return { ...document, revision: revisionOf(document), repository: repositoryOf(document.name) };
}

function parseShare(value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw refused('maxShrink must be a share from 0 to 1');
}

function parseAge(value: unknown): string {
  if (typeof value === 'string' && parseDuration(value) !== undefined) return value;
  throw refused('maxAge must be an ISO 8601 duration of days or hours, such as P7D or PT36H');
}

/** The default encoding is said by leaving it out, so that one profile has one revision. */
function parseEncoding(value: unknown, kind: string): 'plain' {
  if (isDatabase(kind)) throw refused('the artifact of a database has one form alone, which other registries take');
  if (value === 'plain') return value;
  throw refused('encoding must be plain, or left out');
}

function refused(what: string): ExportError {
  return new ExportError('INPUT_INVALID', `profile refused: ${what}`, {
    hint: 'see `export-center profile put --help` for an example',
  });
}
