// Runs cases through @cloud-copilot/iam-simulate and compares its answers with `expect`; see run.sh.
//
//   node compare.mjs [--differ FILE] CASES...      CASES: .json (an array) or .jsonl, in the format of `access test`
//
// Prints how many were compared, how many agreed, those left out by reason, the classes of disagreement (the two answers
// and what the case holds), and a table of operator and element by type of policy. `--differ` writes each differing case.
// Exit code 1 where a case differs.
import fs from 'node:fs'
import readline from 'node:readline'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const find = createRequire(process.cwd() + '/')
const { runSimulation, anonymousPrincipal } = await import(pathToFileURL(find.resolve('@cloud-copilot/iam-simulate')))
const version = JSON.parse(fs.readFileSync(find.resolve('@cloud-copilot/iam-simulate').replace(/\/dist\/.*/, '/package.json'))).version

const list = (x) => (x ? [].concat(x) : [])
const wrapped = (policy) => (policy?.Statement ? { ...policy, Statement: list(policy.Statement) } : policy)
const named = (policies, prefix) => list(policies).map((p, i) => ({ name: `${prefix}${i}`, policy: wrapped(p.policy) }))

// The keys that AWS fills in from the requester; it wants them spelt out.
function derived(principal) {
  const out = { 'aws:PrincipalIsAWSService': /\.amazonaws\.com$/.test(principal) ? 'true' : 'false' }
  const [, , , account, resource] = principal.split(':').slice(0, 5).concat(principal.split(':').slice(5).join(':')).slice(1)
  if (!account) return out
  out['aws:PrincipalAccount'] = account
  const role = resource.match(/^assumed-role\/([^/]+)\//)
  out['aws:PrincipalArn'] = role ? `arn:aws:iam::${account}:role/${role[1]}` : principal
  if (resource.startsWith('user/')) out['aws:username'] = resource.split('/').pop()
  out['aws:PrincipalType'] =
    resource === 'root' ? 'Account' : resource.startsWith('user/') ? 'User' : resource.startsWith('federated') ? 'FederatedUser' : 'AssumedRole'
  return out
}

function context(request, account) {
  const out = { ...request.context }
  const there = new Set(Object.keys(out).map((k) => k.toLowerCase()))
  const filled = { ...derived(request.principal), 'aws:ResourceAccount': account }
  for (const [key, value] of Object.entries(filled)) if (!there.has(key.toLowerCase())) out[key] = value
  for (const [key, value] of Object.entries(out)) if (Array.isArray(value) && !value.length) delete out[key]
  return out
}

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
      contextVariables: context(request, account),
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
  if (test.expect === 'Conditional') return 'conditional here'
  if (list(test.policies.session).length > 1) return 'several session policies'
  if (test.service_linked_role || test.management_account || test.principal_in_organization === false) return 'standing'
}

// What the case's policies hold, as pairs of type and operator or element.
function holds(test) {
  const found = new Set()
  const service = test.request.action.split(':')[0]
  for (const [member, policies] of Object.entries(test.policies)) {
    const type = member !== 'resource' ? member : service === 'kms' ? 'key' : service === 'sts' ? 'trust' : 'resource'
    const add = (what) => found.add(`${type}\t${what}`)
    for (const { policy } of list(policies).flat()) {
      add('any policy')
      if (policy.Version !== '2012-10-17') add('Version 2008-10-17')
      for (const statement of list(policy.Statement)) {
        for (const element of ['NotAction', 'NotResource', 'NotPrincipal']) if (statement[element]) add(element)
        const texts = JSON.stringify([statement.Resource, statement.NotResource, statement.Condition])
        if (/\$\{[^*?$]/.test(texts)) add('variables')
        if (/\$\{[^}]*, '/.test(texts)) add('variables with defaults')
        for (const [operator, keys] of Object.entries(statement.Condition || {})) {
          const [set, rest] = operator.includes(':') ? operator.split(':') : [null, operator]
          add(rest.replace(/IfExists$/, ''))
          if (rest.endsWith('IfExists')) add('…IfExists')
          if (set) add(`${set}:`)
          const given = Object.fromEntries(Object.entries(test.request.context || {}).map(([k, v]) => [k.toLowerCase(), v]))
          if (Object.keys(keys).some((key) => list(given[key.toLowerCase()]).length > 1)) add('keys of several values')
        }
      }
    }
  }
  return found
}

const types = ['identity', 'resource', 'trust', 'key', 'boundary', 'session', 'endpoint', 'scp', 'rcp']
const table = {}
const left = {}
const classes = {}
let compared = 0
let agreed = 0
let differing

async function one(test, file) {
  let reason = unsuited(test)
  let result
  if (!reason) {
    result = await runSimulation(simulation(test), {})
    if (result.resultType === 'error') { reason = `refused: ${result.errors?.message}`; if (process.env.SHOW) console.log(JSON.stringify(result.errors).slice(0,600)) }
  }
  if (reason) {
    left[reason] = (left[reason] || 0) + 1
    return
  }
  compared++
  const same = result.overallResult === test.expect
  if (same) agreed++
  for (const cell of holds(test)) {
    const [type, what] = cell.split('\t')
    table[what] ||= {}
    table[what][type] ||= [0, 0]
    table[what][type][0]++
    if (same) table[what][type][1]++
  }
  if (!same) {
    const name = `${test.expect} here, ${result.overallResult} there`
    classes[name] = (classes[name] || 0) + 1
    const line = { file, there: result.overallResult, ...test }
    if (differing) differing.write(JSON.stringify(line) + '\n')
    else console.log(`${name}: ${JSON.stringify(line)}`)
  }
}

const files = process.argv.slice(2)
if (files[0] === '--differ') differing = fs.createWriteStream(files.splice(0, 2)[1])
for (const file of files) {
  if (file.endsWith('.jsonl')) {
    for await (const line of readline.createInterface({ input: fs.createReadStream(file) })) await one(JSON.parse(line), file)
  } else {
    for (const test of JSON.parse(fs.readFileSync(file, 'utf8'))) await one(test, file)
  }
}

console.log(`@cloud-copilot/iam-simulate ${version}: ${compared} compared, ${agreed} agreed, ${compared - agreed} differed`)
console.log('left out:', left)
console.log('differences:', classes)
const cell = (pair) => (pair ? (pair[0] === pair[1] ? `${pair[0]}` : `${pair[1]}/${pair[0]}`) : '')
console.log('\nagreed/compared (one number: all agreed)')
console.log(['', ...types].join('\t'))
for (const what of Object.keys(table).sort()) console.log([what, ...types.map((type) => cell(table[what][type]))].join('\t'))
process.exitCode = compared === agreed ? 0 : 1
