// Whose work a request is, by its path alone: before anything is looked up or checked.

/** The tenant that the path or `?tenant=` names; undefined for what belongs to nobody (health, metrics, tokens). */
export function requestTenant(url: string): string | undefined {
  const [path = '', query = ''] = url.split('?', 2);
  const [, first, ...rest] = path.split('/');
  if (first === 'v2' || first === 'vex') return rest[0] || undefined;
  // A token may stand in front.
  if (first === 'tuf') return (rest[0]?.startsWith('~') === true ? rest[1] : rest[0]) || undefined;
  if (first !== 'api') return undefined;
  const [, area, owner] = rest;
  if (area === 'bundles') return owner || undefined;
  return new URLSearchParams(query).get('tenant') ?? 'default';
}
