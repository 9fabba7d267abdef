// Large real data that lies beside the checkout on some machines; tests that want it skip by name elsewhere.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findJudge, type Skippable } from '../judges.ts';

/** The folder `../shared/corpora` beside the checkout, undefined when it is not there. */
export function findCorpora(): string | undefined {
  return besideCheckout('corpora');
}

/** Path of a file or folder of the corpora, or undefined after a named skip. Its absence is never a failure. */
export function corpusOrSkip(t: Skippable, path: string): string | undefined {
  const found = besideCheckout(`corpora/${path}`);
  if (found === undefined) t.skip(`the corpus ${path} is not beside the checkout`);
  return found;
}

export type MirrorReader = { readonly python: string; readonly script: string };

/** The independent reader of mirrors with a Python that can run it, undefined when one of the two is not there. */
export function findMirrorReader(): MirrorReader | undefined {
  const script = besideCheckout('tools/mirror_reader.py');
  const python = findJudge('mirror-reader');
  return script === undefined || python === undefined ? undefined : { python, script };
}

function besideCheckout(path: string): string | undefined {
  const full = fileURLToPath(new URL(`../../../shared/${path}`, import.meta.url));
  return existsSync(full) ? full : undefined;
}
