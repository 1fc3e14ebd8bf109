//! Policies by name: those that come with placer, and those that were given to the store.

use crate::policy::file::built_in;
use crate::store::{PolicyRow, Store, StoreError};

/// The text of a policy; `None`: there is none of that name. Those that come with placer cannot be replaced.
///
/// # Errors
/// [`StoreError`].
pub fn text(store: &Store, name: &str) -> Result<Option<String>, StoreError> {
    match built_in(name) {
        Some(text) => Ok(Some(text.to_owned())),
        None => Ok(store.policy(name)?.map(|row| row.text)),
    }
}

/// How the store has a policy's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Under this name, as it is.
    As(String),
    /// Another one has its name.
    Taken {
        /// The name.
        name: String,
        /// An application that goes by the other one; `None`: it comes with placer.
        by: Option<String>,
    },
}

/// Keeps the file of a policy for an application, by the policy's own name with `-` for what names in the API may not have.
/// One that other applications go by is not replaced.
///
/// # Errors
/// [`StoreError`].
pub fn keep(store: &Store, own_name: &str, text: &str, app: &str, now: i64) -> Result<Kept, StoreError> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '-' };
    let name: String = own_name.chars().map(plain).collect();
    let there = self::text(store, &name)?;
    if there.as_deref() == Some(text) {
        return Ok(Kept::As(name));
    }
    let other = store.apps()?.into_iter().find(|row| row.policy == name && row.name != app).map(|row| row.name);
    if built_in(&name).is_some() || other.is_some() {
        return Ok(Kept::Taken { name, by: other });
    }
    store.put_policy(&PolicyRow { name: name.clone(), text: text.to_owned(), changed_at: now })?;
    Ok(Kept::As(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::file::BUILT_IN;
    use crate::store::AppRow;

    #[test]
    fn a_policy_is_kept_by_its_name_and_never_in_the_place_of_another_ones() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).expect("it opens");
        let keep = |name: &str, text: &str, app: &str| keep(&store, name, text, app, 7).expect("the store works");
        let taken = |name: &str, by: Option<&str>| Kept::Taken { name: name.into(), by: by.map(str::to_owned) };
        assert_eq!(keep("night moves", "one", "shop"), Kept::As("night-moves".into()));
        assert_eq!(text(&store, "night-moves").expect("the store works").as_deref(), Some("one"));
        let row =
            |app: &str| AppRow { name: app.into(), text: String::new(), policy: "night-moves".into(), changed_at: 7 };
        store.put_app(&row("shop")).expect("it is kept");
        assert_eq!(keep("night moves", "two", "shop"), Kept::As("night-moves".into()), "its own may change");
        assert_eq!(keep("night moves", "two", "blog"), Kept::As("night-moves".into()), "it is the same");
        assert_eq!(keep("night moves", "three", "blog"), taken("night-moves", Some("shop")));
        let (name, built_in) = BUILT_IN[0];
        assert_eq!(keep(name, built_in, "shop"), Kept::As(name.into()));
        assert_eq!(keep(name, "mine", "shop"), taken(name, None));
        assert_eq!(text(&store, "no such").expect("the store works"), None);
    }
}
