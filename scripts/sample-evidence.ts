// The sample evidence of registry-fixtures/osv as the demo and the golden layouts ingest it. Licence and attribution
// become part of the export manifest, and so of every digest: they are said in one place.

import { fileURLToPath } from 'node:url';

export const sampleEvidence = {
  source: 'osv',
  licence: 'CC-BY-4.0 AND CC0-1.0 AND MIT AND Apache-2.0',
  attribution:
    'AlmaLinux OS Foundation, BellSoft, Bitnami (Broadcom), The Go Authors, Haskell Security Response Team, ' +
    'JuliaLang SecurityAdvisories.jl contributors, Python Software Foundation, Python Packaging Authority, ' +
    'RustSec Advisory Database',
  day1: sampleFile('day-1.jsonl.gz'),
  day2: sampleFile('day-2.jsonl.gz'),
} as const;

function sampleFile(name: string): string {
  return fileURLToPath(new URL(`../registry-fixtures/osv/${name}`, import.meta.url));
}
