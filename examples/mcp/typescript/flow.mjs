// A client of the TypeScript SDK, which signs in to an MCP server, calls a tool, and steps up for another.
//
//   node flow.mjs URL PACKAGE [VERSION]
//
// PACKAGE is one of the SDK's, @modelcontextprotocol/sdk or @modelcontextprotocol/client; the latter also
// knows the protocol version 2026-07-28. The script prints `open URL` for a URL to which it would send the
// browser, and reads the one to which the browser is sent back from stdin. All other lines are for the
// transcript.
import { createInterface } from "node:readline";

const [url, name, pin] = process.argv.slice(2);
const { Client, StreamableHTTPClientTransport, UnauthorizedError } =
  name === "@modelcontextprotocol/sdk"
    ? {
        ...(await import("@modelcontextprotocol/sdk/client/index.js")),
        ...(await import("@modelcontextprotocol/sdk/client/streamableHttp.js")),
        ...(await import("@modelcontextprotocol/sdk/client/auth.js")),
      }
    : await import("@modelcontextprotocol/client");
const stdin = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const redirectUrl = "http://127.0.0.1:9/callback";
const stored = {};
const authProvider = {
  redirectUrl,
  clientMetadata: {
    client_name: name,
    redirect_uris: [redirectUrl],
    application_type: "native",
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
  },
  clientInformation: () => stored.client,
  saveClientInformation: (client) => (stored.client = client),
  tokens: () => stored.tokens,
  saveTokens: (tokens) => (stored.tokens = tokens),
  codeVerifier: () => stored.codeVerifier,
  saveCodeVerifier: (codeVerifier) => (stored.codeVerifier = codeVerifier),
  discoveryState: () => stored.discovery,
  saveDiscoveryState: (discovery) => (stored.discovery = discovery),
  redirectToAuthorization: (url) => console.log(`open ${url}`),
};

function connection() {
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider });
  const options = pin && { versionNegotiation: { mode: { pin } } };
  const client = new Client({ name: "tests", version: "1.0.0" }, options);
  return { transport, client };
}

/** Does something, and once more after the authorization that it demands. */
async function withAuthorization(transport, action, again = action) {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
  }
  const { value: callback } = await stdin.next();
  const parameters = new URL(callback).searchParams;
  await transport.finishAuth(pin || !name.endsWith("/sdk") ? parameters : parameters.get("code"));
  return await again();
}

console.log("connects without a token");
const first = connection();
const { client, transport } = await withAuthorization(
  first.transport,
  async () => {
    await first.client.connect(first.transport);
    return first;
  },
  async () => {
    const second = connection();
    await second.client.connect(second.transport);
    return second;
  },
);
console.log(`scope of the token: ${stored.tokens.scope}`);
async function call(name, arguments_) {
  console.log(`calls ${name}`);
  const request = () => client.callTool({ name, arguments: arguments_ });
  const { content } = await withAuthorization(transport, request);
  console.log(`result: ${content[0].text}`);
}
await call("list_tasks", {});
await call("add_task", { title: "Read RFC 9728" });
console.log(`scope of the token: ${stored.tokens.scope}`);
await call("list_tasks", {});
await client.close();
process.exit();
