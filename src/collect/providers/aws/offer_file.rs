//! Reads an AWS offer file of any size as it arrives.
//!
//! An offer file lists products first and the terms that price them after, and EC2's is gigabytes long. Of the products
//! only those that the caller selects are kept, in the caller's own compact form; everything else is read past. Memory
//! is what is kept plus one product, one term and the reader's buffer.
//!
//! The order of the keys is not relied upon: where a `terms` section comes before `products`, its prices are skipped
//! and [`Outcome::TermsFirst`] tells the caller to read the file once more with what this pass kept.

use super::product::{Key, Product, ProductSeed, Term, TermKind, TermSeed, Text};
use super::string_guard::StringGuard;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufReader, Read};

/// Bytes read at once.
pub const BUFFER_BYTES: usize = 1 << 16;
/// Products kept at most; AWS sells about 30,000 Linux machine types times regions.
const KEPT_MAX: usize = 500_000;

/// What the caller does with a file.
pub trait Visit {
    /// The compact form in which a selected product is kept until its terms arrive.
    type Kept;

    /// Whether to keep a product, and as what.
    fn select(&mut self, product: &Product) -> Option<Self::Kept>;

    /// A term of a selected product.
    fn term(&mut self, kept: &Self::Kept, term: &Term);
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// `AmazonEC2`, ...
    pub offer_code: String,
    /// Version of the file.
    pub version: String,
    /// When it was published.
    pub published: String,
}

/// How a pass over a file ended.
#[derive(Debug)]
pub enum Outcome<K> {
    /// All terms were seen with all products known.
    Complete(Header),
    /// Terms came before products: read the file again with these.
    TermsFirst(Products<K>),
}

/// Selected products by SKU.
pub type Products<K> = BTreeMap<Box<str>, K>;

/// Reads a file. `known` is empty on the first pass and what [`Outcome::TermsFirst`] held on the second.
///
/// # Errors
/// When the bytes cannot be read, are not JSON, end early, are not an offer file, or hold a string or a number of
/// products that no real file has. Terms seen before the error were passed on already: the caller must not use them.
pub fn read<V: Visit>(
    reader: impl Read,
    known: Products<V::Kept>,
    visit: &mut V,
) -> Result<Outcome<V::Kept>, serde_json::Error> {
    let buffered = BufReader::with_capacity(BUFFER_BYTES, StringGuard::new(reader));
    let mut json = serde_json::Deserializer::from_reader(buffered);
    let second_pass = !known.is_empty();
    let mut file = File { visit, products: known, header: Header::default(), second_pass, seen: Seen::default() };
    FileSeed(&mut file).deserialize(&mut json)?;
    json.end()?;
    if !(file.seen.products && file.seen.terms) {
        return Err(serde_json::Error::custom("this is no offer file: it lacks `products` or `terms`"));
    }
    if file.seen.terms_unread && !second_pass {
        return Ok(Outcome::TermsFirst(file.products));
    }
    Ok(Outcome::Complete(file.header))
}

#[derive(Debug, Default)]
struct Seen {
    products: bool,
    terms: bool,
    /// Terms went by before the products were known.
    terms_unread: bool,
}

struct File<'v, V: Visit> {
    visit: &'v mut V,
    products: Products<V::Kept>,
    header: Header,
    second_pass: bool,
    seen: Seen,
}

enum Section {
    OfferCode,
    Version,
    Published,
    Products,
    Terms,
    Other,
}

impl Section {
    fn of(key: &str) -> Self {
        match key {
            "offerCode" => Self::OfferCode,
            "version" => Self::Version,
            "publicationDate" => Self::Published,
            "products" => Self::Products,
            "terms" => Self::Terms,
            _ => Self::Other,
        }
    }
}

/// Implements the two traits that walk an object; `$each` reads its entries.
macro_rules! walk {
    ($seed:ident <$($life:lifetime),+>, $what:literal, |$self:ident, $map:ident| $each:block) => {
        impl<'de, V: Visit> DeserializeSeed<'de> for $seed<$($life),+, V> {
            type Value = ();
            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                deserializer.deserialize_map(self)
            }
        }

        impl<'de, V: Visit> Visitor<'de> for $seed<$($life),+, V> {
            type Value = ();
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($what)
            }
            fn visit_map<A: MapAccess<'de>>($self, mut $map: A) -> Result<(), A::Error> $each
        }
    };
}

