// References to artifacts: HOST/NAME[:TAG|@DIGEST] (distribution-spec v1.1.1 §pulling manifests).

import { ExportError } from '../core/errors.ts';
import { isDigest, type Digest } from '../core/digest.ts';

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const namePattern = new RegExp(`^${component}(?:/${component})*$`);
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const hostPattern = /^(?:[a-zA-Z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;

export type Reference = {
  /** `host[:port]`. */
  readonly registry: string;
  /** Repository name without the host. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
};

export function isRepositoryName(text: string): boolean {
  return text.length <= 255 && namePattern.test(text);
}

export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

/** Throws USAGE when `text` is not a registry reference. `oci://` or a scheme in front is taken off. */
export function parseReference(text: string): Reference {
  const plain = text.replace(/^(?:oci|https?|docker):(?:\/\/)?/, '');
  const slash = plain.indexOf('/');
  const registry = slash < 0 ? '' : plain.slice(0, slash);
  if (!hostPattern.test(registry)) throw bad(text, 'it needs a registry host before the first slash');
  let rest = plain.slice(slash + 1);
  let digest: Digest | undefined;
  const at = rest.indexOf('@');
  if (at >= 0) {
    const written = rest.slice(at + 1);
    if (!isDigest(written)) throw bad(text, 'what follows @ is not a digest');
    digest = written;
    rest = rest.slice(0, at);
  }
  const colon = rest.lastIndexOf(':');
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);
  const repository = colon < 0 ? rest : rest.slice(0, colon);
  if (!isRepositoryName(repository)) throw bad(text, 'the repository name is not valid (lower case, digits, . _ - /)');
  if (tag !== undefined && !isTag(tag)) throw bad(text, 'the tag is not valid');
  return { registry, repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

export function formatReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

function bad(text: string, why: string): ExportError {
  return new ExportError('USAGE', `not a reference: ${text}: ${why}`, {
    hint: 'write HOST[:PORT]/REPOSITORY[:TAG] or HOST[:PORT]/REPOSITORY@sha256:…',
  });
}
