// Better Auth's client, and the token for the API.
import { createAuthClient } from "better-auth/client";
import { jwtClient } from "better-auth/client/plugins";
import { note } from "./calls.mjs";

export const auth = createAuthClient({
  plugins: [jwtClient()],
  fetchOptions: {
    onSuccess: ({ request, response }) => noteCall(request, response),
    onError: ({ request, response, error }) => noteCall(request, response, error.message),
  },
});

function noteCall({ method, url }, { status }, detail) {
  note({ method, url, status, detail });
}

// In memory only: what is in localStorage, every script of the page can take away.
let held;

/** A token that is valid for a while yet, or undefined if nobody is signed in. */
export async function token() {
  if (!held || Date.now() >= held.renewAt) held = await fetchToken();
  return held?.token;
}

/**
 * Forgets the token of whoever was signed in. The API takes a token until it expires, a quarter of
 * an hour with Better Auth, whether or not its user has signed out; so it must not stay around.
 */
export function forgetToken() {
  held = undefined;
  show("none yet");
}

async function fetchToken() {
  const { data } = await auth.token(); // GET /api/auth/token, with the cookie of the session
  if (!data) return forgetToken();
  const { iat, exp } = claims(data.token);
  // By the clock of the issuer for how long, and by this one from when: they may differ.
  const lifetime = (exp - iat) * 1000;
  const renewAt = Date.now() + lifetime - 60_000; // a minute before it expires
  show(`to be renewed at ${new Date(renewAt).toLocaleTimeString("en-GB")}`);
  return { token: data.token, renewAt };
}

/** Reads a token, which is not to verify it: that is what the API does. */
function claims(token) {
  const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(atob(payload));
}

function show(text) {
  document.querySelector("#token").textContent = text;
}
