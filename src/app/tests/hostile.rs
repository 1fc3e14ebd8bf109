//! Files that are large, deep or not text: the answer comes soon, is short, and says what is wrong.

use super::{DB, HEAD, LINK, WEB, faults, names};
use crate::app::{Faults, check_size, parse};
use insta::assert_snapshot;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// Parses with a stack as small as a thread of a server has, and soon (it takes a second at most; a busy machine gets ten).
fn soon(bytes: Vec<u8>) -> Faults {
    let start = Instant::now();
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    let faults = thread.spawn(move || parse(bytes, "app.toml", &names()).expect_err("the file is bad"));
    let faults = faults.unwrap().join().unwrap();
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert!(faults.faults.len() <= 1_000);
    assert!(faults.to_string().len() < 30_000);
    faults
}

#[test]
fn ten_thousand_components() {
    let many = (0..10_000).fold(HEAD.to_owned(), |text, i| text + &WEB.replace("web", &format!("w{i}")));
    assert_snapshot!(soon(many.into_bytes()), @r"
    error: `component` has 10000 tables
     --> app.toml:3:1 (component)
    3 | [[component]]
      | ^^^^^^^^^^^^^ expected at most 500 tables
    ");
}

#[test]
fn ten_thousand_unknown_names_are_counted_and_fifty_printed() {
    let mut text = HEAD.to_owned();
    (0..500).for_each(|i| text += &WEB.replace("web", &format!("w{i}")));
    (0..5_000).for_each(|i| writeln!(text, "[[link]]\nfrom = \"v{i}\"\nto = \"ww{i}\"").unwrap());
    let faults = soon(text.into_bytes());
    assert_eq!((faults.count(), faults.omitted), (10_000, 9_000));
    assert!(faults.to_string().ends_with("\n\nand 9950 more"));
}

#[test]
fn a_file_of_fifty_megabytes_is_refused_before_it_is_read() {
    assert!(check_size(1 << 20, "app.toml").is_ok());
    let refused = check_size(50_000_000, "app.toml").unwrap_err();
    assert_eq!(refused, soon(vec![b'\n'; 50_000_000]));
    assert_snapshot!(refused, @r"
    error: the file has 50000000 bytes
     --> app.toml:1:1
      = expected at most 1048576 bytes
      = help: is this an application file?
    ");
}

#[test]
fn bytes_that_are_not_utf8() {
    assert_snapshot!(soon(b"version = 1\nname = \"caf\xe9\"\n".to_vec()), @r#"
    error: the byte 0xe9 is not UTF-8
     --> app.toml:2:12
    2 | name = "caf
      |            ^ expected UTF-8 text
      = help: save the file as UTF-8
    "#);
}

#[test]
fn utf16_from_an_old_editor() {
    assert_snapshot!(soon(b"\xff\xfev\0e\0r\0".to_vec()), @r"
    error: the byte 0xff is not UTF-8
     --> app.toml:1:1
      = expected UTF-8 text
      = help: save the file as UTF-8
    ");
}

#[test]
fn a_byte_order_mark_does_not_shift_columns() {
    assert_eq!(faults(&["\u{feff}", HEAD, "x = 1\n", WEB]), faults(&[HEAD, "x = 1\n", WEB]));
}

#[test]
fn deep_nesting_does_not_eat_the_stack() {
    let part = format!("a{}", ".a".repeat(78));
    let deepest = format!("{part} = {}1{}\n", format!("{{{part} = ").repeat(79), "}".repeat(79));
    for text in [
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("a = {}", "{a=".repeat(100_000)),
        format!("a{} = 1", ".a".repeat(400_000)),
        format!("[a{}]", ".a".repeat(400_000)),
        deepest.clone(),
        format!("[[{part}]]\n{deepest}"),
    ] {
        soon(text.into_bytes());
    }
    assert_snapshot!(soon(format!("a = {}", "[".repeat(100_000)).into_bytes()), @r"
    error: not read: nested too deeply
     --> app.toml:1:85
    1 | [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
      |                                                             ^ expected a few levels, no more
    ");
}

#[test]
fn much_of_anything_is_answered_soon() {
    for text in [
        "\n".repeat(1_000_000),
        "=".repeat(1_000_000),
        "\"".repeat(1_000_000),
        "a=\n".repeat(300_000),
        "[[component]]\nx=1\n".repeat(50_000),
        format!("{HEAD}x=[{}]", "1,".repeat(500_000)),
        format!("{HEAD}{DB}description=\"{}\"", "ü".repeat(500_000)),
        format!("{HEAD}[constraints]\nproviders={{allow=[{}]}}", "\"azur\",".repeat(140_000)),
        format!("{HEAD}component=[{}]", "{name=\"w\",kind=\"service\",x=1},".repeat(33_000)),
        format!("{HEAD}{WEB}{DB}{}", LINK.repeat(30_000)),
    ] {
        soon(text.into_bytes());
    }
}
