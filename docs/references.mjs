// Reads from the code which project references which, and which stage of the matching service uses which.
//
//   node docs/references.mjs          draws both into ARCHITECTURE.md, between the markers
//   node docs/references.mjs --check  fails if the picture there is not that of the code
//   node docs/references.mjs --json   prints what was read, on one line
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const staged = 'Foresight.Matching';
const [begin, end] = ['<!-- references: drawn by docs/references.mjs -->', '<!-- /references -->'];

function files(folder, extension) {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    if (entry.isDirectory())
      return ['bin', 'obj', 'node_modules'].includes(entry.name) || entry.name.startsWith('.')
        ? [] : files(join(folder, entry.name), extension);
    return entry.name.endsWith(extension) ? [join(folder, entry.name)] : [];
  });
}

const nameOf = project => project.split(/[/\\]/).at(-1).replace('.csproj', '');

// Project → the projects that it references, with the folder it is in.
function readProjects() {
  const projects = files(root, '.csproj').map(file => ({
    name: nameOf(file),
    folder: relative(root, dirname(file)),
    references: [...readFileSync(file, 'utf8').matchAll(/<ProjectReference Include="([^"]+)"/g)].map(match => nameOf(match[1])).sort(),
  }));
  return projects.sort((a, b) => a.name.localeCompare(b.name));
}

// Stage → the other stages that its files name, by a using or by a qualified name. A stage is a folder of the project and a namespace.
function readStages(project) {
  const sources = files(join(root, project), '.cs').map(file => relative(join(root, project), file).split(/[/\\]/))
    .filter(path => path.length > 1);
  const stages = [...new Set(sources.map(path => path[0]))].sort();
  const used = Object.fromEntries(stages.map(stage => [stage, new Set()]));
  for (const path of sources) {
    const code = readFileSync(join(root, project, ...path), 'utf8').replace(/\/\/.*|"(?:[^"\\\n]|\\.)*"/g, '');
    for (const stage of stages.filter(stage => stage !== path[0]))
      if (new RegExp(`\\b${project.replaceAll('.', '\\.')}\\.${stage}\\b|(?<![\\w.])${stage}\\.[A-Z]`).test(code)) used[path[0]].add(stage);
  }
  return stages.map(name => ({ name, references: [...used[name]].sort() }));
}

// Without the arrows that a longer way implies: what is used by way of another is not drawn again.
function draw(nodes) {
  const of = new Map(nodes.map(node => [node.name, node.references]));
  // Within a circle every arrow is drawn.
  const reaches = (from, to, seen = new Set([from])) =>
    of.get(from).some(next => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))));
  const short = name => name.replace('Foresight.', '');
  const lines = nodes.flatMap(({ name, references }) => {
    const direct = references.filter(to => reaches(to, name)
      || !references.some(other => other !== to && reaches(other, to) && !reaches(to, other) && !reaches(other, name)));
    return direct.length ? direct.map(to => `    ${short(name)} --> ${short(to)}`) : [`    ${short(name)}`];
  });
  return ['```mermaid', 'graph TD', ...lines, '```'].join('\n');
}

const projects = readProjects();
const stages = readStages(staged);
if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ projects, stages }));
} else {
  const product = projects.filter(project => !/[/\\]/.test(project.folder));
  const picture = [
    begin, '', 'Projects:', '', draw(product), '', `Stages of \`${staged}\`:`, '', draw(stages), '', end,
  ].join('\n');
  const file = join(root, 'ARCHITECTURE.md');
  const text = readFileSync(file, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`ARCHITECTURE.md lacks the lines ${begin} and ${end}, between which the picture goes.`);
  const fresh = text.slice(0, from) + picture + text.slice(to + end.length);
  if (!process.argv.includes('--check')) {
    writeFileSync(file, fresh);
  } else if (fresh !== text) {
    console.error('The picture in ARCHITECTURE.md is not that of the code: run node docs/references.mjs.');
    process.exitCode = 1;
  }
}
