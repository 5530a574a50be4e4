//! The rule language: what expressions mean where something is not known, and what the static check says.

#![cfg(test)]

use std::collections::BTreeMap;
use std::sync::Arc;

use alicerce::config::{Config, Scope};
use alicerce::facts::shape::Type;
use alicerce::facts::{Facts, Reason, Value};
use alicerce::input::{self, Source};
use alicerce::rule::check::{self, Frame, Role};
use alicerce::rule::eval::{Env, Vars};
use alicerce::rule::{Rule, cel};
use alicerce::world::World;

fn world(files: &[(&str, &str)]) -> World {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), Arc::from(*text))).collect();
    let loaded = input::load(&[Source::Virtual(files)], &input::Options::default());
    World::new(Facts::build(&loaded), Config::default(), "2026-11-22T00:00:00Z".parse().unwrap())
}

/// `true`, `false`, another value as text, or `?` with the reasons.
fn eval(world: &World, it: &Value, text: &str) -> String {
    let scope = Scope::default_scope();
    let env = Env { world, scope: &scope };
    let expr = cel::parse(text).unwrap_or_else(|e| panic!("{text}: {}", e.message));
    match env.eval(&expr, &Vars::with("it", it, None)) {
        Ok(value) => alicerce::rule::data::Data { world }.text(&value),
        Err(unknown) => format!("? {}", unknown.0.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" + ")),
    }
}

/// An object with the fields `u`, `v` (unknown), `t`, `f`, `n` = 3, `s` = "abc", `list` = [1, unknown], `known` = [1, 2].
fn it() -> Value {
    let unknown = |text: &str| Value::unknown(Reason::NotCollected, text);
    Value::object(
        vec![
            ("u", unknown("U")),
            ("v", unknown("V")),
            ("t", Value::Bool(true)),
            ("f", Value::Bool(false)),
            ("n", Value::Int(3)),
            ("s", Value::str("abc")),
            ("list", Value::list(vec![Value::Int(1), unknown("E")])),
            ("known", Value::list(vec![Value::Int(1), Value::Int(2)])),
        ],
        Vec::new(),
    )
}

#[test]
fn logic_has_three_values() {
    let world = world(&[]);
    for (text, expected) in [
        // and
        ("it.t && it.t", "true"),
        ("it.t && it.f", "false"),
        ("it.f && it.u", "false"),
        ("it.u && it.f", "false"),
        ("it.t && it.u", "? U"),
        ("it.u && it.t", "? U"),
        ("it.u && it.v", "? U + V"),
        ("it.u && it.u", "? U"),
        // or
        ("it.f || it.f", "false"),
        ("it.t || it.u", "true"),
        ("it.u || it.t", "true"),
        ("it.f || it.u", "? U"),
        ("it.u || it.v", "? U + V"),
        ("(it.f && it.u) || it.v", "? V"),
        // not, choice
        ("!it.t", "false"),
        ("!it.u", "? U"),
        ("it.t ? 1 : it.u", "1"),
        ("it.f ? 1 : it.u", "? U"),
        ("it.u ? 1 : 1", "? U"),
        // comparison
        ("it.u == it.u", "? U"),
        ("it.u == it.v", "? U + V"),
        ("it.u != 1", "? U"),
        ("it.n == 3.0", "true"),
        ("it.s == 3", "false"),
        ("it.n < it.u", "? U"),
        ("it.s < 3", "? a string cannot be compared with a number"),
        ("[1, 2] == it.known", "true"),
        ("it.list == it.known", "? E"),
        // has
        ("has(it.n)", "true"),
        ("has(it.missing)", "false"),
        ("has(it.u)", "? U"),
        ("has(it.missing) && it.missing == 1", "false"),
        ("it.missing == 1", "? `missing` is not in the data"),
        ("!has(it.missing) || it.missing == 1", "true"),
        // lists
        ("1 in it.list", "true"),
        ("2 in it.list", "? E"),
        ("3 in it.known", "false"),
        ("it.list.exists(x, x == 1)", "true"),
        ("it.list.exists(x, x == 2)", "? E"),
        ("it.list.all(x, x == 1)", "? E"),
        ("it.list.all(x, x == 2)", "false"),
        ("[].all(x, x)", "true"),
        ("[].exists(x, x)", "false"),
        ("it.known.exists_one(x, x == 1)", "true"),
        ("it.list.exists_one(x, x == 1)", "? E"),
        ("[1, 1, it.n].exists_one(x, x == 1)", "false"),
        ("it.known.filter(x, x > 1)", "2"),
        ("it.list.filter(x, x == 2).exists(x, true)", "? E"),
        ("it.list.filter(x, x == 2).size() == 0", "? E"),
        ("it.known.map(x, x + 1)", "2, 3"),
        ("it.list.map(x, x + 1)[0]", "2"),
        ("it.list[1]", "? E"),
        ("it.u.all(x, x)", "? U"),
        ("size(it.list)", "? E"),
        ("size(it.known) + size(it.s)", "5"),
        // faults of the data are unknowns as well
        ("it.n / 0", "? `3 / 0` has no result"),
        ("it.known[7]", "? a list of 2 has no element 7"),
        ("it.n && true", "? a number stands where a truth value is expected"),
        ("it.n && false", "false"),
        ("glob(it.u, it.v)", "? U + V"),
    ] {
        assert_eq!(eval(&world, &it(), text), expected, "{text}");
    }
}

