// What is published, as it is served: the committed state of the database, whose bytes are those of the registry. Reading
// it never waits for a publication, and never sees half of one.

import type { Digest } from '../../core/digest.ts';
import type { Database } from '../../db/database.ts';
import { committedFile, hasCommitted } from '../../db/tuf.ts';

export type PublishedFile = { readonly digest: Digest; readonly bytes: Buffer };

export interface TufFiles {
  /**
   * A file by the name that clients ask for; undefined when what is published has none of that name, which is another
   * thing than that nothing is published.
   */
  file(repository: string, name: string): Promise<PublishedFile | 'unpublished' | undefined>;
}

export function tufFiles(db: Database): TufFiles {
  return {
    async file(repository, name) {
      const found = await committedFile(db, repository, name);
      if (found) return { digest: found.digest, bytes: Buffer.from(found.text) };
      return (await hasCommitted(db, repository)) ? undefined : 'unpublished';
    },
  };
}
