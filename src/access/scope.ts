// Scopes of the distribution token protocol: `repository:NAME:ACTION,ACTION` (distribution token scope grammar).

import { actions, type Action } from './roles.ts';

/** What is asked for, or what was granted, on one repository. */
export type Scope = { readonly repository: string; readonly actions: readonly Action[] };

/** More scopes than any client asks for at once; the rest is not looked at. */
const maxScopes = 100;

/**
 * Reads the `scope` parameters of a token request; each may hold several scopes with spaces between them. What is not
 * about repositories is left out: less than asked is no error. `*` stands for every action.
 */
export function parseScopes(parameters: readonly string[]): Scope[] {
  const merged = new Map<string, Set<Action>>();
  const texts = parameters.flatMap((parameter) => parameter.split(' ')).filter((text) => text !== '');
  for (const text of texts.slice(0, maxScopes)) {
    // A name may hold a host with a port: split at the first and at the last colon.
    const first = text.indexOf(':');
    const last = text.lastIndexOf(':');
    if (first < 0 || last === first || !/^repository(?:\([a-z0-9]+\))?$/.test(text.slice(0, first))) continue;
    const repository = text.slice(first + 1, last);
    const asked = text.slice(last + 1).split(',');
    const set = merged.get(repository) ?? new Set();
    for (const action of actions) if (asked.includes(action) || asked.includes('*')) set.add(action);
    merged.set(repository, set);
  }
  return Array.from(merged, ([repository, set]) => ({ repository, actions: [...set] }));
}

export function formatScope({ repository, actions: asked }: Scope): string {
  return `repository:${repository}:${asked.join(',')}`;
}