#[test]
fn functions_do_what_their_documentation_says() {
    let world = world(&[]);
    for (text, expected) in [
        ("arn_part('arn:aws:kms:sa-east-1:111122223333:key/1', 'region')", "sa-east-1"),
        ("arn_part('alias/x', 'region')", ""),
        ("is_arn('alias/x')", "false"),
        ("glob('arn:aws:s3:::b/k', 'arn:aws:s3:::?/*')", "true"),
        ("glob('a', 'A')", "false"),
        ("days_since('2026-11-20')", "2"),
        ("days_since('2026-11-21T23:59:59Z')", "0"),
        ("days_until('2026-12-22T00:00:00Z')", "30"),
        ("days_since(1795305600)", "0"),
        ("days_since('soon')", "? `soon` is not a date or time"),
        ("region_approved('sa-east-1') && !region_approved('us-east-1')", "true"),
        ("'AbC'.lower()", "abc"),
        ("'abc'.startsWith('a') && 'abc'.endsWith('c') && 'abc'.contains('b')", "true"),
        ("'abc'.matches('^a.c$')", "true"),
        ("text([1, 'a', true])", "1, a, true"),
        ("join(['a', 'b'], ' and ')", "a and b"),
        ("flatten([[1], [2, 3]])", "1, 2, 3"),
        ("int('42') + 1", "43"),
        ("count(split('a/b/c', '/'))", "3"),
    ] {
        assert_eq!(eval(&world, &it(), text), expected, "{text}");
    }
}

#[test]
fn documents_are_read_as_they_stand() {
    let path = "111122223333/sa-east-1/ec2/describe-vpc-endpoints.json";
    let text = r#"{"VpcEndpoints": [{"VpcEndpointId": "vpce-1", "VpcEndpointType": "Interface", "VpcId": "vpc-1",
        "PrivateDnsEnabled": false, "SubnetIds": ["subnet-1"], "Tags": null, "Tagged": {"a.b": 1}}]}"#;
    let world = world(&[(path, text)]);
    let it = Value::Fact(world.facts.of_kind("vpc-endpoint")[0]);
    for (text, expected) in [
        ("it.VpcEndpointType == 'Interface'", "true"),
        ("'Interface' == it.VpcEndpointType", "true"),
        ("it.PrivateDnsEnabled", "false"),
        ("['subnet-1'] == it.SubnetIds && it.SubnetIds == ['subnet-1']", "true"),
        ("'subnet-1' in it.SubnetIds", "true"),
        ("has(it.Tags)", "false"),
        ("it.region + ' ' + it.account_id", "sa-east-1 111122223333"),
        ("it['VpcId']", "vpc-1"),
        ("it.Tagged['a.b']", "1"),
        ("'a.b' in it.Tagged", "true"),
        ("it == it", "true"),
    ] {
        assert_eq!(eval(&world, &it, text), expected, "{text}");
    }
    let unknown = eval(&world, &it, "has(it.vpc) && it.vpc.IsDefault");
    assert!(unknown.starts_with("? ") && unknown.contains("describe-vpcs"), "{unknown}");
}

fn faults(it: &str, text: &str, role: Role) -> Vec<(String, String)> {
    let expr = cel::parse(text).unwrap_or_else(|e| panic!("{text}: {}", e.message));
    let (_, faults) = check::check(&expr, &Frame::new(Type::parse(it).unwrap()), role);
    let cut = |f: &alicerce::rule::ast::Fault| text.get(f.at.start as usize..f.at.end as usize).unwrap().to_owned();
    faults.iter().map(|f| (cut(f), f.message.clone())).collect()
}

