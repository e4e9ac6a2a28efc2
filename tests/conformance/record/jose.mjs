// Records the tokens that tests of panva/jose verify.
//
// Each line of the file RECORD is a call of `jwtVerify`, `compactVerify`, or `flattenedVerify`: the
// token, the key, the settings, and the result. LIBRARY is the folder of the library, TOOLS a folder
// in which esbuild is installed. The arguments are the test files.
import { KeyObject } from "node:crypto";
import { appendFileSync, existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const { LIBRARY, RECORD, TOOLS } = process.env;
const { build } = createRequire(join(resolve(TOOLS), "package.json"))("esbuild");
const source = ["src/index.ts", "dist/webapi/index.js"]
  .map((path) => resolve(LIBRARY, path))
  .find(existsSync);

// The options with an equivalent setting.
const MAPPED = ["algorithms", "audience", "issuer", "clockTolerance", "currentDate"];

let current = null;
let tests = [];
const hooks = { before: [], after: [] };

// The part of ava that the tests use. Assertions are not checked; only the calls are of interest.
const t = new Proxy(
  { context: {} },
  {
    get: (target, name) =>
      name in target ? target[name] : name.startsWith("throws") ? caught : settled,
  },
);
async function settled(value) {
  return typeof value === "function" ? value() : value;
}
async function caught(value) {
  return settled(value).then(() => undefined, (error) => error);
}
function test(title, run, ...rest) {
  if (typeof title === "function") [title, run, rest] = [undefined, title, [run, ...rest]];
  tests.push([run.title?.(title, ...rest) ?? title, run, rest]);
}
test.serial = test;
test.before = (run) => hooks.before.push(run);
test.after = (run) => hooks.after.push(run);

const RealDate = Date;
const timekeeper = {
  freeze(milliseconds) {
    globalThis.Date = class extends RealDate {
      constructor(...rest) {
        super(...(rest.length ? rest : [milliseconds]));
      }
      static now() {
        return milliseconds;
      }
    };
  },
  reset() {
    globalThis.Date = RealDate;
  },
};

const recorded = (level, verify, toCompact) =>
  async function (input, key, options) {
    const now = Math.floor(Date.now() / 1000);
    const token = toCompact(input);
    let used = key;
    const passed =
      typeof key === "function" ? async (...rest) => (used = await key(...rest)) : key;
    const write = async (theirs) => {
      const line = await describe(token, used, options ?? {});
      const text = JSON.stringify({ test: current, level, theirs, now, ...line });
      appendFileSync(RECORD, `${text}\n`);
    };
    try {
      const result = await verify(input, passed, options);
      await write("accepted");
      return result;
    } catch (error) {
      await write(error.code ?? error.name);
      throw error;
    }
  };

async function describe(token, key, options) {
  try {
    if (token instanceof Uint8Array) token = new TextDecoder().decode(token);
    if (typeof token !== "string") throw new Error("the token is not text");
    const tolerance = Number.parseInt(options.clockTolerance ?? 0, 10);
    const isMapped = (name) => MAPPED.includes(name) || (name === "typ" && options.typ !== "");
    const others = Object.keys(options).filter((name) => !isMapped(name));
    return {
      token,
      keys: await keys(key),
      algorithms: options.algorithms ?? null,
      audiences: texts("audience", options.audience),
      // Without an audience, it accepts tokens with any `aud`.
      any_audience: options.audience === undefined,
      issuers: texts("issuer", options.issuer),
      types: options.typ ? [options.typ] : [],
      leeway: Number.isInteger(tolerance) ? tolerance : 0,
      options: others.sort(),
    };
  } catch (error) {
    return { skipped: error.message };
  }
}

function texts(name, value) {
  if (value === undefined) return [];
  const values = Array.isArray(value) ? value : [value];
  const isText = (text) => typeof text === "string" && text !== "";
  if (!values.length || !values.every(isText)) throw new Error(`the ${name} is not text`);
  return values;
}

async function keys(key) {
  if (key instanceof Uint8Array) return { secret: Buffer.from(key).toString("base64url") };
  if (key?.kty) return { jwk: key };
  const object = key instanceof CryptoKey ? KeyObject.from(key) : key;
  if (!(object instanceof KeyObject)) throw new Error("the key has no bytes");
  if (object.type === "secret") return { secret: object.export().toString("base64url") };
  return { pem: object.export({ type: "spki", format: "pem" }) };
}

const library = await import(await bundled(source, []));
const same = (token) => token;
const compact = (jws) =>
  jws.header || typeof jws.payload !== "string"
    ? null
    : `${jws.protected}.${jws.payload}.${jws.signature}`;
globalThis.recordedJose = {
  ...library,
  jwtVerify: recorded("jwt", library.jwtVerify, same),
  compactVerify: recorded("jws", library.compactVerify, same),
  flattenedVerify: recorded("jws", library.flattenedVerify, compact),
};
Object.assign(globalThis, { recordedTest: test, recordedTime: timekeeper });

// Bundles a file, with the modules that are replaced.
async function bundled(file, replaced) {
  const outfile = join(mkdtempSync(join(tmpdir(), "jose-")), "bundle.mjs");
  const replace = {
    name: "replace",
    setup({ onResolve, onLoad }) {
      for (const [filter, name, kind] of replaced) {
        onResolve({ filter }, () => ({ path: name, namespace: kind }));
        onLoad({ filter: new RegExp(`^${name}$`), namespace: kind }, () => ({
          contents: `module.exports = globalThis.${name};`,
          loader: "js",
        }));
      }
    },
  };
  await build({
    entryPoints: [file],
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "error",
    outfile,
    plugins: [replace],
  });
  return pathToFileURL(outfile);
}

writeFileSync(RECORD, "");
for (const file of process.argv.slice(2)) {
  tests = [];
  hooks.before.length = hooks.after.length = 0;
  t.context = {};
  await import(
    await bundled(file, [
      [/^ava$/, "recordedTest", "test"],
      [/^timekeeper$/, "recordedTime", "time"],
      [/src\/index\.js$/, "recordedJose", "jose"],
    ])
  );
  for (const run of hooks.before) await run(t);
  for (const [title, run, rest] of tests) {
    current = title;
    await run(t, ...rest).catch((error) => console.error(`${title}: ${error.message}`));
  }
  for (const run of hooks.after) await run(t);
}
