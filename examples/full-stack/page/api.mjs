// Calls of the API, which is on another origin: the browser asks it with a preflight request first.
import { note } from "./calls.mjs";

/** Asks for the tasks of a user, or adds one. Gives `{ status, data }`, whatever the answer. */
export async function tasks(userId, { token, add } = {}) {
  const method = add ? "POST" : "GET";
  const url = `${API_ORIGIN}/api/${encodeURIComponent(userId)}/tasks`; // esbuild puts it in
  const headers = {};
  if (token) headers.authorization = `Bearer ${token}`;
  if (add) headers["content-type"] = "application/json";
  try {
    const answer = await fetch(url, { method, headers, body: add && JSON.stringify(add) });
    const { status } = answer;
    const data = await answer.json();
    note({ method, url, status, detail: data.detail, challenge: answer.headers.get("www-authenticate") });
    return { status, data };
  } catch {
    // The browser does not tell a page which of the two it is.
    note({ method, url, status: 0, detail: "The API does not run, or does not allow this origin." });
    return { status: 0 };
  }
}
