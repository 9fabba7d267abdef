// TUF repositories of the made-up Center: fixed answers, and a note of what was asked by whom.

import type { TufCenter, TufSummary } from '../../src/runs/tuf/tuf-center.ts';

const summary: TufSummary = {
  repository: 'trust',
  publication: 7,
  rootFile: '/data/trust/root.json',
  rootSha256: 'a'.repeat(64),
  roles: [
    {
      role: 'root',
      version: 2,
      expires: '2027-01-01T00:00:00Z',
      threshold: 2,
      keys: [{ id: 'b'.repeat(64), here: false }],
      renews: false,
    },
    {
      role: 'targets',
      version: 3,
      expires: '2027-01-01T00:00:00Z',
      threshold: 1,
      keys: [{ id: 'c'.repeat(64), here: true }],
      targets: 2,
      renews: true,
    },
  ],
};

export const fakeDraft = '{"signatures":[],"signed":{"_type":"root"}}\n';

export function fakeTuf(note: (...call: unknown[]) => void): TufCenter {
  return {
    show: async (repository) => (note('tuf.show', repository), { ...summary, repository }),
    init: async (repository, actor) => (note('tuf.init', repository, actor), { ...summary, repository }),
    draft: async (repository, request, actor) => (note('tuf.draft', repository, request, actor), fakeDraft),
    publish: async (repository, draft, actor) => (
      note('tuf.publish', repository, draft, actor),
      { ...summary, repository }
    ),
    async kit(tenant, actor) {
      note('tuf.kit', tenant, actor);
      const files = [
        { name: 'root.json', text: '{}' },
        { name: 'targets/mirror/ab.latest', text: '{"a":1}' },
      ];
      return { publication: 1_000, expires: '2027-01-01T00:00:00Z', files };
    },
  };
}
