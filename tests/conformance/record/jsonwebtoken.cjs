// Records the tokens that the tests of node-jsonwebtoken verify. Mocha loads this file first.
//
// Each line of the file RECORD is a call of `verify`: the token, the key, the settings, and the
// result. The environment variable LIBRARY is the folder of the library.
const { createPublicKey, KeyObject } = require("node:crypto");
const { appendFileSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");

const path = require.resolve(join(process.env.LIBRARY, "verify.js"));
const verify = require(path);

// The options with an equivalent setting, and those that change only the form of the result.
const MAPPED = ["algorithms", "audience", "issuer", "clockTolerance", "clockTimestamp", "complete"];

let test = null;
writeFileSync(process.env.RECORD, "");

exports.mochaHooks = {
  beforeEach() {
    test = this.currentTest.fullTitle();
  },
};

require.cache[path].exports = function recorded(token, key, options, callback) {
  const now = Math.floor(Date.now() / 1000);
  if (typeof options === "function") [options, callback] = [undefined, options];
  const write = (theirs) => {
    const line = { test, level: "jwt", theirs, now, ...describe(token, key, options ?? {}) };
    appendFileSync(process.env.RECORD, `${JSON.stringify(line)}\n`);
  };
  if (callback) {
    return verify(token, key, options, (error, ...rest) => {
      write(error ? error.name : "accepted");
      callback(error, ...rest);
    });
  }
  try {
    const result = verify(token, key, options);
    write("accepted");
    return result;
  } catch (error) {
    write(error.name);
    throw error;
  }
};

function describe(token, key, options) {
  try {
    if (typeof token !== "string") throw new Error("the token is not text");
    const others = Object.keys(options).filter((name) => !MAPPED.includes(name) && options[name]);
    return {
      token,
      keys: keys(key),
      algorithms: options.algorithms ?? null,
      audiences: texts("audience", options.audience),
      // Without an audience, it accepts tokens with any `aud`.
      any_audience: options.audience === undefined,
      issuers: texts("issuer", options.issuer),
      leeway: Math.floor(options.clockTolerance || 0),
      ...(Number.isInteger(options.clockTimestamp) ? { now: options.clockTimestamp } : {}),
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

function keys(key) {
  if (key === undefined || key === null) key = "";
  if (key instanceof KeyObject) {
    if (key.type === "secret") return { secret: key.export().toString("base64url") };
    const publicKey = key.type === "private" ? createPublicKey(key) : key;
    return { pem: publicKey.export({ type: "spki", format: "pem" }) };
  }
  if (typeof key !== "string" && !Buffer.isBuffer(key)) throw new Error("the key has no bytes");
  const text = key.toString();
  // The crate reads public keys only, so certificates are converted.
  if (text.includes("BEGIN CERTIFICATE")) return keys(createPublicKey(text));
  return text.includes("-----BEGIN")
    ? { pem: text }
    : { secret: Buffer.from(key).toString("base64url") };
}
