// A login at a Ducat by oauth4webapi: node oauth4webapi.mjs
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import * as oauth from 'oauth4webapi'

const { ISSUER, ACCOUNTS, CLIENT_ID, REDIRECT_URI, KEY, SIGN_REQUEST } = process.env
const terminal = createInterface({ input: process.stdin, output: process.stdout })

// The private key as the client's record names it. WebCrypto needs the algorithm by its own names.
const ALGORITHMS = {
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' }, ES256: { name: 'ECDSA', namedCurve: 'P-256' }, EdDSA: { name: 'Ed25519' },
}
const { alg, ...jwk } = JSON.parse(readFileSync(KEY))
const key = { key: await crypto.subtle.importKey('jwk', jwk, ALGORITHMS[alg], false, ['sign']), kid: jwk.kid }

const issuer = new URL(ISSUER)
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer))
const client = { client_id: CLIENT_ID, id_token_signed_response_alg: 'PS256' }
const clientAuth = oauth.PrivateKeyJwt(key) // aud is the issuer alone
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256', { extractable: false })) // one key for the token's whole life

const verifier = oauth.generateRandomCodeVerifier()
const state = oauth.generateRandomState()
const nonce = oauth.generateRandomNonce()
let parameters = new URLSearchParams({
  client_id: CLIENT_ID, redirect_uri: REDIRECT_URI, response_type: 'code', scope: 'openid accounts', state, nonce,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
})
if (SIGN_REQUEST) // fapi2-message-signing
  parameters = new URLSearchParams({ client_id: CLIENT_ID, request: await oauth.issueRequestObject(as, client, parameters, key) })
const pushed = await oauth.processPushedAuthorizationResponse(
  as, client, await oauth.pushedAuthorizationRequest(as, client, clientAuth, parameters, { DPoP }))
const url = new URL(as.authorization_endpoint)
url.search = new URLSearchParams({ client_id: CLIENT_ID, request_uri: pushed.request_uri })

console.log(`Open ${url}`)
const back = new URL(await terminal.question('Came back to: '))

const params = oauth.validateAuthResponse(as, client, back, state) // checks state and iss
const answer = await oauth.authorizationCodeGrantRequest(as, client, clientAuth, params, REDIRECT_URI, verifier, { DPoP })
const tokens = await oauth.processAuthorizationCodeResponse(
  as, client, answer, { expectedNonce: nonce, requireIdToken: true })
await oauth.validateApplicationLevelSignature(as, answer) // of the ID token, by the keys of /jwks
const { sub } = oauth.getValidatedIdTokenClaims(tokens)
const userinfo = await oauth.processUserInfoResponse(
  as, client, sub, await oauth.userInfoRequest(as, client, tokens.access_token, { DPoP }))

const refreshed = await oauth.processRefreshTokenResponse(
  as, client, await oauth.refreshTokenGrantRequest(as, client, clientAuth, tokens.refresh_token, { DPoP }))
const accounts = await oauth.protectedResourceRequest(
  refreshed.access_token, 'GET', new URL(ACCOUNTS), undefined, undefined, { DPoP })
console.log(JSON.stringify({ sub: userinfo.sub, token_type: refreshed.token_type, accounts: (await accounts.json()).accounts }))
terminal.close()
