//! Words of queries and paths, bounded; and lists page by page.

use super::problem::{Kind, Problem};
use crate::store::Page;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};
use std::borrow::Cow;

/// Entries of a page where nothing else is asked for, and at most.
const PAGE_USUAL: u32 = 50;
const PAGE_MAX: u32 = 500;

/// How many entries of a list.
#[derive(Clone, Copy, Debug)]
pub struct Limit(pub u32);

impl Default for Limit {
    fn default() -> Self {
        Self(PAGE_USUAL)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let count = u32::deserialize(deserializer)?;
        let fits = (1..=PAGE_MAX).contains(&count);
        if fits { Ok(Self(count)) } else { Err(de::Error::custom(format!("`limit` is a number from 1 to {PAGE_MAX}"))) }
    }
}

impl JsonSchema for Limit {
    fn schema_name() -> Cow<'static, str> {
        "Limit".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": PAGE_MAX, "default": PAGE_USUAL })
    }
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident: $min:literal, $max:literal, $pattern:literal, $fits:expr;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(pub String);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                let fits: fn(&str) -> bool = $fits;
                let length = text.chars().count();
                if ($min..=$max).contains(&length) && fits(&text) {
                    return Ok(Self(text));
                }
                Err(de::Error::custom(concat!("a word of ", $min, " to ", $max, " characters is expected, by the pattern ", $pattern)))
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "minLength": $min, "maxLength": $max, "pattern": $pattern })
            }
        }
    )* };
}

/// A whole number, also where it is written with a point (`24.0`), which to JSON Schema is the same number.
///
/// # Errors
/// Anything else.
pub fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    struct Whole;
    impl de::Visitor<'_> for Whole {
        type Value = i64;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a whole number")
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<i64, E> {
            Ok(number)
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<i64, E> {
            i64::try_from(number).map_err(|_| E::custom("the number is too large"))
        }

        #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53")]
        fn visit_f64<E: de::Error>(self, number: f64) -> Result<i64, E> {
            let exact = number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0;
            if exact { Ok(number as i64) } else { Err(E::custom("a whole number is expected")) }
        }
    }
    deserializer.deserialize_any(Whole)
}

fn all(text: &str, more: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
}

fn number(text: &str) -> bool {
    // Eighteen digits always fit.
    (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

words! {
    /** The name of an application, a policy or a run. */
    Name: 1, 80, "^[A-Za-z0-9_.-]+$", |text| all(text, "_.-");
    /** A name of the price book: a provider, a region, an offer, a kind, a place. */
    Word: 1, 120, "^[^\\x00-\\x1f\\x7f]+$", |text| !text.chars().any(|c| c.is_ascii_control());
    /** The digest of a plan. */
    Digest: 64, 64, "^[0-9a-f]{64}$", |text| all(text, "") && !text.bytes().any(|byte| byte.is_ascii_uppercase() || byte > b'f');
    /** Where a page of the journal's lists begins: what `next` of the page before says. */
    After: 2, 120, "^[0-9]{1,18}~[A-Za-z0-9_.-]*$", |text| {
        text.split_once('~').is_some_and(|(at, name)| number(at) && all(name, "_.-"))
    };
    /** Where a page of offers begins: what `next` of the page before says. */
    OfferAfter: 18, 30, "^[0-9a-f]{16}~[0-9]{1,9}$", |text| {
        text.split_once('~').is_some_and(|(book, at)| {
            book.len() == 16 && book.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) && at.len() <= 9 && number(at)
        })
    };
}

impl After {
    fn place(&self) -> Option<(i64, String)> {
        let (number, name) = self.0.split_once('~')?;
        Some((number.parse().ok()?, name.to_owned()))
    }
}

/// A part of a list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Items<T> {
    /// The entries.
    pub items: Vec<T>,
    /// What `after` has to be for the next page; `null`: there is none.
    pub next: Option<String>,
}

impl<T> Items<T> {
    /// A page of what was read with one entry more than wanted.
    pub fn of<R>(mut rows: Vec<R>, limit: Limit, key: impl Fn(&R) -> (i64, String), entry: impl FnMut(R) -> T) -> Self {
        let wanted = usize::try_from(limit.0).unwrap_or(usize::MAX);
        let more = rows.len() > wanted;
        rows.truncate(wanted);
        let last = rows.last().filter(|_| more).map(key);
        let next = last.map(|(number, name)| format!("{number}~{name}"));
        Self { items: rows.into_iter().map(entry).collect(), next }
    }
}

/// Which part of a list, in the store's words: one entry more than wanted, so that it is known whether there are more.
#[must_use]
pub fn page(app: Option<&Name>, state: Option<&str>, after: Option<&After>, limit: Limit) -> Page {
    Page {
        app: app.map(|name| name.0.clone()),
        state: state.map(str::to_owned),
        after: after.and_then(After::place),
        most: limit.0 + 1,
    }
}

/// Where a page of offers begins.
///
/// # Errors
/// The page before was of another price book.
pub fn offers_from(after: Option<&OfferAfter>, book: &str) -> Result<usize, Problem> {
    let Some((of, at)) = after.and_then(|after| after.0.split_once('~')) else { return Ok(0) };
    if !book.starts_with(of) {
        return Err(Problem::new(
            Kind::Conflict,
            "the price book has changed since that page; begin again without `after`",
        ));
    }
    at.parse().map_err(|_| Problem::new(Kind::BadRequest, "`after` is not what `next` said"))
}

/// What `next` says after so many offers of a book.
#[must_use]
pub fn offers_next(book: &str, at: usize) -> String {
    format!("{}~{at}", book.get(..16).unwrap_or(book))
}

/// A moment as RFC 3339 has it, UTC.
#[must_use]
pub fn moment(unix: i64) -> String {
    jiff::Timestamp::from_second(unix).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_bounded() {
        fn reads<'de, T: Deserialize<'de>>(text: &'de str) -> bool {
            T::deserialize(de::value::BorrowedStrDeserializer::<de::value::Error>::new(text)).is_ok()
        }
        assert!(
            reads::<Name>("web-1_a.b")
                && !reads::<Name>("")
                && !reads::<Name>("a/b")
                && !reads::<Name>(&"x".repeat(81))
        );
        assert!(reads::<Word>("São Paulo, BR") && !reads::<Word>("a\nb"));
        assert!(
            reads::<After>("12~shop-3")
                && reads::<After>("5~")
                && !reads::<After>("~a")
                && !reads::<After>("9223372036854775808~a")
        );
        assert!(reads::<OfferAfter>("0123456789abcdef~50") && !reads::<OfferAfter>("0123456789abcdeX~50"));
        assert!(
            reads::<Digest>(&"a".repeat(64)) && !reads::<Digest>(&"A".repeat(64)) && !reads::<Digest>(&"g".repeat(64))
        );
    }

    #[test]
    fn a_page_says_where_the_next_one_begins() {
        let items = |rows: Vec<i64>| Items::of(rows, Limit(2), |row| (*row, "n".into()), |row| row);
        let first = items(vec![9, 8, 7]);
        assert_eq!((first.items, first.next.as_deref()), (vec![9, 8], Some("8~n")));
        assert_eq!(items(vec![7]).next, None);
    }

    #[test]
    fn pages_of_another_book_are_refused() {
        let book = "0123456789abcdef0123";
        let next = OfferAfter(offers_next(book, 50));
        assert_eq!(offers_from(Some(&next), book).unwrap(), 50);
        assert!(offers_from(Some(&next), "ffff").is_err());
    }
}
