// Compiles src for import and for require. Which of the two a file is, the nearest package.json decides, so each folder has its own.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const tsc = join(createRequire(import.meta.url).resolve('typescript/package.json'), '..', 'bin', 'tsc');
rmSync(join(here, 'dist'), { recursive: true, force: true });
for (const [format, type] of [['esm', 'module'], ['cjs', 'commonjs']]) {
  // The compiler asks the package.json above the sources for their format.
  const sources = join(here, 'obj', format);
  rmSync(sources, { recursive: true, force: true });
  mkdirSync(sources, { recursive: true });
  cpSync(join(here, 'src'), join(sources, 'src'), { recursive: true });
  cpSync(join(here, 'tsconfig.json'), join(sources, 'tsconfig.json'));
  writeFileSync(join(sources, 'package.json'), JSON.stringify({ type }));
  execFileSync(process.execPath, [tsc, '--project', sources, '--outDir', join(here, 'dist', format)], { stdio: 'inherit' });
  writeFileSync(join(here, 'dist', format, 'package.json'), JSON.stringify({ type }));
}
