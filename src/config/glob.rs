//! The two kinds of pattern that `alicerce.toml` knows.
//!
//! [`matches`] is for identifiers, ARNs, names and model ids: `*` stands for any run of characters,
//! `?` for one. [`path_matches`] is for repository files: there `*` stays within one folder and `**` crosses them.

/// True where `text` is what `pattern` describes; linear in practice, quadratic at worst.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    wild(&pattern, &text, |_| true)
}

fn wild(pattern: &[char], text: &[char], star_takes: impl Fn(char) -> bool) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        let here = text.get(t).copied();
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if Some(*c) == here || (*c == '?' && here.is_some_and(&star_takes)) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) if text.get(from).copied().is_some_and(&star_takes) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                _ => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|c| *c == '*')
}

/// True where the file `path` (with `/` or `\`) is what `pattern` describes. A pattern without `/`
/// describes the file's name in any folder; one that ends in `/` everything below that folder.
pub fn path_matches(pattern: &str, path: &str) -> bool {
    let path = path.replace('\\', "/");
    let path = path.trim_start_matches("./");
    let pattern = pattern.trim_start_matches("./");
    if !pattern.contains('/') {
        let name = path.rsplit('/').next().unwrap_or(path);
        return matches(pattern, name);
    }
    let open = pattern.ends_with('/').then(|| format!("{pattern}**"));
    let pattern: Vec<&str> = open.as_deref().unwrap_or(pattern).split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    segments(&pattern, &path)
}

fn segments(pattern: &[&str], path: &[&str]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < path.len() {
        match (pattern.get(p), path.get(t)) {
            (Some(&"**"), _) => {
                star = Some((p, t));
                p += 1;
            }
            (Some(pat), Some(seg)) if matches(pat, seg) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|s| *s == "**")
}

#[cfg(test)]
mod tests {
    use super::{matches, path_matches};

    #[test]
    fn identifiers() {
        assert!(matches("anthropic.claude-*", "anthropic.claude-haiku-4-5-20251001-v1:0"));
        assert!(matches("arn:aws:iam::*:role/Sec?", "arn:aws:iam::111122223333:role/Sec1"));
        assert!(matches("*", ""));
        assert!(!matches("a*b", "acbd"));
        assert!(!matches("", "a"));
        let hostile = "*a".repeat(200);
        assert!(!matches(&hostile, &"a".repeat(150)));
    }

    #[test]
    fn paths() {
        assert!(path_matches("policies/**/scp-*.json", "policies/a/b/scp-x.json"));
        assert!(path_matches("policies/**/scp-*.json", "./policies/scp-x.json"));
        assert!(!path_matches("policies/*.json", "policies/a/x.json"));
        assert!(path_matches("*.scp.json", "any/where/x.scp.json"));
        assert!(path_matches("infra/", "infra/a/b"));
        assert!(path_matches("**/*.json", "x.json"));
        assert!(path_matches("infra/**", "infra\\a\\b"));
    }
}
