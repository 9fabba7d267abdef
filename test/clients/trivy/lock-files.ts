// Lock files of one line for each package, as package managers write them; how far Trivy and osv-scanner need them.

export type Locked = readonly [name: string, version: string];

type LockFile = { readonly path: string; readonly write: (packages: readonly Locked[]) => string };

/** By OSV's ecosystem. */
export const lockFiles: { readonly [ecosystem: string]: LockFile } = {
  Go: {
    path: 'go.mod',
    write: (packages) => {
      // Only module paths with a host; the standard library is none.
      const modules = packages.filter(([name]) => name.includes('.'));
      const lines = modules.map(([name, version]) => `\t${name} v${version}`);
      return `module example.com/app\n\ngo 1.10\n\nrequire (\n${lines.join('\n')}\n)\n`;
    },
  },
  'crates.io': {
    path: 'Cargo.lock',
    write: (packages) => {
      const source = 'source = "registry+https://github.com/rust-lang/crates.io-index"';
      const blocks = packages.map(
        ([name, version]) => `[[package]]\nname = "${name}"\nversion = "${version}"\n${source}\n`,
      );
      return `version = 3\n\n${blocks.join('\n')}`;
    },
  },
  PyPI: {
    path: 'requirements.txt',
    write: (packages) => packages.map(([name, version]) => `${name}==${version}\n`).join(''),
  },
  npm: {
    path: 'package-lock.json',
    write: (packages) => {
      const root = { name: 'app', version: '1.0.0', dependencies: Object.fromEntries(packages) };
      const locked = packages.map(([name, version]) => [`node_modules/${name}`, { version }]);
      const all = { '': root, ...Object.fromEntries(locked) };
      return JSON.stringify({ name: 'app', version: '1.0.0', lockfileVersion: 3, packages: all });
    },
  },
  Maven: {
    path: 'gradle.lockfile',
    write: (packages) => `${packages.map(([name, version]) => `${name}:${version}=x\n`).join('')}empty=\n`,
  },
  RubyGems: {
    path: 'Gemfile.lock',
    write: (packages) => {
      const specs = packages.map(([name, version]) => `    ${name} (${version})\n`).join('');
      const names = packages.map(([name]) => `  ${name}\n`).join('');
      return `GEM\n  remote: https://rubygems.org/\n  specs:\n${specs}\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n${names}`;
    },
  },
  NuGet: {
    path: 'packages.lock.json',
    write: (packages) => {
      const locked = packages.map(([name, version]) => [name, { type: 'Direct', resolved: version }]);
      return JSON.stringify({ version: 1, dependencies: { net: Object.fromEntries(locked) } });
    },
  },
  Packagist: {
    path: 'composer.lock',
    write: (packages) => {
      const locked = packages.map(([name, version]) => ({ name, version }));
      return JSON.stringify({ packages: locked, 'packages-dev': [] });
    },
  },
};