#[test]
fn the_static_check_knows_what_never_works() {
    for (text, place, message) in [
        ("it.PrivateDnsEnable", "PrivateDnsEnable", "`vpc-endpoint` has no `PrivateDnsEnable`"),
        ("that.VpcId == ''", "that", "there is no variable `that`"),
        ("it.VpcId", "it.VpcId", "a truth value is needed here, this is a string"),
        ("it.VpcId == true", "it.VpcId == true", "a string never equals a truth value"),
        ("it.SubnetIds == 'a'", "it.SubnetIds == 'a'", "a list of strings never equals a string"),
        ("1 in it.SubnetIds", "1 in it.SubnetIds", "no element is a number: this is a list of strings"),
        ("'a' in it.VpcId", "it.VpcId", "`in` looks for an element of a list, this is a string"),
        ("it.SubnetIds.id == ''", "id", "`it.SubnetIds` is a list and has no `id`"),
        ("it.VpcId.x == ''", "x", "`it.VpcId` is a string and has no `x`"),
        ("it.VpcId.exists(x, true)", "it.VpcId", "`exists` takes a list, this is a string"),
        ("it.SubnetIds.exists(x, x)", "x", "a truth value is needed here, this is a string"),
        ("it.VpcId < 3", "it.VpcId < 3", "`<` does not compare a string with a number"),
        ("it.CreationTimestamp < now", "it.CreationTimestamp < now", "`<` does not compare moments"),
        ("globb(it.VpcId, 'a')", "globb", "there is no function `globb`"),
        ("glob(it.VpcId)", "glob", "`glob` takes 2 argument(s), here are 1"),
        ("glob(it.VpcId, 1)", "1", "`pattern` of `glob` is a string, this is a number"),
        ("it.VpcId.matches('(')", "'('", "this is not a regular expression: unclosed group"),
        ("arn_part(it.VpcId, 'acount') == ''", "'acount'", "`acount` is not a part of an ARN"),
        ("it.vpc.VpcId == ''", "vpc", "`vpc` may be missing, and nothing here asks whether it is there"),
        ("has(it.vpc) || it.vpc.VpcId == ''", "vpc", "`vpc` may be missing, and nothing here asks whether it is there"),
        ("scope.posture == 'x'", "posture", "`posture` may be missing, and nothing here asks whether it is there"),
        ("scope.aproved_regions == []", "aproved_regions", "`scope` has no `aproved_regions`"),
        ("item == 1", "item", "there is no variable `item`"),
        ("it.VpcId + 1 == ''", "it.VpcId + 1", "`+` does not take a string and a number"),
    ] {
        let found = faults("fact:vpc-endpoint", text, Role::Truth);
        assert!(found.contains(&(place.to_owned(), message.to_owned())), "{text}: {found:#?}");
    }
}

#[test]
fn the_static_check_lets_through_what_is_right() {
    for text in [
        "has(it.vpc) && it.vpc.VpcId == 'a'",
        "!has(it.vpc) || it.vpc.VpcId == 'a'",
        "!(has(it.vpc) && it.vpc.VpcId == 'a')",
        "has(it.vpc) ? it.vpc.VpcId == 'a' : true",
        "!has(it.vpc) ? true : it.vpc.VpcId == 'a'",
        "it.SubnetIds.exists(s, s == it.VpcId)",
        "it.VpcEndpointType in ['Interface', 'GatewayLoadBalancer']",
        "size(it.SubnetIds) >= 2",
        "days_since(it.CreationTimestamp) > 90",
        "has(scope.posture) && scope.posture == 'in-region'",
        "it.SubnetIds.map(s, s.lower()).filter(s, s != '').size() == 0",
    ] {
        let found = faults("fact:vpc-endpoint", text, Role::Truth);
        let optional = |m: &str| m.contains("may be missing");
        // AWS's model marks most fields optional; only what is asked here must be clean.
        let found: Vec<_> = found.into_iter().filter(|(p, m)| !optional(m) || p == "vpc" || p == "posture").collect();
        assert!(found.is_empty(), "{text}: {found:#?}");
    }
}

#[test]
fn locations_are_places() {
    for text in ["it.VpcId", "it", "[it.vpc, it.SubnetIds]", "has(it.vpc) ? it.vpc : it", "it.SubnetIds.filter(s, s != 'a')"] {
        assert_eq!(faults("fact:vpc-endpoint", text, Role::Location), [], "{text}");
    }
    for text in ["'a'", "it.VpcId == 'a'", "scope", "has(it.vpc) ? 'a' : it"] {
        assert_eq!(faults("fact:vpc-endpoint", text, Role::Location).len(), 1, "{text}");
    }
}

/// A rule with these keys in place of the right ones; `None` takes a key out.
fn rule(changes: &[(&str, Option<&str>)]) -> String {
    let mut keys: BTreeMap<&str, String> = [
        ("id", "a-b"),
        ("subject", "vpc-endpoint"),
        ("require", "it.VpcEndpointId == 'a'"),
        ("severity", "high"),
        ("message", "endpoint {it.VpcEndpointId}"),
        ("why", "because"),
        ("fix", "do it"),
    ]
    .into_iter()
    .map(|(k, v)| (k, v.to_owned()))
    .collect();
    for (key, value) in changes {
        match value {
            Some(value) => keys.insert(key, (*value).to_owned()),
            None => keys.remove(key),
        };
    }
    keys.iter().map(|(k, v)| format!("{k}: {v}\n")).collect()
}

