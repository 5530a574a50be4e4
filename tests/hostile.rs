//! Hostile inputs: each gives a clear error with a place, and what stands beside it is still loaded.

#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alicerce::input::{Loaded, Options, Origin, SkipKind, Source, load};

const POLICY: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "bedrock:*", "Resource": "*"}]}"#;

/// An empty folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn scan(folder: &Path) -> Loaded {
    load(&[Source::Path(folder.to_owned())], &Options::default())
}

/// `(file name, code)` of all that was not readable.
fn codes(loaded: &Loaded) -> Vec<(String, &'static str)> {
    loaded.unreadable.iter().map(|u| (u.name.rsplit('/').next().unwrap().to_owned(), u.code)).collect()
}

fn pair(name: &str, code: &'static str) -> (String, &'static str) {
    (name.to_owned(), code)
}

#[test]
fn each_bad_text_is_reported_and_the_good_one_is_loaded() {
    let folder = folder("texts");
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..10 {
        bomb.push_str(&format!("a{i}: &a{i} [{}]\n", format!("*a{}, ", i - 1).repeat(10)));
    }
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(POLICY.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let files: [(&str, Vec<u8>, &str); 13] = [
        ("bomb.yaml", bomb.into_bytes(), "alias-bomb"),
        ("block.yaml", ("- ".repeat(100_000) + "x").into_bytes(), "nesting-too-deep"),
        ("brackets.json", "[".repeat(20_000).into_bytes(), "nesting-too-deep"),
        ("cut-string.json", POLICY.as_bytes()[..30].to_vec(), "unterminated-string"),
        ("cut.json", POLICY.as_bytes()[..26].to_vec(), "unexpected-end"),
        ("empty.json", Vec::new(), "empty"),
        ("flow.yaml", "[".repeat(20_000).into_bytes(), "nesting-too-deep"),
        ("latin1.json", b"{\"Statement\": \"a\xe7\xe3o\"}".to_vec(), "not-utf-8"),
        ("loop.yaml", b"a: &a\n  b: *a\n".to_vec(), "alias-loop"),
        ("nul.json", b"{\"Statement\": \"a\0b\"}".to_vec(), "nul-byte"),
        ("objects.json", "{\"a\":".repeat(20_000).into_bytes(), "nesting-too-deep"),
        ("utf16.json", utf16, "not-utf-8"),
        ("wrapped.json", br#"{"Policy": {"Content": "{\"Statement\": ["}}"#.to_vec(), "unexpected-end"),
    ];
    for (name, content, _) in &files {
        write(&folder, name, content);
    }
    write(&folder, "good/policy.json", POLICY);
    write(&folder, "good/with-bom.json", format!("\u{feff}{POLICY}"));
    let loaded = scan(&folder);
    let mut expect: Vec<_> = files.iter().map(|(name, _, code)| pair(name, code)).collect();
    expect.sort();
    let mut found = codes(&loaded);
    found.sort();
    assert_eq!(found, expect);
    assert_eq!(loaded.documents.len(), 2);
    assert!(loaded.documents.iter().all(|(_, o)| matches!(o, Origin::Policy { inferred: true, .. })));
    let latin1 = loaded.unreadable.iter().find(|u| u.name.ends_with("latin1.json")).unwrap();
    assert!(latin1.message.contains("0xE7"), "{}", latin1.message);
    assert_eq!(latin1.place.map(|p| (p.line, p.column)), Some((1, 17)));
}

#[test]
fn a_large_policy_is_only_a_large_policy() {
    let statement = r#"{"Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": "*"}"#;
    let mut text = String::from(r#"{"Version": "2012-10-17", "Statement": ["#);
    while text.len() < 10_000_000 {
        text.push_str(statement);
        text.push_str(",\n");
    }
    text.push_str(statement);
    text.push_str("]}");
    let files = vec![("big.json".to_owned(), Arc::from(text.as_str()))];
    let loaded = load(&[Source::Virtual(files.clone())], &Options::default());
    assert_eq!((loaded.documents.len(), loaded.unreadable.len()), (1, 0));
    let small = Options { max_bytes: 1_000_000, ..Options::default() };
    assert_eq!(codes(&load(&[Source::Virtual(files)], &small)), [pair("big.json", "too-large")]);
}

#[cfg(unix)]
#[test]
fn links_pipes_and_devices_are_reported_and_never_opened() {
    use std::os::unix::fs::symlink;
    let folder = folder("links");
    let outside = self::folder("outside");
    write(&outside, "secret.json", POLICY);
    write(&folder, "a/policy.json", POLICY);
    symlink(outside.join("secret.json"), folder.join("out.json")).unwrap();
    symlink(&outside, folder.join("out-folder")).unwrap();
    symlink(folder.join("a"), folder.join("inside")).unwrap();
    symlink(&folder, folder.join("a/loop")).unwrap();
    symlink("nowhere", folder.join("broken.json")).unwrap();
    symlink("/dev/zero", folder.join("zero.json")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(folder.join("pipe.json")).status().unwrap().success());
    let loaded = scan(&folder);
    assert_eq!(
        codes(&loaded),
        [
            pair("broken.json", "broken-link"),
            pair("out-folder", "link-leads-out"),
            pair("out.json", "link-leads-out"),
            pair("pipe.json", "not-a-file"),
            pair("zero.json", "link-leads-out"),
        ]
    );
    assert_eq!(loaded.documents.len(), 1);
    let loaded = load(
        &[Source::Path("/dev/zero".into()), Source::Path(folder.join("pipe.json")), Source::Path(folder.join("missing.json"))],
        &Options::default(),
    );
    assert_eq!(codes(&loaded), [pair("zero", "not-a-file"), pair("pipe.json", "not-a-file"), pair("missing.json", "not-found")]);
}

#[test]
fn names_are_only_names() {
    let folder = folder("names");
    let names = ["<script>alert(1)<", "=cmd()", "\u{1b}[31mred", "a b & c", "%2e%2e"];
    for name in names {
        write(&folder, &format!("{name}.json"), POLICY);
    }
    let loaded = scan(&folder);
    assert_eq!((loaded.documents.len(), loaded.unreadable.len()), (names.len(), 0));
}

#[test]
fn nothing_is_passed_over_in_silence() {
    let folder = folder("skips");
    write(&folder, ".git/config.json", POLICY);
    write(&folder, "README.md", "# hello");
    write(&folder, "main.tf", "resource {}");
    write(&folder, "template.yaml", "Resources:\n  B:\n    Type: AWS::S3::Bucket\n");
    write(&folder, "package.json", r#"{"name": "x"}"#);
    write(&folder, "two.yaml", "Statement: []\nVersion: 2012-10-17\n---\nStatement: []\n");
    let loaded = scan(&folder);
    let skips: Vec<_> = loaded.unrecognised.iter().map(|s| (s.name.rsplit('/').next().unwrap().to_owned(), s.kind)).collect();
    let expect = [
        (".git", SkipKind::IgnoredFolder),
        ("README.md", SkipKind::OtherFile),
        ("main.tf", SkipKind::NotYet),
        ("package.json", SkipKind::Unrecognised),
        ("template.yaml", SkipKind::NotYet),
    ];
    assert_eq!(skips, expect.map(|(name, kind)| (name.to_owned(), kind)));
    assert_eq!(codes(&loaded), [pair("two.yaml", "several-documents")]);
    assert_eq!(loaded.documents.len(), 1);
}

/// Each of these was, or could be, quadratic.
#[test]
fn many_of_a_kind_take_no_longer_than_their_number() {
    let n = 20_000;
    let keys: String = (0..n).map(|_| "*k : 'v'\n").collect();
    let variables: Vec<String> = (0..n).map(|i| format!("\"V{i}\": \"value\"")).collect();
    let lambda = format!(
        "{{\"FunctionName\": \"f\", \"FunctionArn\": \"a\", \"Environment\": {{\"Variables\": {{{}}}}}}}",
        variables.join(",")
    );
    let files = vec![
        ("keys.yaml".to_owned(), Arc::from(format!("a: &k \"\\x41\"\n{keys}"))),
        ("111122223333/sa-east-1/lambda/get-function-configuration.f.json".to_owned(), Arc::from(lambda)),
    ];
    let loaded = load(&[Source::Virtual(files)], &Options::default());
    assert_eq!((loaded.documents.len(), loaded.unrecognised.len(), loaded.unreadable.len()), (1, 1, 0));
    assert_eq!(loaded.documents.first().map(|(d, _)| d.secrets.len()), Some(n));
}
