// Runs cases through @cloud-copilot/iam-simulate and compares its answers with `expect`; see run.sh.
//
//   node compare.mjs [--differ FILE] CASES...      CASES: .json (an array) or .jsonl, in the format of `access test`
//
// Prints how many were compared, how many agreed, those left out by reason, the classes of disagreement, and a table of
// operator and element by type of policy. `--differ` writes each differing case. Exit code 1 where a difference is not
// settled by AWS's documentation.
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

// The points on which it is known to decide otherwise. Each entry writes a case so that the point no longer arises and its
// meaning by AWS's documentation stays: where its answer then becomes ours, the point explains the difference. docs/trust.md
// says for each which page settles it.
const statements = (policies, change) => {
  for (const member of Object.keys(policies)) {
    for (const { policy } of list(policies[member]).flat()) for (const s of (policy.Statement = list(policy.Statement))) change(s, policy, member)
  }
}
const values = (s, operators, change) => {
  for (const [operator, keys] of Object.entries(s.Condition || {})) {
    if (!operators.test(operator)) continue
    for (const key of Object.keys(keys)) keys[key] = Array.isArray(keys[key]) ? keys[key].map(change) : change(keys[key])
  }
}
const strings = (s, change) => {
  for (const element of ['Resource', 'NotResource']) if (s[element]) s[element] = Array.isArray(s[element]) ? s[element].map(change) : change(s[element])
  values(s, /String|Arn/, change)
}
const points = {
  'RCPs do not bind Bedrock': (test) => {
    if (test.request.action.startsWith('bedrock')) delete test.policies.rcp
  },
  'the root user needs neither identity policy nor boundary': (test) => {
    if (/:root$/.test(test.request.principal)) {
      delete test.policies.boundary
      test.policies.identity = [{ policy: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] } }].concat(test.policies.identity || [])
    }
  },
  'no root user assumes a role': (test) => {
    if (/:root$/.test(test.request.principal) && test.request.action === 'sts:AssumeRole') list(test.policies.resource)[0].policy.Statement = list(list(test.policies.resource)[0].policy.Statement).filter((s) => s.Effect === 'Deny')
  },
  'a federated session without session policies has none of its user\'s permissions': (test) => {
    if (!test.request.principal.includes(':federated-user/') || test.policies.session) return
    test.policies.session = [{ policy: { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Action: 'ec2:DescribeRegions', Resource: '*' }] } }]
  },
  'Version 2008-10-17 has no variables': (test) =>
    statements(test.policies, (s, policy) => policy.Version === '2012-10-17' || strings(s, (v) => v.replaceAll('${', '-{'))),
  'dates may be seconds since 1970': (test) =>
    statements(test.policies, (s) => values(s, /Date/, (v) => (/^\d{9,}$/.test(v) ? new Date(v * 1000).toISOString() : v))),
  'a block of prefix length 0 holds every address of its version': (test) =>
    statements(test.policies, (s) => {
      for (const keys of Object.values(s.Condition || {})) {
        for (const key of Object.keys(keys)) keys[key] = list(keys[key]).flatMap((v) => (v === '0.0.0.0/0' ? ['0.0.0.0/1', '128.0.0.0/1'] : [v]))
      }
    }),
  'an IPv6 address is outside every IPv4 block': (test) => {
    const key = Object.keys(test.request.context).find((k) => k.toLowerCase() === 'aws:sourceip')
    if (!key || !test.request.context[key].includes(':')) return
    // An address of the block's own version, outside all blocks of the case.
    statements(test.policies, (s) => values(s, /IpAddress/, (v) => (v.includes(':') ? v : '2001:db9::/32')))
  },
  '`${*}` is a star': (test) => {
    const star = (v) => (typeof v === 'string' ? v.replaceAll('${*}', '+') : v)
    statements(test.policies, (s) => values(s, /String/, star))
    for (const [k, v] of Object.entries(test.request.context)) if (typeof v === 'string') test.request.context[k] = v.replaceAll('*', '+')
  },
  'a variable without a value matches nothing, so a negation holds': (test) => {
    const given = new Set(Object.keys(context(test.request, 'x')).map((k) => k.toLowerCase()))
    const unset = (v) => (typeof v === 'string' ? v.replace(/\$\{([a-zA-Z][^},]*)\}/g, (all, key) => (given.has(key.toLowerCase()) ? all : 'no+value')) : v)
    statements(test.policies, (s) => strings(s, unset))
  },
  'a variable may follow a colon in a resource': (test) => {
    const user = context(test.request, 'x')['aws:username']
    if (user) statements(test.policies, (s) => strings(s, (v) => (/^arn:aws:sqs/.test(v) ? v.replace('${aws:username}', user) : v)))
  },
  'NotPrincipal that lists the account and another of its members denies the requester': (test) => {
    const account = test.request.principal.split(':')[4]
    statements(test.policies, (s) => {
      if (s.Effect !== 'Deny' || !s.NotPrincipal || !account) return
      const names = list(s.NotPrincipal.AWS)
      const role = derived(test.request.principal)['aws:PrincipalArn']
      if (![test.request.principal, role].every((n) => names.includes(n)) && names.some((n) => n.split(':')[4] === account)) {
        delete s.NotPrincipal
        s.Principal = '*'
      }
    })
  },
  'a grant to everybody, or to the session itself, is not limited by session policies': (test) => {
    const direct = ['*', test.request.principal]
    const everybody = (s) => s.Effect === 'Allow' && s.Principal && (s.Principal === '*' || list(s.Principal.AWS).some((n) => direct.includes(n)))
    if (!list(test.policies.resource).some(({ policy }) => list(policy.Statement).some(everybody))) return
    for (const { policy } of list(test.policies.session)) policy.Statement = [...list(policy.Statement), { Effect: 'Allow', Action: '*', Resource: '*' }]
  },
}

