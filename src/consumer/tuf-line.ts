// The line `tuf` of a verification: the publisher's TUF repository lists this very artifact under its name, now.

import { basename, resolve } from 'node:path';
import { ExportError, toExportError } from '../core/errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseReference } from '../oci/reference.ts';
import type { Check } from '../trust/types.ts';
import { isContentFault } from './content-faults.ts';
import type { OpenedSource } from './open-source.ts';
import { skipped } from './report.ts';
import type { NetworkOptions, TufTrust } from './types.ts';

/** Where the repository is, and what it is judged by. */
export type TufQuestion = TufTrust & { readonly from: string };

/**
 * Throws what reaching the repository throws (UNREACHABLE, OFFLINE), and USAGE where nothing tells which target is meant;
 * everything else is in the line.
 */
export async function checkTuf(
  source: OpenedSource,
  root: Descriptor,
  question: TufQuestion | undefined,
  network: NetworkOptions,
): Promise<Check> {
  const name = 'tuf';
  if (question === undefined) return skipped(name, 'no TUF root was given');
  const path = question.target ?? targetPathOf(source);
  const { findTufTarget } = await import('./tuf-target.ts');
  try {
    const found = await findTufTarget(path, question, { ...network, ...question.network, now: question.now });
    if (found.digest !== root.digest) {
      return {
        name,
        ok: false,
        reason: `the publisher vouches for ${found.digest} as ${path}, not for ${root.digest}`,
      };
    }
    const evidence = `${path} is ${found.digest} in publication ${found.publication}, good until ${found.expires}`;
    return { name, ok: true, evidence };
  } catch (thrown) {
    if (!isContentFault(thrown)) throw thrown;
    return { name, ok: false, reason: toExportError(thrown).message };
  }
}

/** As the publisher names targets: `<repository>/<tag>`, of a folder `<folder>/<tag>` (formats.md, TUF repositories). */
function targetPathOf({ layout, text, tag }: OpenedSource): string {
  if (tag === undefined) {
    throw new ExportError('USAGE', 'a digest does not say which TUF target it is', {
      hint: 'give --tuf-target, such as mirror/latest',
    });
  }
  const place = layout === undefined ? parseReference(text).repository : resolve(layout.dir);
  return `${basename(place)}/${tag}`;
}
