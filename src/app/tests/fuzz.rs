//! Arbitrary and mutated input: never a panic, and whatever is accepted is valid.

use super::{FULL, assert_valid, names};
use crate::app::file::{LABEL_PATTERN, NAME_PATTERN};
use crate::app::read::read_quickly;
use crate::app::{Code, parse};
use proptest::prelude::*;

/// Values and keys that a slip, or malice, might put anywhere.
const SCRAPS: &[&str] = &[
    "0",
    "-1",
    "1e9",
    "nan",
    "inf",
    "0.0000001",
    "true",
    "\"\"",
    "\"web\"",
    "\"db\"",
    "\"eu\"",
    "[]",
    "[\"web\"]",
    "{}",
    "{ typical = 1 }",
    "[[component]]",
    "[component.constraints]",
    "[[path]]",
    "[[today]]",
    "name = \"web\"",
    "kind = \"job\"",
    "kind = \"redis\"",
    "zones = 3",
    "share = 1",
    "=",
    "\n",
    "\u{0}",
    "\u{e9}",
    "\r",
    "1979-05-27",
];

/// Parses; whatever is accepted must be valid, whatever is refused must say why, in good order.
/// What is read quickly is what is read with all care.
fn examine(bytes: &[u8]) -> Result<(), TestCaseError> {
    let quick = read_quickly(bytes, &names());
    match parse(bytes, "app.toml", &names()) {
        Ok(parsed) => {
            assert_valid(&parsed.app);
            prop_assert!(quick.is_none_or(|app| app == parsed.app));
        }
        Err(faults) => {
            prop_assert!(quick.is_none());
            prop_assert!(!faults.faults.is_empty());
            prop_assert!(faults.faults.iter().all(|fault| fault.code != Code::Internal), "{faults}");
            prop_assert!(faults.faults.is_sorted_by_key(|fault| (fault.line, fault.column)));
            prop_assert!(!faults.to_string().is_empty() && !faults.to_json().is_empty());
        }
    }
    Ok(())
}

/// What could lead the search for long keys astray.
const CHAOS: &[&str] = &[
    "a",
    ".a.a.a.a",
    ".a.a.a.a.a.a.a.a",
    "\"",
    "\"\"\"",
    "'",
    "'''",
    "\\",
    "=",
    " = ",
    "1",
    "\n",
    "\r\n",
    "\r",
    "#",
    ",",
    "[",
    "]",
    "{",
    "}",
    " ",
    "\"x\"",
    "a = {",
    "} ",
    "é",
];

/// Levels of tables.
fn depth(table: &toml::Table) -> usize {
    1 + table.values().filter_map(toml::Value::as_table).map(depth).max().unwrap_or(0)
}

/// The generator of strings knows no anchors.
fn unanchored(pattern: &'static str) -> &'static str {
    pattern.trim_start_matches('^').trim_end_matches('$')
}

fn lines() -> Vec<&'static str> {
    FULL.lines().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        examine(&bytes)?;
    }

    #[test]
    fn arbitrary_text(text in "(version = 1\n)?(\\PC|\n|\\[\\[component\\]\\]\n|name = \"a\"\n){0,60}") {
        examine(text.as_bytes())?;
    }

    #[test]
    fn bytes_changed(changes in prop::collection::vec((0..FULL.len(), any::<u8>()), 1..4)) {
        let mut bytes = FULL.as_bytes().to_vec();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        examine(&bytes)?;
    }

    #[test]
    fn lines_taken_out_doubled_and_swapped(
        changes in prop::collection::vec((0..100_usize, 0..100_usize, 0..3_u8), 1..5),
    ) {
        let mut lines = lines();
        for (from, to, how) in changes {
            let (from, to) = (from % lines.len(), to % lines.len());
            match how {
                0 => { lines.remove(from); }
                1 => lines.insert(to, lines[from]),
                _ => lines.swap(from, to),
            }
        }
        examine(lines.join("\n").as_bytes())?;
    }

    #[test]
    fn values_replaced(changes in prop::collection::vec((0..200_usize, 0..SCRAPS.len()), 1..4)) {
        let mut lines: Vec<String> = lines().into_iter().map(str::to_owned).collect();
        for (at, scrap) in changes {
            let at = at % lines.len();
            let line = &mut lines[at];
            *line = match line.split_once(" = ") {
                Some((key, _)) => format!("{key} = {}", SCRAPS[scrap]),
                None => SCRAPS[scrap].to_owned(),
            };
        }
        examine(lines.join("\n").as_bytes())?;
    }

    #[test]
    fn dots_quotes_and_brackets(pieces in prop::collection::vec(0..CHAOS.len(), 0..40)) {
        let text: String = pieces.into_iter().map(|i| CHAOS[i]).collect();
        examine(text.as_bytes())?;
        // What passes the search for long keys has none that the parser would see.
        if let Ok(root) = toml::from_str::<toml::Table>(&text) {
            prop_assert!(crate::app::nesting::too_many_dots(&text).is_some() || depth(&root) <= 9 * 40);
        }
    }

    #[test]
    fn the_schema_and_the_program_agree_on_names(name in unanchored(NAME_PATTERN), label in unanchored(LABEL_PATTERN)) {
        let text = format!(
            "version = 1\nname = \"{}\"\n[[component]]\nname = \"a\"\nkind = \"load_balancer\"\n\
             [[path]]\nname = \"{}\"\nthrough = [\"a\"]\n",
            &name[..name.len().min(62)].trim_end_matches(['-', '_']),
            &label[..label.len().min(62)].trim_end_matches(['-', '_', ' ']),
        );
        prop_assert!(parse(&text, "app.toml", &names()).is_ok(), "{text}");
    }
}
