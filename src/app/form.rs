//! From bytes to a file type: text, TOML, shape; every fault of a stage at once. The same for every TOML form of placer.

use super::faults::{Code, Excerpt, Fault, Faults, quoted};
use super::nesting::too_many_dots;
use super::shape;
use super::source::{Says, Source};
use serde::de::DeserializeOwned;
use serde_json::Value;
use toml::de::DeTable;

/// Some editors begin a file with it.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A TOML form.
pub(crate) struct Form<'s> {
    /// What a file of it is: `an application`.
    pub what: &'static str,
    /// How one begins.
    pub begin: &'static str,
    /// Most bytes of a file.
    pub bytes_max: u64,
    /// Its schema, references resolved.
    pub shape: &'s Value,
}

impl Form<'_> {
    /// Reads a file of this form. What was bad is absent in the result, and reported in the source; the caller adds what
    /// it finds, and refuses a file whose source is not clean.
    ///
    /// # Errors
    /// The faults of a file that is not text, not TOML, empty, or of another version.
    pub fn read<'a, F: DeserializeOwned>(&self, bytes: &'a [u8], file: &'a str) -> Result<(F, Source<'a>), Faults> {
        self.check_size(u64::try_from(bytes.len()).unwrap_or(u64::MAX), file)?;
        let text = decode(bytes, file)?;
        let mut source = Source::new(file, text);
        if let Some(at) = text.find('\0') {
            let says = Says::new(Code::NotText, "a NUL byte", "text");
            source.fault_at(at..at + 1, "", says.help("is this a text file, saved as UTF-8?"));
            return Err(source.into_faults());
        }
        if let Some(at) = too_many_dots(text) {
            source.fault_at(at..at + 1, "", too_deep());
            return Err(source.into_faults());
        }
        let (root, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            report_syntax(errors, text, &mut source);
            return Err(source.into_faults());
        }
        self.judge(root.get_ref(), source)
    }

    /// Judges the shape.
    fn judge<'a, F: DeserializeOwned>(
        &self,
        root: &DeTable<'_>,
        mut source: Source<'a>,
    ) -> Result<(F, Source<'a>), Faults> {
        if root.is_empty() {
            let says = Says::new(Code::Empty, "the file is empty", self.what);
            source.fault_at(0..0, "", says.help(self.begin));
            return Err(source.into_faults());
        }
        if let Some(other) = other_version(root) {
            let found = format!("the file is of version {other}");
            let says = Says::new(Code::Version, found, "`version = 1`, which is all that this placer reads");
            source.fault_at(root["version"].span(), "version", says);
            return Err(source.into_faults());
        }
        let good = shape::good_part(self.shape, root, &mut source);
        match serde_json::from_value(good) {
            Ok(file) => Ok((file, source)),
            Err(error) => {
                // The schema is made from the types, so this cannot be; if it is, it must not pass.
                let says = Says::new(Code::Internal, format!("schema and types disagree: {error}"), "no such thing");
                source.fault_at(0..0, "", says.help("this is a fault of placer; please report it"));
                Err(source.into_faults())
            }
        }
    }

    /// Refuses a file that is too large; for callers to ask before they read it.
    pub fn check_size(&self, bytes: u64, file: &str) -> Result<(), Faults> {
        if bytes <= self.bytes_max {
            return Ok(());
        }
        Err(Faults::from(Fault {
            file: file.to_owned(),
            line: 1,
            column: 1,
            path: String::new(),
            code: Code::TooLarge,
            found: format!("the file has {bytes} bytes"),
            expected: format!("at most {} bytes", self.bytes_max),
            nearest: None,
            help: Some(format!("is this {} file?", self.what)),
            excerpt: Excerpt::default(),
        }))
    }
}

/// A version that is a number, but not 1: the rest of such a file is not ours to judge.
fn other_version(root: &DeTable<'_>) -> Option<String> {
    let version = root.get("version")?.get_ref().as_integer()?;
    let number = i128::from_str_radix(version.as_str(), version.radix()).ok();
    (number != Some(1)).then(|| quoted(&version.to_string()))
}

/// The text without a byte order mark.
fn decode<'a>(bytes: &'a [u8], file: &str) -> Result<&'a str, Faults> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let (good, bad) = bytes.split_at(error.valid_up_to());
        let text = String::from_utf8_lossy(good);
        let mut source = Source::new(file, &text);
        let byte = bad.first().copied().unwrap_or_default();
        let says = Says::new(Code::NotText, format!("the byte 0x{byte:02x} is not UTF-8"), "UTF-8 text");
        source.fault_at(good.len()..good.len(), "", says.help("save the file as UTF-8"));
        source.into_faults()
    })
}

/// Syntax errors, the first of each line: what follows in a line is mostly its echo.
fn report_syntax(mut errors: Vec<toml::de::Error>, text: &str, source: &mut Source<'_>) {
    let at = |error: &toml::de::Error| error.span().unwrap_or(text.len()..text.len());
    if let Some(deep) = errors.iter().find(|error| error.message().contains("recur")) {
        source.fault_at(at(deep), "", too_deep());
        return;
    }
    errors.sort_by_key(|error| at(error).start);
    let mut line_done = None;
    for error in &errors {
        let span = at(error);
        let line = source.line(span.start);
        if line_done.replace(line) == Some(line) {
            continue;
        }
        let nothing = span.is_empty() || text.get(span.clone()).is_none_or(|text| text.trim().is_empty());
        source.fault_at(span, "", syntax(error.message(), nothing));
    }
}

fn too_deep() -> Says {
    Says::new(Code::Syntax, "not read: nested too deeply", "a few levels, no more")
}

/// The parser's message, where it needs that in words nearer to what was done. `nothing`: it points at nothing.
fn syntax(message: &str, nothing: bool) -> Says {
    let (found, expected) = message.split_once(", expected ").unwrap_or((message, "TOML"));
    let says = |found: &str, expected: &str| Says::new(Code::Syntax, format!("not TOML: {found}"), expected);
    match found {
        "string values must be quoted" if nothing => says("a key without a value", "a value"),
        "string values must be quoted" => {
            says("a value that is neither a number nor in quotes", "`\"…\"` around a string")
        }
        "duplicate key" => says("a key or table for the second time", "every one once")
            .help("a further entry of a list begins with `[[…]]`, like `[[component]]`"),
        _ => says(found, expected),
    }
}
