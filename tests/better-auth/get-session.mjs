// Records what GET get-session was asked, and answers in Better Auth's place if a test wants that.
import { text } from "node:stream/consumers";

// Each request as [url, headers as they came].
const requests = [];
// The answer to requests whose credential contains this text.
const answers = new Map();

/** Answers a request to get-session, with `betterAuth` unless a test has set another answer. */
export async function getSession(req, res, betterAuth) {
  requests.push([req.url, req.rawHeaders]);
  const credential = `${req.headers.cookie} ${req.headers.authorization}`;
  const [, answer] = [...answers].find(([token]) => credential.includes(token)) ?? [];
  if (answer === "hang") return;
  if (!answer) return betterAuth(req, res);
  res.writeHead(answer.status, answer.headers).end(answer.body);
}

export const routes = {
  "GET /test/session-requests": (req, res) => {
    const texts = new URL(req.url, "http://localhost").searchParams.get("containing") ?? "";
    const isWanted = (value) => texts.split(",").some((text) => value.includes(text));
    const found = requests.filter((request) => request.flat().some(isWanted));
    res.end(JSON.stringify(found));
  },
  "POST /test/session-answer": async (req, res) => {
    const { token, answer } = JSON.parse(await text(req));
    answers.set(token, answer);
    res.end();
  },
};
