//! Who runs programs that refuse to run as root.

use std::fs;

/// A user by numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

impl User {
    /// Whom servers run as when placer runs as root: `postgres` where it exists, else `nobody`. `None`: placer is not root, and
    /// they run as whoever runs it.
    #[must_use]
    pub fn for_servers() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let known = fs::read_to_string("/etc/passwd").unwrap_or_default();
        Some(find(&known, "postgres").or_else(|| find(&known, "nobody")).unwrap_or(Self { uid: 65_534, gid: 65_534 }))
    }

    /// Reads `uid:gid`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (uid, gid) = text.split_once(':')?;
        Some(Self { uid: uid.parse().ok()?, gid: gid.parse().ok()? })
    }
}

/// A user of `/etc/passwd`: `name:password:uid:gid:...`.
fn find(known: &str, name: &str) -> Option<User> {
    let mut fields = known.lines().map(|line| line.split(':')).find(|fields| fields.clone().next() == Some(name))?;
    Some(User { uid: fields.nth(2)?.parse().ok()?, gid: fields.next()?.parse().ok()? })
}
