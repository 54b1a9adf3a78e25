// node coverage.mjs FOLDER: prints the lines that the tests reached, of each assembly, from all Cobertura reports below the folder.
// A line counts as reached if any test project reached it. Services that tests start as processes of their own are not measured.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const assemblies = new Map();
for (const name of readdirSync(process.argv[2], { recursive: true })) {
  if (!name.endsWith('.cobertura.xml')) continue;
  let lines, file;
  for (const [, tag, attributes] of readFileSync(join(process.argv[2], name), 'utf8').matchAll(/<(package|class|line) ([^>]*)>/g)) {
    const value = attribute => new RegExp(`\\b${attribute}="([^"]*)"`).exec(attributes)[1];
    if (tag === 'package') assemblies.set(value('name'), lines = assemblies.get(value('name')) ?? new Map());
    else if (tag === 'class') file = value('filename');
    else lines.set(`${file}:${value('number')}`, lines.get(`${file}:${value('number')}`) || value('hits') !== '0');
  }
}

if (assemblies.size) console.log('Lines that the tests reach in their own process:');
for (const [name, lines] of [...assemblies].sort(([a], [b]) => a.localeCompare(b))) {
  const reached = [...lines.values()].filter(Boolean).length;
  console.log(`  ${name.padEnd(28)} ${(100 * reached / lines.size).toFixed(1).padStart(5)} %  ${reached} of ${lines.size}`);
}
