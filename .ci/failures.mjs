// node failures.mjs FOLDER: prints the slowest tests, then every failed test with its message, from all trx files below the folder.
// A log of this run is long, and its end is read first.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const SLOWEST = 12;
const LINES_OF_A_FAILURE = 14;

const unescape = text => text.replace(/&(lt|gt|quot|apos|amp|#x?[0-9A-Fa-f]+);/g, (_, name) =>
  ({ lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' })[name]
  ?? String.fromCodePoint(name[1] === 'x' ? parseInt(name.slice(2), 16) : parseInt(name.slice(1), 10)));
const seconds = duration => duration.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);

const tests = [];
for (const name of readdirSync(process.argv[2], { recursive: true })) {
  if (!name.endsWith('.trx')) continue;
  const results = readFileSync(join(process.argv[2], name), 'utf8').matchAll(
    /<UnitTestResult ([^>]*?)(?:\/>|>([\s\S]*?)<\/UnitTestResult>)/g);
  for (const [, attributes, body] of results) {
    const value = attribute => unescape(new RegExp(`\\b${attribute}="([^"]*)"`).exec(attributes)?.[1] ?? '');
    const part = tag => new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(body ?? '')?.[1] ?? '';
    tests.push({
      name: value('testName'),
      failed: value('outcome') === 'Failed',
      seconds: seconds(value('duration') || '0'),
      message: unescape(`${part('Message')}\n${part('StackTrace')}`),
    });
  }
}

console.log('Slowest tests:');
for (const test of tests.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST)) {
  console.log(`  ${test.seconds.toFixed(1).padStart(6)} s  ${test.name}`);
}
for (const test of tests.filter(test => test.failed)) {
  console.log(`FAILED after ${test.seconds.toFixed(1)} s: ${test.name}`);
  const lines = test.message.split('\n').filter(line => line.trim());
  for (const line of lines.slice(0, LINES_OF_A_FAILURE)) console.log(`    ${line.trim().slice(0, 240)}`);
}
