// The projects of all twelve languages.

import { compiledProjects } from './compiled-languages.ts';
import type { Project } from './project.ts';
import { scriptingProjects } from './scripting-languages.ts';

export const projects: readonly Project[] = [...scriptingProjects, ...compiledProjects];
