// Breaks the contracts on purpose, one rule at a time (mutants.txt), to see that the tests of firm money notice.
//
//   node mutants.mjs                  all of them, an hour on two cores
//   node mutants.mjs o2 s5 k1-own     those whose names begin so
//   node mutants.mjs --list           does each change one place of the sources? (a test runs this)
//
// Nothing of the repository is changed: the tests are built once into a temporary folder, and the bytecode of each mutant is written over
// that of the factory, which has all others in it, in the assembly that carries the artifacts.
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { compileSources, modules, soliditySources } from "./build.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const artifact = join("artifacts", "MarketFactory.json");
// For mutants whose code is longer.
const padding = " ".repeat(8192);
const patience = 5 * 60_000;

function readMutants() {
  const mutants = readFileSync(join(here, "mutants.txt"), "utf8").split("\n## ").slice(1).map((block) => {
    const lines = block.split("\n");
    const of = (prefix) => lines.filter((l) => l.startsWith(prefix)).map((l) => l.slice(prefix.length)).join("\n");
    return { name: lines[0].trim(), file: of("@ "), tests: of("! ").split(" "), original: of("- "), replacement: of("+ ") };
  });
  if (new Set(mutants.map((m) => m.name)).size !== mutants.length) throw new Error("two mutants have one name");
  return mutants;
}

function apply(mutant, sources) {
  const text = sources[mutant.file]?.content ?? "";
  const parts = mutant.original === "" ? [] : text.split(mutant.original);
  if (parts.length !== 2) throw new Error(`${mutant.name}: the original must occur exactly once in ${mutant.file}`);
  return { ...sources, [mutant.file]: { content: parts.join(mutant.replacement) } };
}

/// Bytecode of the factory. A warning is no reason: what a mutant leaves out may leave something unused.
function bytecode(sources) {
  const output = compileSources(modules(), sources, { "MarketFactory.sol": { MarketFactory: ["evm.bytecode.object"] } }, true);
  const errors = (output.errors ?? []).filter((e) => e.severity === "error");
  if (errors.length > 0) throw new Error(errors[0].formattedMessage);
  return output.contracts["MarketFactory.sol"].MarketFactory.evm.bytecode.object;
}

/// With the code of a mutant, or the padding that a mutant's may need.
function artifactText(code) {
  const text = readFileSync(join(here, artifact), "utf8");
  return code === undefined ? text + padding : text.replace(/"bytecode": "0x[0-9a-f]*"/, `"bytecode": "0x${code}"`);
}

function run(program, args, cwd, bound) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, DOTNET_CLI_TELEMETRY_OPTOUT: "1" } });
    let output = "";
    child.stdout.on("data", (data) => (output += data));
    child.stderr.on("data", (data) => (output += data));
    const timer = bound && setTimeout(() => child.kill("SIGKILL"), bound);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
  });
}

