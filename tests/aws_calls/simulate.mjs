// Decides requests by npm's @cloud-copilot/iam-simulate. In: on standard input, JSON of {account, statements, requests}, where
// statements are by deployment and function. Out: JSON of a boolean for each request. Argument: a node_modules.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const found = createRequire(process.argv[2] + '/').resolve('@cloud-copilot/iam-simulate')
const { runSimulation } = await import(pathToFileURL(found))
// It keeps no condition key of one encryption context (0.1.173). Under a name that it keeps, the text is compared all the same.
const known = readFileSync(0, 'utf8').replaceAll('"kms:EncryptionContext:', '"aws:PrincipalTag/')
const { account, statements, requests } = JSON.parse(known)
// What the CDK writes for each key: who may use it is left to IAM.
const keyPolicy = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*' }
  ]
}

const decisions = []
for (const { deployment, function: name, action, resource, context } of requests) {
  const policy = { Version: '2012-10-17', Statement: statements[deployment][name] ?? [] }
  const answer = await runSimulation(
    {
      request: {
        principal: `arn:aws:iam::${account}:role/${name}`,
        action,
        resource: { resource, accountId: account },
        contextVariables: context
      },
      identityPolicies: [{ name, policy }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: resource.includes(':key/') ? keyPolicy : undefined
    },
    {}
  )
  if (answer.resultType === 'error') throw new Error(`${action} on ${resource}: ${JSON.stringify(answer.errors)}`)
  decisions.push(answer.overallResult === 'Allowed')
}
process.stdout.write(JSON.stringify(decisions))
