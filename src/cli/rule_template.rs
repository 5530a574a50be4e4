//! The folder that `rules new` writes: a rule that is right and whose cases hold, to be changed piece by piece.
//!
//! In: an id. Out: the files. A test runs `check` and the cases over them.

const RULE: &str = r#"# A rule of alicerce. docs/rules.md is the guide; `alicerce rules check DIR` and `alicerce rules test DIR` prove it.

# The folder's name. It names the bad thing, so that "waive X" reads well.
id: ID

# What is judged: a kind, or a list of kinds. `alicerce rules kinds` lists them, and
# `alicerce rules kinds guardrail` all that a rule may name of one.
subject: guardrail

# False: the rule does not apply to this subject. Leave it out where it applies to all.
when: it.status == "READY"

# True: right. False: a finding. A field that may be missing is asked for with has() first.
require: has(it.kmsKeyArn)

# What is underlined in the finding: a field, an edge, a derived object.
at: it.guardrailId

# critical, high, medium, low, info
severity: medium

# One sentence, lower case. {expression} is filled in; {{ is a brace.
message: "guardrail `{it.name}` in {it.region} is encrypted with a key of AWS"

# Why it matters, for the rule's page. Say also what is not judged.
why: >-
  A guardrail's words and topics tell what an organisation is afraid of. With a customer-managed key, reading them takes a
  permission that you grant and a trail that you keep.

# What to do, with the exact text to write.
fix: |
  aws bedrock update-guardrail --guardrail-identifier {it.guardrailId} --kms-key-id KEY-ARN …

# The layer of the architecture, and the controls it bears on. The frameworks are those of rules/frameworks.
guide: encryption
controls:
  iso-27001: [A.8.24]
"#;

const FAIL: &str = r"case: no key of one's own
files:
  111122223333/sa-east-1/bedrock/get-guardrail.gr1example.json:
    guardrailId: gr1example
    guardrailArn: arn:aws:bedrock:sa-east-1:111122223333:guardrail/gr1example
    name: support
    version: '1'
    status: READY
    blockedInputMessaging: sorry
    blockedOutputsMessaging: sorry
    createdAt: '2026-10-01T12:00:00Z'
    updatedAt: '2026-10-01T12:00:00Z'
underlined: ['\x22gr1example\x22']
";

const PASS: &str = r"case: a customer-managed key
files:
  111122223333/sa-east-1/bedrock/get-guardrail.gr1example.json:
    guardrailId: gr1example
    guardrailArn: arn:aws:bedrock:sa-east-1:111122223333:guardrail/gr1example
    name: support
    version: '1'
    status: READY
    kmsKeyArn: arn:aws:kms:sa-east-1:111122223333:key/11111111-2222-3333-4444-555555555555
    blockedInputMessaging: sorry
    blockedOutputsMessaging: sorry
    createdAt: '2026-10-01T12:00:00Z'
    updatedAt: '2026-10-01T12:00:00Z'
";

/// Name and text of each file.
pub(super) fn files(id: &str) -> [(&'static str, String); 3] {
    [
        ("rule.yaml", RULE.replacen("id: ID", &format!("id: {id}"), 1)),
        ("fail.no-key.yaml", FAIL.replace("\\x22", "\"")),
        ("pass.own-key.yaml", PASS.to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use crate::engine::cases;
    use crate::rule::Pack;

    #[test]
    fn what_is_written_is_right() {
        let folder =
            std::env::temp_dir().join(format!("alicerce-rule-{}", std::process::id())).join("encryption").join("new-one");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in super::files("new-one") {
            std::fs::write(folder.join(name), text).unwrap();
        }
        let pack = Pack::load_dir(&folder).unwrap().with_frameworks_of(&Pack::builtin().unwrap());
        assert!(pack.check().is_empty(), "{:#?}", pack.check());
        let rule = pack.rules().next().unwrap();
        assert_eq!(&*rule.family, "encryption");
        let all = cases::of(&pack, rule).unwrap();
        assert_eq!(all.len(), 2);
        for case in &all {
            assert_eq!(cases::run(&pack, rule, case).problems, Vec::<String>::new(), "{}", case.name);
        }
        std::fs::remove_dir_all(folder.parent().unwrap().parent().unwrap()).unwrap();
    }
}