/// The tests, and the assembly that carries the artifacts with room for longer ones.
async function prepare(folder) {
  const build = ["-v", "quiet", "--nologo", "-p:UseSharedCompilation=false", "-nodeReuse:false"];
  const tests = join(folder, "tests");
  const project = join("tests", "Foresight.Chain.Tests");
  const built = await run("dotnet", ["build", project, "-c", "Debug", "-m:1", ...build], root);
  if (built.code !== 0) throw new Error(built.output);
  cpSync(join(root, project, "bin", "Debug", "net10.0"), tests, { recursive: true });
  for (const name of ["Foresight.Chain", "contracts"])
    cpSync(join(root, name), join(folder, name), { recursive: true, filter: (from) => !/\/(bin|obj|node_modules)(\/|$)/.test(from) });
  for (const name of ["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "BannedSymbols.txt", "global.json"])
    cpSync(join(root, name), join(folder, name));
  writeFileSync(join(folder, "contracts", artifact), artifactText());
  const chain = await run("dotnet", ["build", "Foresight.Chain", "-o", join(folder, "chain"), ...build], folder);
  if (chain.code !== 0) throw new Error(chain.output);
  // One failure is enough.
  writeFileSync(join(tests, "xunit.runner.json"), '{ "stopOnFail": true }');
  return tests;
}

/// Writes the artifact over the one of the assembly: as long as that, with spaces, which JSON allows.
function patched(assembly, text) {
  const bytes = Buffer.from(assembly);
  const begin = bytes.indexOf(readFileSync(join(here, artifact)).subarray(0, 200));
  const room = Buffer.byteLength(artifactText());
  if (begin < 0 || text.length > room) throw new Error("the artifact does not fit into the assembly");
  bytes.write(text.padEnd(room), begin);
  return bytes;
}

/// null: all passed; else the first that did not.
async function attempt(folder, tests, classes, code) {
  const assembly = readFileSync(join(folder, "chain", "Foresight.Chain.dll"));
  writeFileSync(join(tests, "Foresight.Chain.dll"), patched(assembly, artifactText(code)));
  const filter = classes.map((one) => `FullyQualifiedName~Firm.${one}`).join("|");
  const test = ["test", join(tests, "Foresight.Chain.Tests.dll"), "--nologo", "--filter", filter];
  const { code: exit, output } = await run("dotnet", test, root, patience);
  const failed = output.split("\n").find((line) => line.includes("[FAIL]"));
  if (exit === 0 && /Passed!/.test(output)) return null;
  // A run without a failed test is the machine's fault, and kills nothing.
  if (!failed) throw new Error(`the tests did not run (${exit}): ${output.trim().split("\n").at(-1)}`);
  return failed.replace(/.*Foresight\.Chain\.Tests\.Firm\./, "").replace("[FAIL]", "").trim();
}

/// Compiles ahead, on another thread, while the tests of the mutant before run.
function compiling(jobs) {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: jobs });
  const [waiting, done] = [[], []];
  worker.on("message", (one) => (waiting.length > 0 ? waiting.shift()(one) : done.push(one)));
  worker.on("error", (error) => {
    throw error;
  });
  return () => (done.length > 0 ? Promise.resolve(done.shift()) : new Promise((resolve) => waiting.push(resolve)));
}

async function main() {
  const sources = soliditySources();
  const all = readMutants();
  const broken = new Map(all.map((mutant) => [mutant.name, apply(mutant, sources)]));
  if (process.argv.includes("--list")) {
    console.log(`${all.length} mutants, each of one place`);
    return 0;
  }
  const names = process.argv.slice(2);
  const chosen = all.filter((m) => names.length === 0 || names.some((name) => m.name.startsWith(name)));
  if (chosen.length === 0) throw new Error(`no such mutant; there are: ${all.map((m) => m.name).join(", ")}`);
  const next = compiling([{ name: "none", sources }, ...chosen.map((m) => ({ name: m.name, sources: broken.get(m.name) }))]);
  const folder = mkdtempSync(join(tmpdir(), "foresight-contract-mutants-"));
  const survived = [];
  try {
    console.log("building the tests");
    const tests = await prepare(folder);
    const sound = await attempt(folder, tests, [...new Set(chosen.flatMap((m) => m.tests))], (await next()).code);
    if (sound !== null) throw new Error(`the tests fail without a mutant: ${sound}`);
    for (const [index, mutant] of chosen.entries()) {
      const { error, code } = await next();
      if (error) throw new Error(`${mutant.name} does not compile: ${error}`);
      const by = await attempt(folder, tests, mutant.tests, code);
      if (by === null) survived.push(mutant.name);
      const fate = by === null ? "SURVIVED" : "killed  ";
      console.log(`${String(index + 1).padStart(3)}/${chosen.length} ${fate} ${mutant.name.padEnd(46)} ${by ?? ""}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const tail = survived.length > 0 ? `; survived: ${survived.join(", ")}` : "";
  console.log(`${chosen.length - survived.length} of ${chosen.length} mutants killed${tail}`);
  return survived.length > 0 ? 1 : 0;
}

if (isMainThread) {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(error.message);
    process.exit(2);
  }
} else {
  for (const { name, sources } of workerData) {
    try {
      parentPort.postMessage({ name, code: bytecode(sources) });
    } catch (error) {
      parentPort.postMessage({ name, error: error.message });
    }
  }
}
