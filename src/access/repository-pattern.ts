// Patterns that name repositories inside a tenant: `mirror` that one, `team/*` and `trivy-*` all that begin so, `*` all.

const form = /^(?:[a-z0-9][a-z0-9._/-]*\*?|\*)$/;

export function isRepositoryPattern(text: string): boolean {
  return text.length <= 255 && form.test(text);
}

/** Whether `pattern` names the repository `name` (without its tenant). */
export function matchesPattern(pattern: string, name: string): boolean {
  if (!pattern.endsWith('*')) return pattern === name;
  return name !== '' && name.startsWith(pattern.slice(0, -1));
}