/** The points, one or two of them together, that turn its answer into ours. */
async function explained(test) {
  const names = Object.keys(points)
  const tries = names.map((n) => [n])
  for (let a = 0; a < names.length; a++) for (let b = a + 1; b < names.length; b++) tries.push([names[a], names[b]])
  tries.push(names)
  for (const attempt of tries) {
    const copy = structuredClone(test)
    for (const name of attempt) points[name](copy)
    const result = await runSimulation(simulation(copy), {})
    if (result.overallResult === test.expect) return attempt.length === names.length ? ['several of these'] : attempt
  }
}

const types = ['identity', 'resource', 'trust', 'key', 'boundary', 'session', 'endpoint', 'scp', 'rcp']
const table = {}
const left = {}
const classes = {}
let compared = 0
let agreed = 0
let differing
let unsettled = 0

async function one(test, file) {
  let reason = unsuited(test)
  let result
  if (!reason) {
    result = await runSimulation(simulation(test), {})
    if (result.resultType === 'error') reason = `refused: ${result.errors?.message} (${test.request.action})`
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
    const reason = await explained(test)
    const name = reason ? reason.join(', and ') : `NOT SETTLED: ${test.expect} here, ${result.overallResult} there`
    classes[name] = (classes[name] || 0) + 1
    if (!reason) unsettled++
    const line = { file, point: name, there: result.overallResult, ...test }
    if (differing) differing.write(JSON.stringify(line) + '\n')
    if (!reason) console.log(JSON.stringify(line))
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
console.log('differences, by the point of AWS\'s documentation that settles them:')
for (const [name, count] of Object.entries(classes).sort((a, b) => b[1] - a[1])) console.log(`${String(count).padStart(7)}  ${name}`)
const cell = (pair) => (pair ? (pair[0] === pair[1] ? `${pair[0]}` : `${pair[1]}/${pair[0]}`) : '')
console.log('\nagreed/compared (one number: all agreed)')
console.log(['', ...types].join('\t'))
for (const what of Object.keys(table).sort()) console.log([what, ...types.map((type) => cell(table[what][type]))].join('\t'))
console.log(unsettled ? `\n${unsettled} differences are not settled` : '\nevery difference is settled')
process.exitCode = unsettled ? 1 : 0
