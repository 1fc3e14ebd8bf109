//! Reads a file that has no fault, and nothing else: its shape is judged while its types are made, and where things
//! stand is not remembered.
//!
//! Whatever is not in order ends it without a word; the file is then read again in the way that finds every fault
//! (`form.rs`). Invariant: what is read here is read there, too, and the same comes of it. (Nothing is lost where this
//! way refuses what the other takes, but time.)

use super::number::parse_decimal;
use super::schema::SHAPE;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::LazyLock;
use toml::Spanned;
use toml::de::{DeArray, DeInteger, DeTable, DeValue};
use toml::map::Iter;

/// The shape of an application's file.
pub(super) static APP: LazyLock<Shape> = LazyLock::new(|| Shape::of(&SHAPE));

/// What a schema takes, by the type of a value; `None`: nothing of that type. (See [`super::shape`] for what is
/// understood of a schema.)
#[derive(Debug, Default)]
pub(super) struct Shape {
    boolean: bool,
    number: Option<Number>,
    text: Option<Text>,
    list: Option<Box<List>>,
    table: Option<Table>,
}

/// A number with so many digits after the point, and its bounds, scaled by them.
#[derive(Debug)]
struct Number {
    digits: u32,
    bounds: RangeInclusive<i128>,
}

/// One of some words; any text when there are none. Its characters are counted.
#[derive(Debug)]
struct Text {
    words: Vec<String>,
    chars: RangeInclusive<usize>,
}

#[derive(Debug)]
struct List {
    items: RangeInclusive<usize>,
    of: Shape,
}

#[derive(Debug)]
struct Table {
    /// Ascending by key: what its value is like, and whether it must be there.
    keys: Vec<(String, Shape, bool)>,
    /// How many must be there.
    required: usize,
}

impl Shape {
    fn of(schema: &Value) -> Self {
        let mut shape = Self::default();
        // Of two variants of one type the first is meant.
        for variant in super::shape::variants(schema) {
            match super::shape::type_of(variant) {
                "boolean" => shape.boolean = true,
                "integer" | "number" => {
                    shape.number.get_or_insert_with(|| Number::of(variant));
                }
                "array" => {
                    shape.list.get_or_insert_with(|| {
                        let items = bounds(variant, ["minItems", "maxItems"]);
                        Box::new(List { items, of: Self::of(&variant["items"]) })
                    });
                }
                "object" => {
                    shape.table.get_or_insert_with(|| Table::of(variant));
                }
                _ => {
                    shape.text.get_or_insert_with(|| Text {
                        words: super::shape::words(variant).into_iter().map(str::to_owned).collect(),
                        chars: bounds(variant, ["minLength", "maxLength"]),
                    });
                }
            }
        }
        shape
    }

    /// Reads a file of this shape.
    pub fn read<'de, F: de::Deserialize<'de>>(&'de self, root: &'de DeTable<'_>) -> Option<F> {
        let table = self.table.as_ref()?;
        F::deserialize(TableReader { shape: table, table: root }).ok()
    }
}

fn bounds(schema: &Value, [least, most]: [&str; 2]) -> RangeInclusive<usize> {
    let bound = |key: &str| schema[key].as_u64().and_then(|bound| usize::try_from(bound).ok());
    bound(least).unwrap_or(0)..=bound(most).unwrap_or(usize::MAX)
}

impl Number {
    fn of(schema: &Value) -> Self {
        let digits = super::shape::digits(schema);
        let bound = |key: &str| schema[key].as_i64().map(|bound| i128::from(bound) * 10_i128.pow(digits));
        let only = bound("const");
        let least = only.or(bound("minimum")).max(bound("exclusiveMinimum").map(|bound| bound + 1));
        let most = only.or(bound("maximum"));
        Self { digits, bounds: least.unwrap_or(i128::MIN)..=most.unwrap_or(i128::MAX) }
    }

    fn admits(&self, scaled: i64) -> bool {
        self.bounds.contains(&i128::from(scaled))
    }

    /// A whole number as it is written in plain figures.
    fn whole(&self, number: &DeInteger<'_>) -> Result<i64, Refused> {
        let whole: i64 = number.as_str().parse().ok().filter(|_| number.radix() == 10).ok_or(Refused)?;
        let scaled = 10_i64.checked_pow(self.digits).and_then(|unit| whole.checked_mul(unit));
        scaled.filter(|&scaled| self.admits(scaled)).map(|_| whole).ok_or(Refused)
    }
}

