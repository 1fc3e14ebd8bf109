//! What is run, and with which environment: for those who carry a placement out.

use super::faults::{Code, quoted};
use super::file::ComponentFile;
use super::lower::Lower;
use super::source::{Point, Says};

/// The port of a service that names none.
pub(super) const PORT: u16 = 8_080;

impl Lower<'_, '_, '_> {
    /// Environment variables with their values.
    pub(super) fn env(&mut self, file: &ComponentFile, path: &str) -> Vec<(String, String)> {
        let mut known: Vec<(String, String)> = Vec::new();
        for (i, entry) in file.env.iter().flatten().enumerate() {
            let at = format!("{path}.env[{i}]");
            let Some((name, value)) = entry.split_once('=') else {
                let says = Says::new(Code::BadName, format!("{} has no `=`", quoted(entry)), "`NAME=value`");
                self.fault(&at, Point::Value, says);
                continue;
            };
            self.variable(name, known.iter().any(|(other, _)| other == name), &at);
            known.push((name.to_owned(), value.to_owned()));
        }
        known
    }

    /// Names of secrets.
    pub(super) fn secrets(&mut self, file: &ComponentFile, path: &str) -> Vec<String> {
        let stated = file.secrets.clone().unwrap_or_default();
        let env: Vec<&str> = file.env.iter().flatten().filter_map(|entry| entry.split('=').next()).collect();
        for (i, name) in stated.iter().enumerate() {
            let twice = stated[..i].contains(name) || env.contains(&name.as_str());
            self.variable(name, twice, &format!("{path}.secrets[{i}]"));
        }
        stated
    }

    /// Judges the name of an environment variable.
    fn variable(&mut self, name: &str, twice: bool, path: &str) {
        let head = name.bytes().next().is_some_and(|b| b.is_ascii_uppercase() || b == b'_');
        if !head || !name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_') {
            let says = Says::new(
                Code::BadName,
                format!("{} is no name of an environment variable", quoted(name)),
                "capital letters, digits and `_`, no digit first",
            );
            self.fault(path, Point::Value, says);
        } else if twice {
            self.twice(name, path);
        }
    }
}
