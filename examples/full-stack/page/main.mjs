// The content of the page and the actions of its buttons.
import { tasks } from "./api.mjs";
import { auth, credential, forgetToken, token } from "./auth.mjs";

const $ = (selector) => document.querySelector(selector);
let user;

on("#credentials", "submit", async ({ currentTarget, submitter }) => {
  const { email, password } = fields(currentTarget);
  const { data } =
    submitter?.value === "up"
      ? await auth.signUp.email({ email, password, name: email.split("@")[0] })
      : await auth.signIn.email({ email, password });
  if (!data) return;
  currentTarget.reset();
  await show(data.user);
});

on("#sign-out", "click", async () => {
  await auth.signOut();
  await show(undefined);
});

on("#new-task", "submit", async ({ currentTarget }) => {
  const { status } = await tasks(user.id, { ...(await credential()), add: fields(currentTarget) });
  if (status === 201) currentTarget.reset();
  await listOwn();
});

on("#others", "submit", async ({ currentTarget }) => {
  await tasks(fields(currentTarget).user_id, await credential());
});

on("#without", "click", () => tasks(user?.id ?? "somebody"));

$("#changed").hidden = SESSIONS; // because the page cannot change the cookie
on("#changed", "click", async () => {
  const [header, payload, signature] = (await token())?.split(".") ?? ["no", "token", "held"];
  const other = signature.startsWith("A") ? "B" : "A";
  await tasks(user?.id ?? "somebody", { token: `${header}.${payload}.${other}${signature.slice(1)}` });
});

const { data } = await auth.getSession(); // from an earlier visit
await show(data?.user);

async function show(newUser) {
  user = newUser;
  forgetToken();
  for (const part of ["#signed-in", "#own"]) $(part).hidden = !user;
  $("#signed-out").hidden = Boolean(user);
  $("#email").textContent = user?.email;
  $("#user-id").textContent = user?.id;
  $("#tasks").replaceChildren();
  if (user) await listOwn();
}

async function listOwn() {
  const { status, data } = await tasks(user.id, await credential());
  if (status === 401) return show(undefined); // the session has ended, for example in another tab
  if (status === 200) $("#tasks").replaceChildren(...data.map(({ title }) => item(title)));
}

function item(title) {
  const made = document.createElement("li");
  made.textContent = title;
  return made;
}

function fields(form) {
  return Object.fromEntries(new FormData(form));
}

function on(selector, event, handle) {
  const element = $(selector);
  element.addEventListener(event, (event) => {
    event.preventDefault();
    // Passed separately, because the event loses its currentTarget at the first await.
    handle({ currentTarget: element, submitter: event.submitter });
  });
}
