// A login at a Ducat by openid-client 5: node openid_client_5.cjs
const { readFileSync } = require('node:fs')
const { createInterface } = require('node:readline/promises')
const { Issuer, custom, generators } = require('openid-client-5') // npm install openid-client-5@npm:openid-client@5

const { ISSUER, ACCOUNTS, CLIENT_ID, REDIRECT_URI, KEY, CERTIFICATE, TRUSTED, SIGN_REQUEST } = process.env
const terminal = createInterface({ input: process.stdin, output: process.stdout })
const jwk = JSON.parse(readFileSync(KEY))
const pem = readFileSync(CERTIFICATE)
const ca = TRUSTED && readFileSync(TRUSTED) // for the local stack alone

async function main() {
  custom.setHttpOptionsDefaults({ timeout: 10_000, ca })
  const issuer = await Issuer.discover(ISSUER)
  const client = new issuer.FAPI2Client(
    {
      client_id: CLIENT_ID,
      redirect_uris: [REDIRECT_URI],
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: jwk.alg,
      request_object_signing_alg: jwk.alg,
      id_token_signed_response_alg: 'PS256',
      tls_client_certificate_bound_access_tokens: true, // token and userinfo at the aliases
    },
    { keys: [jwk] },
  )
  client[custom.http_options] = () => ({ cert: pem, key: pem, ca })

  const code_verifier = generators.codeVerifier()
  const state = generators.state()
  const nonce = generators.nonce()
  let parameters = {
    redirect_uri: REDIRECT_URI, response_type: 'code', scope: 'openid accounts', state, nonce,
    code_challenge: generators.codeChallenge(code_verifier), code_challenge_method: 'S256',
  }
  if (SIGN_REQUEST) // fapi2-message-signing
    parameters = { request: await client.requestObject(parameters) }
  const { request_uri } = await client.pushedAuthorizationRequest(parameters)
  const url = new URL(issuer.authorization_endpoint)
  url.search = new URLSearchParams({ client_id: CLIENT_ID, request_uri })

  console.log(`Open ${url}`)
  const back = client.callbackParams(await terminal.question('Came back to: '))

  const tokens = await client.callback(REDIRECT_URI, back, { state, nonce, code_verifier, response_type: 'code' })
  const { sub } = await client.userinfo(tokens)
  const refreshed = await client.refresh(tokens)
  const accounts = await client.requestResource(ACCOUNTS, refreshed.access_token)
  console.log(JSON.stringify({ sub, token_type: refreshed.token_type, accounts: JSON.parse(accounts.body).accounts }))
  terminal.close()
}

main()
