// Maven coordinates of an archive that lies in a folder, out of what its builder left: `pom.properties` of Maven, the places
// of a Maven repository, the manifest. Nothing is guessed that would be said of a stranger's archive too: a group is never
// made up.

import type { Coordinates } from './maven-coordinates.ts';

/** What is to be seen of an archive without unpacking it. */
export type JarClues = {
  /** Path below the folder that was given, with `/`. */
  readonly path: string;
  /** Texts of all `META-INF/maven/…/pom.properties`. */
  readonly poms: readonly string[];
  /** Text of `META-INF/MANIFEST.MF`. */
  readonly manifest: string | undefined;
};

/** Coordinates, or undefined when nothing says the group. */
export function coordinatesOfJar({ path, poms, manifest }: JarClues): Coordinates | undefined {
  const folders = path.split('/');
  const stem = (folders.pop() ?? '').replace(/\.[^.]+$/, '');
  const known = poms.map(readProperties).flatMap((properties) => pomCoordinates(properties) ?? []);
  // A shaded archive has those of others in it; its own have its name.
  const own = known.flatMap((coordinates) => named(coordinates, stem) ?? []);
  if (own.length === 1) return own[0];
  return repositoryPlace(folders, stem) ?? (known.length === 1 ? known[0] : manifestCoordinates(manifest, stem));
}

function pomCoordinates(properties: ReadonlyMap<string, string>): Coordinates | undefined {
  const group = properties.get('groupId') ?? '';
  const artifact = properties.get('artifactId') ?? '';
  const version = properties.get('version') ?? '';
  return group === '' || artifact === '' || version === '' ? undefined : { group, artifact, version, classifier: '' };
}

/** The coordinates with the classifier that a file's name adds, where the name begins as theirs does. */
function named(coordinates: Coordinates, stem: string): Coordinates | undefined {
  const start = `${coordinates.artifact}-${coordinates.version}`;
  if (stem === start) return coordinates;
  return stem.startsWith(`${start}-`) ? { ...coordinates, classifier: stem.slice(start.length + 1) } : undefined;
}

/** `org/example/core/1.0/core-1.0[-classifier]`, the layout of Maven repositories. */
function repositoryPlace(folders: readonly string[], stem: string): Coordinates | undefined {
  const [artifact, version] = folders.slice(-2);
  const group = folders.slice(0, -2).join('.');
  if (artifact === undefined || version === undefined || group === '') return undefined;
  return named({ group, artifact, version, classifier: '' }, stem);
}

/** `Implementation-Vendor-Id`, which is a group where it is there at all, with title and version of the same kind. */
function manifestCoordinates(manifest: string | undefined, stem: string): Coordinates | undefined {
  const attributes = readManifest(manifest ?? '');
  const group = attributes.get('implementation-vendor-id') ?? '';
  if (!/^[A-Za-z_][\w-]*(?:\.[\w-]+)*$/.test(group)) return undefined;
  const [, nameOfFile = '', versionOfFile = ''] = /^(.+?)-(\d.*)$/.exec(stem) ?? [];
  const title = attributes.get('implementation-title') ?? '';
  const artifact = nameOfFile || (/^[\w.-]+$/.test(title) ? title : '');
  const version = (attributes.get('implementation-version') ?? '') || versionOfFile;
  return artifact === '' || version === '' ? undefined : { group, artifact, version, classifier: '' };
}

/** Lines `key=value` of java.util.Properties as Maven writes them: no escapes but for the blank forms. */
function readProperties(text: string): ReadonlyMap<string, string> {
  const properties = new Map<string, string>();
  for (const line of text.split(/\r\n|\r|\n/)) {
    const match = /^\s*([^#!\s=:][^\s=:]*)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (match !== null) properties.set(match[1] as string, match[2] as string);
  }
  return properties;
}

/** The main section of a manifest (JAR File Specification): names without case, long lines go on behind a blank. */
function readManifest(text: string): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  const [section = ''] = text.replaceAll(/\r\n?/g, '\n').split('\n\n', 1);
  for (const line of section.replaceAll('\n ', '').split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) attributes.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return attributes;
}
