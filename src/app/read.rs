//! From bytes to an application: the form, then its meaning; every fault at once.

use super::App;
use super::faults::Faults;
use super::file::AppFile;
use super::form::{BYTE_ORDER_MARK, Form};
use super::limits::FILE_BYTES_MAX;
use super::lower::lower;
use super::names::Names;
use super::nesting::too_many_dots;
use super::quick;
use super::schema::SHAPE;
use super::source::{Source, Spans};
use toml::de::DeTable;

/// An application, and where its parts stand in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The application; valid as a whole.
    pub app: App,
    /// Where every key stands.
    pub spans: Spans,
}

/// Reads an `app.toml`.
///
/// `file` is the name that faults carry; `names` is what the price book knows.
///
/// # Errors
/// Every fault of the file at once, by position. Only faults of the text itself (size, encoding, TOML syntax) hide
/// those of its meaning.
pub fn parse(text: impl AsRef<[u8]>, file: &str, names: &Names) -> Result<Parsed, Faults> {
    let (app, source) = read(text.as_ref(), file, names)?;
    Ok(Parsed { app, spans: source.into_spans() })
}

/// Reads an `app.toml` as [`parse`] does, for whoever has no use for where its parts stand.
///
/// # Errors
/// As [`parse`].
pub fn parse_app(text: impl AsRef<[u8]>, file: &str, names: &Names) -> Result<App, Faults> {
    let bytes = text.as_ref();
    // Nearly every file is in order: only one that is not has to tell where its faults stand.
    read_quickly(bytes, names).map_or_else(|| read(bytes, file, names).map(|(app, _)| app), Ok)
}

/// Reads a file that has no fault. `None`: it has, or may have.
pub(super) fn read_quickly(bytes: &[u8], names: &Names) -> Option<App> {
    let text = std::str::from_utf8(bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)).ok()?;
    let fits = form().check_size(u64::try_from(bytes.len()).ok()?, "").is_ok();
    if !fits || memchr::memchr(0, text.as_bytes()).is_some() || too_many_dots(text).is_some() {
        return None;
    }
    let root = DeTable::parse(text).ok()?;
    let parts: AppFile = quick::APP.read(root.get_ref())?;
    let mut source = Source::quiet();
    let app = lower(&parts, names, &mut source);
    source.is_clean().then_some(app)
}

/// Reads an `app.toml` that was valid once and was kept, like the one inside a plan: whatever it names is taken for known.
/// What is under way must not hang on what a newer price book still has.
///
/// # Errors
/// As [`parse`], but for unknown names.
pub fn parse_kept(text: &str, file: &str) -> Result<App, Faults> {
    let (parts, mut source): (AppFile, _) = form().read(text.as_bytes(), file)?;
    let app = lower(&parts, &Names::used_by(&parts), &mut source);
    if source.is_clean() { Ok(app) } else { Err(source.into_faults()) }
}

fn read<'a>(bytes: &'a [u8], file: &'a str, names: &Names) -> Result<(App, Source<'a>), Faults> {
    let (parts, mut source): (AppFile, _) = form().read(bytes, file)?;
    let app = lower(&parts, names, &mut source);
    if source.is_clean() { Ok((app, source)) } else { Err(source.into_faults()) }
}

fn form() -> Form<'static> {
    Form {
        what: "an application",
        begin: "begin with `version = 1`, `name = \"…\"` and a `[[component]]`",
        bytes_max: FILE_BYTES_MAX,
        shape: &SHAPE,
    }
}

/// Refuses a file that is too large to be an application; for callers to ask before they read it.
///
/// # Errors
/// The fault, located at the start of the file.
pub fn check_size(bytes: u64, file: &str) -> Result<(), Faults> {
    form().check_size(bytes, file)
}
