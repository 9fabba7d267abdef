// The log as a witness of the signing policy: every signature is entered, and carries the log's promise and proof.

import { toExportError } from '../../core/errors.ts';
import type { SignedContent, Testimony, Witness } from '../signing-policy.ts';
import { checkLog, type TrustedLog } from './check-log.ts';
import { entryKind } from './entry-body.ts';
import { annotationText, bundleAnnotation, entryJson } from './logged-entry.ts';
import type { TransparencyLog } from './transparency-log.ts';

/** `trusted` are this log and former ones, whose entries count as well. */
export function logWitness(log: TransparencyLog, trusted: readonly TrustedLog[]): Witness {
  return {
    name: 'transparency log',
    async testify(content: SignedContent): Promise<Testimony> {
      const entry = await log.append(content);
      return {
        material: { tlogEntries: [entryJson(entry, entryKind(content))] },
        annotations: { [bundleAnnotation]: annotationText(entry) },
      };
    },
    recognises(content: SignedContent, carried: Partial<Testimony>): boolean {
      try {
        checkLog(content, carried, trusted);
        return true;
      } catch (thrown) {
        if (toExportError(thrown).code !== 'VERIFICATION_FAILED') throw thrown;
        return false;
      }
    },
  };
}
