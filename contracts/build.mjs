// Compiles src/ into artifacts/ (ABI and bytecode, one JSON file per contract).
//
//   node build.mjs           writes the artifacts
//   node build.mjs --check   compiles, and fails where the committed artifacts differ from the sources
//
// The compiler and the OpenZeppelin sources are npm packages pinned by package-lock.json. They are taken from node_modules
// here, else from a per-user cache that is filled on first use, so that a plain clone can run the check.
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const sources = join(here, "src");
const artifacts = join(here, "artifacts");

// What gets an artifact; libraries and structs do not.
const published = ["Market", "MarketFactory", "OutcomeToken", "Vault", "MockUSDC", "TestWallet"];

// EIP-170: a contract with more code than this cannot be deployed.
const codeLimit = 24576;
// EIP-3860: the same of the code that deploys it, which has in it the code of all that a constructor makes.
const creationLimit = 49152;

export function modules() {
  if (existsSync(join(here, "node_modules", "solc"))) return join(here, "node_modules");
  const lock = readFileSync(join(here, "package-lock.json"));
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const folder = join(cache, "foresight", "contracts-" + createHash("sha256").update(lock).digest("hex").slice(0, 16));
  if (existsSync(folder)) return join(folder, "node_modules");

  // Install beside the folder and rename, so that an interrupted or a concurrent install never leaves half of one.
  mkdirSync(dirname(folder), { recursive: true });
  const fresh = mkdtempSync(folder + "-");
  cpSync(join(here, "package.json"), join(fresh, "package.json"));
  cpSync(join(here, "package-lock.json"), join(fresh, "package-lock.json"));
  execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
    { cwd: fresh, stdio: ["ignore", process.stderr, process.stderr] });
  try {
    renameSync(fresh, folder);
  } catch (e) {
    if (!existsSync(folder)) throw e;
    rmSync(fresh, { recursive: true, force: true });
  }
  return join(folder, "node_modules");
}

export function soliditySources() {
  return Object.fromEntries(
    readdirSync(sources, { recursive: true })
      .filter((f) => f.endsWith(".sol"))
      .sort()
      .map((f) => [f.replaceAll("\\", "/"), { content: readFileSync(join(sources, f), "utf8") }]));
}

/// What the compiler makes of the sources; `outputs` as its option `outputSelection`. `quick`: code that does the same for more gas, in a
/// quarter of the time.
export function compileSources(nodeModules, texts, outputs, quick = false) {
  const solc = createRequire(join(nodeModules, "_"))("solc");
  const input = {
    language: "Solidity",
    sources: texts,
    settings: {
      optimizer: { enabled: true, runs: quick ? 1 : 10000 },
      viaIR: !quick,
      // Every chain that Foresight markets are on understands it.
      evmVersion: "cancun",
      // No hash of the sources in the code: a comment does not change the bytecode.
      metadata: { appendCBOR: false, bytecodeHash: "none" },
      outputSelection: outputs,
    },
  };
  const load = (path) => {
    const file = join(nodeModules, path);
    return existsSync(file) ? { contents: readFileSync(file, "utf8") } : { error: `${path} is not there` };
  };
  return JSON.parse(solc.compile(JSON.stringify(input), { import: load }));
}

function compile(nodeModules) {
  const texts = soliditySources();
  const output = compileSources(nodeModules, texts, { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } });
  const problems = output.errors ?? [];
  for (const problem of problems) console.error(problem.formattedMessage);
  if (problems.length > 0) process.exit(1);

  const result = {};
  for (const file of Object.keys(texts)) {
    for (const [name, contract] of Object.entries(output.contracts[file] ?? {})) {
      const size = contract.evm.deployedBytecode.object.length / 2;
      const creation = contract.evm.bytecode.object.length / 2;
      if (size > codeLimit) throw new Error(`${name} has ${size} bytes of code, more than ${codeLimit}`);
      if (creation > creationLimit) throw new Error(`${name} takes ${creation} bytes to deploy, more than ${creationLimit}`);
      if (!published.includes(name)) continue;
      console.error(`${name}: ${size} bytes of code, ${creation} to deploy`);
      // One entry of the ABI per line, so that a change of it can be read in a diff.
      const abi = contract.abi.map((entry) => "    " + JSON.stringify(entry)).join(",\n");
      result[name] = `{\n  "contract": "${name}",\n  "abi": [\n${abi}\n  ],\n  "bytecode": "0x${contract.evm.bytecode.object}"\n}\n`;
    }
  }
  return result;
}

function main() {
  const built = compile(modules());
  if (process.argv.includes("--check")) {
    const differing = published.filter((name) => {
      const file = join(artifacts, name + ".json");
      return !existsSync(file) || readFileSync(file, "utf8") !== built[name];
    });
    if (differing.length > 0) {
      const script = relative(process.cwd(), fileURLToPath(import.meta.url));
      console.error(`The artifacts of ${differing.join(", ")} do not match the sources: run "node ${script}".`);
      process.exit(1);
    }
    console.log("The artifacts match the sources.");
  } else {
    mkdirSync(artifacts, { recursive: true });
    for (const name of published) writeFileSync(join(artifacts, name + ".json"), built[name]);
  }
}

// mutants.mjs uses the parts.
if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) main();
