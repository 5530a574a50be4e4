// Runs cases through @cloud-copilot/iam-simulate and prints where its answer differs from `expect`.
//
//   npm install @cloud-copilot/iam-simulate            (anywhere; a tool, not a part of alicerce)
//   ALICERCE_CASES=random.json ALICERCE_CASE_COUNT=20000 cargo test --test reference dump -- --ignored
//   node tests/differential/compare.mjs fixtures/iam/*.json random.json
//
// Cases that it cannot take (conditional answers, several session policies, standing of the account) are counted.
import fs from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const find = createRequire(process.cwd() + '/')
const { runSimulation, anonymousPrincipal } = await import(pathToFileURL(find.resolve('@cloud-copilot/iam-simulate')))

const list = (x) => (x ? [].concat(x) : [])
const wrapped = (policy) => (policy?.Statement ? { ...policy, Statement: list(policy.Statement) } : policy)
const named = (policies, prefix) => list(policies).map((p, i) => ({ name: `${prefix}${i}`, policy: wrapped(p.policy) }))

function simulation({ request, policies }) {
  const account = request.resource_account || request.resource.split(':')[4] || request.principal.split(':')[4]
  const levels = (kind) =>
    list(policies[kind]).map((level, i) => ({ orgIdentifier: `${kind}${i}`, policies: named(level, `${kind}${i}-`) }))
  const denying = (level) => level.policies.filter((p) => p.policy.Statement.every((s) => s.Effect === 'Deny'))
  const out = {
    request: {
      action: request.action,
      principal: request.principal === 'anonymous' ? anonymousPrincipal : request.principal,
      resource: { resource: request.resource, accountId: account },
      contextVariables: request.context || {},
    },
    identityPolicies: named(policies.identity, 'identity'),
    serviceControlPolicies: levels('scp'),
    // It adds RCPFullAWSAccess itself.
    resourceControlPolicies: levels('rcp').map((level) => ({ ...level, policies: denying(level) })),
  }
  if (policies.resource) out.resourcePolicy = wrapped(list(policies.resource)[0].policy)
  if (policies.boundary) out.permissionBoundaryPolicies = named(policies.boundary, 'boundary')
  if (list(policies.session).length) out.sessionPolicy = wrapped(list(policies.session)[0].policy)
  if (list(policies.endpoint).length) out.vpcEndpointPolicies = named(policies.endpoint, 'endpoint')
  return out
}

function unsuited(test) {
  if (test.expect === 'Conditional') return 'conditional'
  if (list(test.policies.session).length > 1) return 'several session policies'
  if (test.service_linked_role || test.management_account || test.principal_in_organization === false) return 'standing'
}

const left = {}
let agree = 0
const differ = []
for (const file of process.argv.slice(2)) {
  for (const test of JSON.parse(fs.readFileSync(file, 'utf8'))) {
    let reason = unsuited(test)
    if (!reason) {
      const result = await runSimulation(simulation(test), {})
      if (result.resultType === 'error') reason = `refused: ${result.errors?.message}`
      else if (result.overallResult === test.expect) agree++
      else differ.push(`${file}: ${test.name}: ${test.expect} here, ${result.overallResult} there: ${JSON.stringify(test)}`)
    }
    if (reason) left[reason] = (left[reason] || 0) + 1
  }
}
console.log(`${agree} agree, ${differ.length} differ, left out:`, left)
for (const line of differ) console.log(line)
