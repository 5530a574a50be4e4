//! The command line from outside: exit codes and both streams of the built program.
//!
//! In: arguments and files in a folder of their own. Out: what a person or a pipeline would see.

#![cfg(test)]

pub mod support;

use std::fs;

use support::room::Room;

#[test]
fn a_room_is_its_own_and_goes() {
    let (one, two) = (Room::new(), Room::new());
    assert_ne!(one.path(), two.path());
    let file = one.write("a/b.txt", "text");
    assert_eq!(one.read("a/b.txt"), "text");
    let path = one.path().to_owned();
    drop(one);
    assert!(!file.exists() && !path.exists() && fs::exists(two.path()).expect("its folder can be read"));
}
