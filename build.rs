//! The rules are embedded in the program: a change below `rules/`, a new file included, builds it again.

fn main() {
    println!("cargo::rerun-if-changed=rules");
}
