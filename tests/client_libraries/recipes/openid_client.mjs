// A login at a Ducat by openid-client 6: node openid_client.mjs
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { importJWK } from 'jose'
import * as oidc from 'openid-client'
import { Agent } from 'undici'

const { ISSUER, ACCOUNTS, CLIENT_ID, REDIRECT_URI, KEY, CERTIFICATE, TRUSTED, SIGN_REQUEST } = process.env
const terminal = createInterface({ input: process.stdin, output: process.stdout })

const jwk = JSON.parse(readFileSync(KEY))
const key = { key: await importJWK(jwk, jwk.alg), kid: jwk.kid }

// Every request shows the client's certificate. TRUSTED is for the local stack alone.
const pem = readFileSync(CERTIFICATE)
const dispatcher = new Agent({ connect: { cert: pem, key: pem, ca: TRUSTED && readFileSync(TRUSTED) } })
const withCertificate = (url, options) => fetch(url, { ...options, dispatcher })

const config = await oidc.discovery(
  new URL(ISSUER),
  CLIENT_ID,
  { use_mtls_endpoint_aliases: true, id_token_signed_response_alg: 'PS256' }, // token, par, userinfo at the aliases
  oidc.PrivateKeyJwt(key), // aud is the issuer alone
  { [oidc.customFetch]: withCertificate, execute: [oidc.enableNonRepudiationChecks] }, // checks the ID token's signature
)

const verifier = oidc.randomPKCECodeVerifier()
const state = oidc.randomState()
const nonce = oidc.randomNonce()
let parameters = new URLSearchParams({
  redirect_uri: REDIRECT_URI, scope: 'openid accounts', state, nonce,
  code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
})
if (SIGN_REQUEST) // fapi2-message-signing
  parameters = (await oidc.buildAuthorizationUrlWithJAR(config, parameters, key)).searchParams
const url = await oidc.buildAuthorizationUrlWithPAR(config, parameters)

console.log(`Open ${url}`)
const back = new URL(await terminal.question('Came back to: '))

const tokens = await oidc.authorizationCodeGrant(
  config, back, { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true })
const { sub } = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)

const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token)
const accounts = await oidc.fetchProtectedResource(config, refreshed.access_token, new URL(ACCOUNTS), 'GET')
console.log(JSON.stringify({ sub, token_type: refreshed.token_type, accounts: (await accounts.json()).accounts }))
terminal.close()