fn errors_of(text: &str) -> Vec<String> {
    match Rule::parse("rule.yaml", text, "network") {
        Err(errors) => errors.iter().map(alicerce::rule::RuleError::one_line).collect(),
        Ok(rule) => rule.check().iter().map(alicerce::rule::RuleError::one_line).collect(),
    }
}

#[test]
fn a_right_rule_has_no_errors() {
    assert_eq!(errors_of(&rule(&[])), Vec::<String>::new());
}

#[test]
fn wrong_keys_and_words_are_named_with_their_place() {
    for (changes, expected) in [
        (vec![("requires", Some("x"))], "5:1: a rule has no key `requires` (did you mean `require`?)"),
        (vec![("severity", None)], "1:1: `severity` is missing"),
        (vec![("severity", Some("hihg"))], "5:11: `hihg` is not a value of `severity` (did you mean `high`?)"),
        (vec![("severity", Some("[a]"))], "5:11: `severity` is a list, expected a string"),
        (vec![("subject", Some("vpc-endpont"))], "6:10: there is no kind `vpc-endpont` (did you mean `vpc-endpoint`?)"),
        (
            vec![("id", Some("A_b"))],
            "2:5: `A_b` is not an id (use small letters, digits and single hyphens, such as `endpoint-private-dns-disabled`)",
        ),
        (vec![("needs", Some("[aproved-regions]"))], "4:9: a scope has no `aproved-regions` (did you mean `approved_regions`?)"),
        (vec![("require", Some("true"))], "4:10: `require` is an expression (write it in quotes)"),
        (vec![("why", Some("''"))], "7:6: `why` is empty"),
        (vec![("default", Some("maybe"))], "1:10: `maybe` is not a value of `default` (one of on, off)"),
    ] {
        let errors = errors_of(&rule(&changes));
        let expected = format!("rule.yaml:{expected}");
        assert!(errors.contains(&expected), "{changes:?}\nexpected {expected}\n     got {errors:#?}");
    }
}

#[test]
fn expressions_are_blamed_at_their_line_and_column() {
    for (changes, expected) in [
        (
            vec![("require", Some("it.VpcEndpointIdd == 'a'"))],
            "rule.yaml:4:13: `vpc-endpoint` has no `VpcEndpointIdd` (did you mean `VpcEndpointId`?)",
        ),
        (
            vec![("require", Some("|\n  it.VpcEndpointId\n    == 'a' && it.Vpc == 'b'"))],
            "rule.yaml:6:18: `vpc-endpoint` has no `Vpc` (did you mean `vpc`?)",
        ),
        (
            vec![("require", Some(">-\n  it.VpcEndpointId\n  == 'a' && it.Vpc == 'b'"))],
            "rule.yaml:6:16: `vpc-endpoint` has no `Vpc` (did you mean `vpc`?)",
        ),
        (
            vec![("require", Some("\"it.VpcEndpointId == \\\"a\\\" && it.Vpc == 'b'\""))],
            "rule.yaml:4:43: `vpc-endpoint` has no `Vpc` (did you mean `vpc`?)",
        ),
        (vec![("message", Some("\"endpoint {it.Idd}\""))], "rule.yaml:3:24: `vpc-endpoint` has no `Idd`"),
        (
            vec![("message", Some("endpoint {it.VpcEndpointId"))],
            "rule.yaml:3:19: this `{` has no partner (write `{{` for a brace in the text)",
        ),
        (
            vec![("require", Some("it.VpcEndpointId = 'a'"))],
            "rule.yaml:4:27: `=` is not an operator here (write `==` to compare)",
        ),
        (vec![("at", Some("'x'"))], "rule.yaml:1:6: "),
        (
            vec![("when", Some("has(it.vpc)")), ("require", Some("it.vpc.VpcIdd == 'a'"))],
            "rule.yaml:4:17: `vpc` has no `VpcIdd` (did you mean `VpcId`?)",
        ),
        (
            vec![("require", Some("it.VpcEndpointId.orValue('a') == 'a'"))],
            "rule.yaml:4:27: there is no function `orValue` (optional values would let an unknown pass; ask `has(…)` first)",
        ),
    ] {
        let errors = errors_of(&rule(&changes));
        assert!(errors.iter().any(|e| e.starts_with(expected)), "{changes:?}\nexpected {expected}\n     got {errors:#?}");
    }
}