impl Text {
    fn admits(&self, text: &str) -> bool {
        (self.words.is_empty() || self.words.iter().any(|word| word == text))
            && self.chars.contains(&text.chars().count())
    }
}

impl Table {
    fn of(schema: &Value) -> Self {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let properties = schema["properties"].as_object().into_iter().flatten();
        let key = |(key, schema): (&String, &Value)| (key.clone(), Shape::of(schema), required.contains(&key.as_str()));
        let mut keys: Vec<(String, Shape, bool)> = properties.map(key).collect();
        keys.sort_unstable_by(|(a, ..), (b, ..)| a.cmp(b));
        // A key that must be there and is not known is never there.
        Self { keys, required: required.len() }
    }

    fn find(&self, key: &str) -> Option<(&Shape, bool)> {
        let at = self.keys.binary_search_by(|(known, ..)| known.as_str().cmp(key)).ok()?;
        let (_, shape, required) = &self.keys[at];
        Some((shape, *required))
    }
}

/// There is a fault, or something that this way does not read.
#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not in order")
    }
}

impl std::error::Error for Refused {}

impl de::Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// A value and what it must be like.
struct Reader<'de, 'i> {
    shape: &'de Shape,
    value: &'de DeValue<'i>,
}

impl<'de> Reader<'de, '_> {
    fn text(&self) -> Result<&'de str, Refused> {
        match (self.value, &self.shape.text) {
            (DeValue::String(text), Some(shape)) if shape.admits(text) => Ok(text),
            _ => Err(Refused),
        }
    }
}

impl<'de> Deserializer<'de> for Reader<'de, '_> {
    type Error = Refused;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match (self.value, self.shape) {
            (DeValue::String(_), _) => visitor.visit_borrowed_str(self.text()?),
            (DeValue::Integer(number), Shape { number: Some(shape), .. }) => visitor.visit_i64(shape.whole(number)?),
            (DeValue::Float(number), Shape { number: Some(shape), .. }) => {
                let scaled = parse_decimal(number.as_str(), shape.digits).map_err(|_| Refused)?;
                if shape.admits(scaled) { visitor.visit_borrowed_str(number.as_str()) } else { Err(Refused) }
            }
            (DeValue::Boolean(value), Shape { boolean: true, .. }) => visitor.visit_bool(*value),
            (DeValue::Array(items), Shape { list: Some(shape), .. }) if shape.items.contains(&items.len()) => {
                visitor.visit_seq(ListReader { shape: &shape.of, items, next: 0 })
            }
            (DeValue::Table(table), Shape { table: Some(shape), .. }) => {
                TableReader { shape, table }.deserialize_any(visitor)
            }
            _ => Err(Refused),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_enum(BorrowedStrDeserializer::new(self.text()?))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct ListReader<'de, 'i> {
    shape: &'de Shape,
    items: &'de DeArray<'i>,
    next: usize,
}

impl<'de> SeqAccess<'de> for ListReader<'de, '_> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refused> {
        let Some(item) = self.items.get(self.next) else { return Ok(None) };
        self.next += 1;
        seed.deserialize(Reader { shape: self.shape, value: item.get_ref() }).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len() - self.next)
    }
}

/// A table and what it must be like.
struct TableReader<'de, 'i> {
    shape: &'de Table,
    table: &'de DeTable<'i>,
}

impl<'de> Deserializer<'de> for TableReader<'de, '_> {
    type Error = Refused;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let Self { shape, table } = self;
        visitor.visit_map(EntryReader { shape, entries: table.iter(), missing: shape.required, value: None })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The entries of a table.
struct EntryReader<'de, 'i> {
    shape: &'de Table,
    entries: Iter<'de, Spanned<Cow<'i, str>>, Spanned<DeValue<'i>>>,
    /// How many keys must still come.
    missing: usize,
    value: Option<Reader<'de, 'i>>,
}

impl<'de> MapAccess<'de> for EntryReader<'de, '_> {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refused> {
        let Some((key, value)) = self.entries.next() else {
            return if self.missing == 0 { Ok(None) } else { Err(Refused) };
        };
        let key: &'de str = key.get_ref();
        let (shape, required) = self.shape.find(key).ok_or(Refused)?;
        self.missing -= usize::from(required);
        self.value = Some(Reader { shape, value: value.get_ref() });
        seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Refused> {
        seed.deserialize(self.value.take().ok_or(Refused)?)
    }
}
