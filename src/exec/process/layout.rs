//! Where everything of an application lies below the executor's folder. What runs is found by these names and by nothing else.
//!
//! ```text
//! <root>/<app>/                                      its lock is held while a step is carried out
//!     fence                                          the largest fence that was seen
//!     done.json                                      keys of the steps of the present plan that were done
//!     .keeper/                                       the process that starts again what ends without being asked to
//!     .components/<component>/                       routes, the proxy's process, the password, which side has the truth
//!     <provider>/<region>/<component>-<Seat::id>/    a side: side.json, its processes (1/, 2/, ...), its data
//! ```

use super::failures::{io_failed, refused};
use crate::exec::Failure;
use crate::plan::Seat;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Characters that a part of a path may have.
const PART_CHARS_MAX: usize = 100;

/// The folder of an application.
#[derive(Clone, Debug)]
pub struct AppDir {
    path: PathBuf,
}

impl AppDir {
    /// The folder of an application, whether or not it exists.
    ///
    /// # Errors
    /// A name that is no name of a folder.
    pub fn new(root: &Path, app: &str) -> Result<Self, Failure> {
        Ok(Self { path: root.join(part(app)?) })
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The largest fence that was seen.
    pub fn fence(&self) -> PathBuf {
        self.path.join("fence")
    }

    /// Keys of steps that were done.
    pub fn done(&self) -> PathBuf {
        self.path.join("done.json")
    }

    /// Where the keeper runs.
    pub fn keeper(&self) -> PathBuf {
        self.path.join(".keeper")
    }

    /// What all sides of all replicas of a component share.
    ///
    /// # Errors
    /// A name that is no name of a folder.
    pub fn component(&self, component: &str) -> Result<PathBuf, Failure> {
        Ok(self.path.join(".components").join(part(base(component))?))
    }

    /// Names of the components that have such a folder.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn components(&self) -> Result<Vec<String>, Failure> {
        let folder = self.path.join(".components");
        names(&folder).map_err(|error| io_failed("read", &folder, &error))
    }

    /// The folder of a side.
    ///
    /// # Errors
    /// Names that are no names of folders: plans come from outside.
    pub fn side(&self, seat: &Seat) -> Result<PathBuf, Failure> {
        let name = format!("{}-{}", part(&seat.component)?, seat.id());
        Ok(self.path.join(part(&seat.provider)?).join(part(&seat.region)?).join(name))
    }

    /// Folders of all sides that are there, in the order of component and seat.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn sides(&self) -> Result<Vec<PathBuf>, Failure> {
        let read = |folder: &Path| names(folder).map_err(|error| io_failed("read", folder, &error));
        let mut found = Vec::new();
        for provider in read(&self.path)? {
            let provider = self.path.join(provider);
            for region in read(&provider)? {
                let region = provider.join(region);
                found.extend(read(&region)?.into_iter().map(|side| region.join(side)));
            }
        }
        found.sort_by(|a, b| a.file_name().cmp(&b.file_name()).then_with(|| a.cmp(b)));
        Ok(found)
    }

    /// Removes the folders of a region and of a provider when nothing is in them any more.
    pub fn prune(&self, side: &Path) {
        for folder in side.ancestors().skip(1).take(2).filter(|folder| *folder != self.path) {
            // A folder that is not empty stays: that is what the call is for.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// The component of the application that a seat's component belongs to: `web` for `web#2`.
pub fn base(component: &str) -> &str {
    component.split_once('#').map_or(component, |(base, _)| base)
}

/// Component and seat of a side, from the name of its folder.
pub fn of_folder(side: &Path) -> Option<(&str, &str)> {
    side.file_name()?.to_str()?.rsplit_once('-')
}

/// A name that is a folder's.
fn part(name: &str) -> Result<&str, Failure> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '#' | ':');
    if name.is_empty() || name.len() > PART_CHARS_MAX || name.starts_with('.') || !name.chars().all(fine) {
        let what = format!("{name:?} cannot be the name of a folder");
        return Err(refused(what).help("names are letters, digits, `-`, `_`, `.`, `:` and `#`"));
    }
    Ok(name)
}

/// Names of the folders in a folder that are not hidden, sorted; none when it does not exist.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().into_string().unwrap_or_default();
        if entry.file_type()?.is_dir() && !name.is_empty() && !name.starts_with('.') {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}
