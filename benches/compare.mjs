// How many cases @cloud-copilot/iam-simulate decides in a second, on one thread; see compare.sh.
//
//   node compare.mjs SECONDS OUT.jsonl CASES...
//
// Writes the cases that it can take to OUT.jsonl, so that both sides decide the same ones, and prints `cases N` and
// `simulate decisions-per-second` (each case at its fastest). What it is handed is made before the clock starts.
import fs from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const find = createRequire(process.cwd() + '/')
const { runSimulation, anonymousPrincipal } = await import(pathToFileURL(find.resolve('@cloud-copilot/iam-simulate')))
const version = JSON.parse(fs.readFileSync(find.resolve('@cloud-copilot/iam-simulate').replace(/\/dist\/.*/, '/package.json'))).version

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

const unsuited = (test) =>
  test.expect === 'Conditional' ||
  list(test.policies.session).length > 1 ||
  !test.request.resource ||
  test.service_linked_role || test.management_account || test.principal_in_organization === false

const [seconds, out, ...files] = process.argv.slice(2)
const ready = []
const kept = []
for (const file of files) {
  const text = fs.readFileSync(file, 'utf8')
  const tests = file.endsWith('.jsonl') ? text.split('\n').filter(Boolean).map((line) => JSON.parse(line)) : JSON.parse(text)
  for (const test of tests) {
    if (unsuited(test)) continue
    const input = simulation(test)
    if ((await runSimulation(input, {})).resultType === 'error') continue
    ready.push(input)
    kept.push(JSON.stringify(test))
  }
}
fs.writeFileSync(out, kept.join('\n') + '\n')

// Of each case the fastest time: what else the machine does counts for little.
const best = ready.map(() => Infinity)
for (const started = performance.now(); performance.now() - started < seconds * 1000; ) {
  for (let i = 0; i < ready.length; i++) {
    const one = performance.now()
    await runSimulation(ready[i], {})
    best[i] = Math.min(best[i], performance.now() - one)
  }
}
const round = best.reduce((sum, time) => sum + time, 0)
console.log(`version ${version}\ncases ${ready.length}\nsimulate ${Math.round((ready.length * 1000) / round)}`)
