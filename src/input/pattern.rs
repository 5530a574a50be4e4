//! Path patterns of `alicerce.toml`: `*` and `?` within one folder name, `**` over folders.
//!
//! A pattern without `/` is matched against the file name alone, as in `.gitignore`.

/// True where `path` (with `/` between folders) matches `pattern`. A leading `./` of either is ignored.
pub fn path_matches(pattern: &str, path: &str) -> bool {
    let pattern = pattern.trim_start_matches("./");
    let path = path.trim_start_matches("./");
    if !pattern.contains('/') {
        return segment(pattern, path.rsplit('/').next().unwrap_or(path));
    }
    let pattern: Vec<&str> = pattern.trim_start_matches('/').split('/').collect();
    let path: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    wild(&pattern, &path, |p| *p == "**", |p, s| segment(p, s))
}

fn segment(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    wild(&pattern, &text, |c| *c == '*', |p, c| *p == '?' || p == c)
}

/// The classic two-pointer match: `star` stands for any run, linear memory, no recursion.
fn wild<P, T>(pattern: &[P], text: &[T], star: impl Fn(&P) -> bool, one: impl Fn(&P, &T) -> bool) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while let Some(item) = text.get(t) {
        match pattern.get(p) {
            Some(pat) if star(pat) => {
                back = Some((p, t));
                p += 1;
            }
            Some(pat) if one(pat, item) => {
                p += 1;
                t += 1;
            }
            _ => match back {
                Some((star_at, from)) => {
                    p = star_at + 1;
                    t = from + 1;
                    back = Some((star_at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(star)
}

#[cfg(test)]
mod tests {
    use super::path_matches;

    #[test]
    fn patterns() {
        for (pattern, path, expect) in [
            ("*.scp.json", "org/guards/deny.scp.json", true),
            ("scps/*.json", "scps/a.json", true),
            ("scps/*.json", "scps/x/a.json", false),
            ("scps/**", "scps/x/a.json", true),
            ("**/scps/**", "a/b/scps/x/a.json", true),
            ("**/scps/*.json", "scps/a.json", true),
            ("./scps/?.json", "scps/a.json", true),
            ("scps", "scps", true),
            ("a/b", "a/c", false),
        ] {
            assert_eq!(path_matches(pattern, path), expect, "{pattern} {path}");
        }
    }
}
