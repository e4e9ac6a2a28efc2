// `RELEASE=1.4 node --import ./release.mjs server.mjs` runs the server and the recipe on that
// release of Better Auth: on `better-auth-1.4` in package.json. Without RELEASE, and for 1.7, it is
// `better-auth`, the newest.
import { register } from "node:module";

const { RELEASE = "1.7" } = process.env;
// What a package imports stays as it is.
const hooks = `export const resolve = (name, context, next) =>
  next(
    context.parentURL?.includes("/node_modules/")
      ? name
      : name.replace(/^better-auth(?=\\/|$)/, ${JSON.stringify(`better-auth-${RELEASE}`)}),
    context,
  );`;
if (RELEASE !== "1.7") register(`data:text/javascript,${encodeURIComponent(hooks)}`);