struct FileSeed<'f, 'v, V: Visit>(&'f mut File<'v, V>);

walk!(FileSeed<'_, '_>, "an offer file", |self, map| {
    let file = self.0;
    while let Some(section) = map.next_key_seed(Key(Section::of))? {
        match section {
            Section::OfferCode => map.next_value_seed(Text(&mut file.header.offer_code))?,
            Section::Version => map.next_value_seed(Text(&mut file.header.version))?,
            Section::Published => map.next_value_seed(Text(&mut file.header.published))?,
            Section::Products => {
                if std::mem::replace(&mut file.seen.products, true) {
                    return Err(A::Error::custom("`products` is there twice"));
                }
                if file.second_pass {
                    map.next_value::<IgnoredAny>()?;
                } else {
                    map.next_value_seed(ProductsSeed(file))?;
                }
            }
            Section::Terms => {
                if std::mem::replace(&mut file.seen.terms, true) {
                    return Err(A::Error::custom("`terms` is there twice"));
                }
                if file.seen.products || file.second_pass {
                    map.next_value_seed(TermsSeed(file))?;
                } else {
                    file.seen.terms_unread = true;
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Section::Other => drop(map.next_value::<IgnoredAny>()?),
        }
    }
    Ok(())
});

struct ProductsSeed<'f, 'v, V: Visit>(&'f mut File<'v, V>);

walk!(ProductsSeed<'_, '_>, "products by SKU", |self, map| {
    let file = self.0;
    let mut product = Product::default();
    let mut sku = String::new();
    while map
        .next_key_seed(Key(|key: &str| {
            sku.clear();
            sku.push_str(key);
        }))?
        .is_some()
    {
        map.next_value_seed(ProductSeed(&mut product))?;
        if let Some(kept) = file.visit.select(&product) {
            if file.products.len() >= KEPT_MAX {
                return Err(A::Error::custom(format_args!("more than {KEPT_MAX} products are of interest")));
            }
            file.products.insert(sku.as_str().into(), kept);
        }
    }
    Ok(())
});

struct TermsSeed<'f, 'v, V: Visit>(&'f mut File<'v, V>);

walk!(TermsSeed<'_, '_>, "terms by kind", |self, map| {
    let file = self.0;
    while let Some(kind) = map.next_key_seed(Key(|key: &str| match key {
        "OnDemand" => Some(TermKind::OnDemand),
        "Reserved" => Some(TermKind::Reserved),
        _ => None,
    }))? {
        match kind {
            Some(kind) => map.next_value_seed(TermsOfKindSeed(file, kind))?,
            None => drop(map.next_value::<IgnoredAny>()?),
        }
    }
    Ok(())
});

struct TermsOfKindSeed<'f, 'v, V: Visit>(&'f mut File<'v, V>, TermKind);

walk!(TermsOfKindSeed<'_, '_>, "terms by SKU", |self, map| {
    let Self(file, kind) = self;
    let mut term = Term { kind, ..Term::default() };
    let products = &file.products;
    while let Some(kept) = map.next_key_seed(Key(|sku: &str| products.get(sku)))? {
        match kept {
            Some(kept) => map.next_value_seed(TermsOfProductSeed(file.visit, kept, &mut term))?,
            None => drop(map.next_value::<IgnoredAny>()?),
        }
    }
    Ok(())
});

struct TermsOfProductSeed<'f, 'p, V: Visit>(&'f mut V, &'p V::Kept, &'p mut Term);

walk!(TermsOfProductSeed<'_, '_>, "terms by SKU and term code", |self, map| {
    let Self(visit, kept, term) = self;
    while map.next_key::<IgnoredAny>()?.is_some() {
        map.next_value_seed(TermSeed(term))?;
        visit.term(kept, term);
    }
    Ok(())
});
