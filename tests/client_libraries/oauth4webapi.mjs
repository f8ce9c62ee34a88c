// A whole login by oauth4webapi, with an Ed25519 key. Reads one JSON line that says what to do, writes one with what it got.
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const next = async () => JSON.parse((await lines.next()).value)
const say = (message) => console.log(JSON.stringify(message))

const asked = await next()
const oauth = await import(pathToFileURL(createRequire(`${asked.modules}/`).resolve('oauth4webapi')))
const key = await crypto.subtle.importKey('jwk', asked.key, { name: 'Ed25519' }, false, ['sign'])
const issuer = new URL(asked.issuer)
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer))
const client = { client_id: asked.client_id, id_token_signed_response_alg: asked.alg }
const clientAuth = oauth.PrivateKeyJwt({ key, kid: asked.key.kid })
const proofs = await oauth.generateKeyPair('Ed25519')
const DPoP = oauth.DPoP(client, proofs)
const verifier = oauth.generateRandomCodeVerifier()
const state = oauth.generateRandomState()
const nonce = oauth.generateRandomNonce()
const parameters = new URLSearchParams({
  client_id: asked.client_id, redirect_uri: asked.redirect_uri, response_type: 'code', scope: 'openid accounts', state, nonce,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
})
const pushed = await oauth.processPushedAuthorizationResponse(
  as, client, await oauth.pushedAuthorizationRequest(as, client, clientAuth, parameters, { DPoP }))
const url = new URL(as.authorization_endpoint)
url.searchParams.set('client_id', asked.client_id)
url.searchParams.set('request_uri', pushed.request_uri)
say({ url: url.href })

const back = oauth.validateAuthResponse(as, client, new URL((await next()).url), state)
const answer = await oauth.authorizationCodeGrantRequest(
  as, client, clientAuth, back, asked.redirect_uri, verifier, { DPoP })
const tokens = await oauth.processAuthorizationCodeResponse(
  as, client, answer, { expectedNonce: nonce, requireIdToken: true })
await oauth.validateApplicationLevelSignature(as, answer)
const claims = oauth.getValidatedIdTokenClaims(tokens)
const userinfo = await oauth.processUserInfoResponse(
  as, client, claims.sub, await oauth.userInfoRequest(as, client, tokens.access_token, { DPoP }))
const header = JSON.parse(Buffer.from(tokens.id_token.split('.')[0], 'base64url'))
say({ sub: claims.sub, userinfo: userinfo.sub, token_type: tokens.token_type, alg: header.alg })
process.exit(0)
