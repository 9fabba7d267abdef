// TUF repositories of a service elsewhere. Who acts is decided there, by the token that was sent.

import type { TufCenter, TufKit, TufSummary } from '../runs/tuf/tuf-center.ts';
import type { Remote } from './remote.ts';

export function remoteTuf(remote: Remote): TufCenter {
  return {
    show: (repository) => remote.get<TufSummary>({ path: ['tuf'], query: { repository } }),
    init: (repository) => remote.post<TufSummary>({ path: ['tuf', 'init'], query: { repository }, repeatable: true }),
    async draft(repository, request) {
      const answer = await remote.post<{ draft: string }>({
        path: ['tuf', 'draft'],
        query: { repository },
        json: request,
      });
      return answer.draft;
    },
    publish: (repository, draft) =>
      remote.post<TufSummary>({
        path: ['tuf', 'publish'],
        query: { repository },
        json: draft === undefined ? {} : { draft },
      }),
    kit: (repository) => remote.post<TufKit>({ path: ['tuf', 'kit'], query: { repository }, repeatable: true }),
  };
}
