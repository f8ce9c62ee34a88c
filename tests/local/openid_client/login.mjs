// Logins by openid-client, a certified client library that is not ours, one after the other. The browser is between the two
// lines of each.
//
// Lines of JSON. In: what to ask for and who asks (Login in openid_client.py). Out: {"url"}. In: {"url", "posted"}, where the
// browser came back, and the form that it posted there or null; null gives the login up. Out: what the bank told, or a line with
// "refused" that says what the library or the bank did not take. Either ends the login.

import { readFileSync } from "node:fs";
import https from "node:https";
import { createInterface } from "node:readline";

import * as jose from "jose";
import * as oidc from "openid-client";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const read = async () => {
  const { value, done } = await lines.next();
  if (done) process.exit();
  return JSON.parse(value);
};
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

/** fetch, with the dev authority as the only one trusted, and the client's certificate where it has one. */
function fetchWith({ trusted, certificate }) {
  const pem = certificate && readFileSync(certificate);
  const agent = new https.Agent({ ca: readFileSync(trusted), ...(pem && { cert: pem, key: pem }) });
  return (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const sent = body === undefined || body === null ? undefined : body.toString();
      const length = sent === undefined ? {} : { "content-length": Buffer.byteLength(sent) };
      const names = { ...Object.fromEntries(new Headers(headers)), ...length };
      const request = https.request(url, { method, headers: names, agent, signal }, (answer) => {
        const parts = [];
        answer.on("error", reject);
        answer.on("data", (part) => parts.push(part));
        answer.on("end", () => {
          const told = new Headers();
          for (let at = 0; at < answer.rawHeaders.length; at += 2)
            told.append(answer.rawHeaders[at], answer.rawHeaders[at + 1]);
          const bare = [204, 304].includes(answer.statusCode);
          resolve(new Response(bare ? null : Buffer.concat(parts), { status: answer.statusCode, headers: told }));
        });
      });
      request.on("error", reject);
      request.end(sent);
    });
}

const keyOf = async (jwk) => ({ key: await jose.importJWK(jwk, jwk.alg), kid: jwk.kid, alg: jwk.alg });

async function authentication({ client, key, secret }) {
  switch (client.token_endpoint_auth_method) {
    case "private_key_jwt":
      return oidc.PrivateKeyJwt(await keyOf(key));
    case "client_secret_jwt":
      return oidc.ClientSecretJwt(secret);
    case "none":
      return oidc.None();
    default:
      return oidc.TlsClientAuth();
  }
}

/** The library's configuration. `extensions`: of it, for this login. */
async function configured(login, ...extensions) {
  const metadata = { ...login.client, use_mtls_endpoint_aliases: Boolean(login.certificate) };
  const config = await oidc.discovery(
    new URL(login.issuer),
    login.client.client_id,
    metadata,
    await authentication(login),
    { [oidc.customFetch]: fetchWith(login), execute: [oidc.enableNonRepudiationChecks, ...extensions] },
  );
  if (login.decryption.length)
    oidc.enableDecryptingResponses(config, ["A256GCM"], ...(await Promise.all(login.decryption.map(keyOf))));
  return config;
}

/** What the library is told of the answer: it takes hybrid ones and JARM where it is asked to. */
function extensions(login) {
  if (login.response_type !== "code")
    return [oidc.useCodeIdTokenResponseType, oidc.enableDetachedSignatureResponseChecks];
  return /jwt$/.test(login.response_mode ?? "") ? [oidc.useJwtResponseMode] : [];
}

/** Where the browser is to go. The library knows one mode of JARM by name, jwt, and so others are asked for without it. */
async function asked(login, config, parameters, options) {
  const plain = /[.]jwt$/.test(login.response_mode ?? "") ? await configured(login) : config;
  const url = login.signed
    ? await oidc.buildAuthorizationUrlWithJAR(plain, parameters, await keyOf(login.key))
    : oidc.buildAuthorizationUrl(plain, parameters);
  return login.pushed ? oidc.buildAuthorizationUrlWithPAR(plain, url.searchParams, options) : url;
}

/** What the browser came back with, as a back end gets it: a request. Of a fragment the client's own script would tell. */
function callback({ url, posted }, jarm) {
  if (posted) {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return new Request(url, { method: "POST", headers, body: new URLSearchParams(posted).toString() });
  }
  const back = new URL(url);
  if (jarm && back.hash) [back.search, back.hash] = [back.hash.slice(1), ""];
  return back;
}

/** What stands in the answer, wherever it stands. */
const fields = ({ url, posted }) => new URLSearchParams(posted ?? (new URL(url).hash.slice(1) || new URL(url).search));

const protection = (token) => (token?.split(".").length === 5 ? jose.decodeProtectedHeader(token) : null);

/** The half of a hash that ID tokens name what stands beside them by (OpenID Connect Core 3.3.2.11). */
async function half(value) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(value));
  return jose.base64url.encode(new Uint8Array(digest.slice(0, 16)));
}

/** The front channel's token, which the library does not look at: its at_hash is looked at here. */
async function frontToken(config, back, tokens, sub) {
  const told = fields(back);
  if (!told.has("access_token")) return null;
  const opened = oidc.getDecryptedResponses(tokens)?.id_token?.authorization_endpoint ?? told.get("id_token");
  if (jose.decodeJwt(opened).at_hash !== (await half(told.get("access_token"))))
    throw new Error("at_hash is of another token");
  const person = await oidc.fetchUserInfo(config, told.get("access_token"), sub);
  return { type: told.get("token_type"), scope: told.get("scope"), sub: person.sub };
}

async function answered(login, config, back, checks, options) {
  const jarm = /jwt$/.test(login.response_mode ?? "");
  const front = fields(back);
  const tokens = await oidc.authorizationCodeGrant(config, callback(back, jarm), checks, undefined, options);
  const claims = tokens.claims();
  const person = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub, options);
  const fresh = await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, options);
  const again = await oidc.fetchUserInfo(config, fresh.access_token, claims.sub, options);
  return {
    claims,
    person,
    again: again.sub,
    token_type: tokens.token_type,
    scope: tokens.scope,
    lifetime: tokens.expires_in,
    fresh: fresh.access_token !== tokens.access_token,
    rotated: fresh.refresh_token !== undefined && fresh.refresh_token !== tokens.refresh_token,
    front: [...front.keys()],
    front_token: await frontToken(config, back, tokens, claims.sub),
    encrypted: {
      id_token: protection(tokens.id_token),
      front_id_token: protection(front.get("id_token")),
      response: protection(front.get("response")),
      userinfo: Boolean(oidc.getDecryptedResponses(person)),
    },
  };
}

async function logIn(login) {
  const config = await configured(login, ...extensions(login));
  const checks = {
    pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
    expectedState: oidc.randomState(),
    expectedNonce: oidc.randomNonce(),
    idTokenExpected: true,
  };
  const options = login.dpop ? { DPoP: oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair("ES256")) } : undefined;
  const parameters = {
    redirect_uri: login.client.redirect_uris[0],
    scope: login.scope,
    response_type: login.response_type,
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: "S256",
    ...(login.response_mode && { response_mode: login.response_mode }),
  };
  say({ url: (await asked(login, config, parameters, options)).href });
  const back = await read();
  say(back ? await answered(login, config, back, checks, options) : null);
}

for (;;)
  await logIn(await read()).catch((problem) => {
    const { name, code, message, error, error_description, cause } = problem;
    const reason = cause instanceof Error ? `${cause.code ?? ""} ${cause.message}` : undefined;
    say({ refused: { name, code, message, error, error_description, reason } });
  });
