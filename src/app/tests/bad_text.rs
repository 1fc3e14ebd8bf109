//! Files that are no good text, or no TOML.

use super::{HEAD, WEB, faults};
use insta::assert_snapshot;

#[test]
fn windows_line_ends() {
    let text = faults(&[&[HEAD, WEB, "replicas = 0\n"].concat().replace('\n', "\r\n")]);
    assert_snapshot!(text, @r#"
    error: `replicas` is `0`
     --> app.toml:8:12 (component[0].replicas)
    8 | replicas = 0
      |            ^ expected a whole number from 1 to 10000
    "#);
}

#[test]
fn columns_are_in_characters() {
    let text = faults(&[
        HEAD,
        WEB,
        r#"image = "größe" # ↓
gpu = { count = 1, models = ["ünvidia-l4"] }
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: unknown GPU model `ünvidia-l4`
     --> app.toml:9:30 (component[0].gpu.models[0])
    9 | gpu = { count = 1, models = ["ünvidia-l4"] }
      |                              ^^^^^^^^^^^^ expected `nvidia-a100`, `nvidia-l4` or `nvidia-t4`
      = did you mean `nvidia-l4`?
    "#);
}

#[test]
fn a_missing_quote() {
    let text = faults(&[HEAD, "description = \"a\n", WEB]);
    assert_snapshot!(text, @r#"
    error: not TOML: invalid basic string
     --> app.toml:3:17
    3 | description = "a
      |                 ^ expected `"`
    "#);
}

#[test]
fn a_missing_value() {
    let text = faults(&[
        HEAD,
        WEB,
        r"image =
disk_gb = 5 5
",
    ]);
    assert_snapshot!(text, @r#"
    error: not TOML: a key without a value
     --> app.toml:8:8
    8 | image =
      |        ^ expected a value

    error: not TOML: a value that is neither a number nor in quotes
     --> app.toml:9:11
    9 | disk_gb = 5 5
      |           ^^^ expected `"…"` around a string
    "#);
}

#[test]
fn a_key_twice() {
    let text = faults(&[HEAD, WEB, "cpu = 2\n"]);
    assert_snapshot!(text, @r#"
    error: not TOML: a key or table for the second time
     --> app.toml:8:1
    8 | cpu = 2
      | ^^^ expected every one once
      = help: a further entry of a list begins with `[[…]]`, like `[[component]]`
    "#);
}

#[test]
fn a_table_twice() {
    let text = faults(&[
        HEAD,
        WEB,
        r"[budget]
usd_month = 1
[budget]
usd_month = 2
",
    ]);
    assert_snapshot!(text, @r#"
    error: not TOML: a key or table for the second time
      --> app.toml:10:2
    10 | [budget]
       |  ^^^^^^ expected every one once
       = help: a further entry of a list begins with `[[…]]`, like `[[component]]`

    error: not TOML: a key or table for the second time
      --> app.toml:11:1
    11 | usd_month = 2
       | ^^^^^^^^^ expected every one once
       = help: a further entry of a list begins with `[[…]]`, like `[[component]]`
    "#);
}

#[test]
fn a_nul_byte() {
    let text = faults(&[HEAD, "description = \"a\0b\"\n"]);
    assert_snapshot!(text, @r#"
    error: a NUL byte
     --> app.toml:3:17
    3 | description = "a�b"
      |                 ^ expected text
      = help: is this a text file, saved as UTF-8?
    "#);
}

#[test]
fn a_lone_carriage_return() {
    let text = faults(&[HEAD, "description = \"a\"\rx = 1\n"]);
    assert_snapshot!(text, @r#"
    error: not TOML: carriage return must be followed by newline
     --> app.toml:3:19
    3 | description = "a"�x = 1
      |                   ^ expected newline
    "#);
}

#[test]
fn json_instead_of_toml() {
    let text = faults(&[r#"{
  "version": 1
}
"#]);
    assert_snapshot!(text, @r#"
    error: not TOML: invalid key-value pair
     --> app.toml:1:1
    1 | {
      | ^ expected key

    error: not TOML: key with no value
     --> app.toml:2:12
    2 |   "version": 1
      |            ^ expected `=`

    error: not TOML: invalid key-value pair
     --> app.toml:3:1
    3 | }
      | ^ expected key
    "#);
}
