//! The plain pairwise form, read straight into flat tables: no tree of values is built, a cell is a number as soon as its
//! text was seen.

use super::number::{Integer, Ordinal};
use super::{FileError, parse};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::HashMap;
use std::fmt;

/// Stands for `null`: this place, or this pair of places, is not allowed.
pub const FORBIDDEN: i64 = i64::MAX;

/// Limits of the form. The largest size of each component's costs and of each pair's table, added up, is at most
/// [`SUM_MAX`], so that no sum of costs leaves 64 bits.
pub const COMPONENTS_MAX: usize = 100_000;
/// See [`COMPONENTS_MAX`].
pub const PLACES_MAX: usize = 10_000;
/// See [`COMPONENTS_MAX`].
pub const PAIRS_MAX: usize = 1_000_000;
/// Cells of all tables and all costs together: 1 GiB in memory.
pub const CELLS_MAX: usize = 1 << 27;
/// See [`COMPONENTS_MAX`].
pub const SUM_MAX: i64 = 1 << 58;

/// A table of a pair, `cost[place of a][place of b]`, rows one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The component of the rows.
    pub a: usize,
    /// The component of the columns.
    pub b: usize,
    /// Costs; [`FORBIDDEN`] where a pair of places is not allowed.
    pub cost: Vec<i64>,
}

/// A problem in the plain form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairwise {
    /// Number of places of every component.
    pub places: usize,
    /// Names of the components; `component N` where the document names none.
    pub names: Vec<String>,
    /// Per component, the cost of each place; [`FORBIDDEN`] where it is not allowed.
    pub unary: Vec<Vec<i64>>,
    /// Tables, at most one for two components.
    pub pairs: Vec<Table>,
}

pub(super) fn read(bytes: &[u8]) -> Result<Pairwise, FileError> {
    let mut form = Form::default();
    parse(bytes, Whole(&mut form))?;
    form.finish()
}

/// What was read so far. Members of the document may come in any order.
#[derive(Default)]
struct Form {
    /// Stated, or seen in the first row.
    places: Option<usize>,
    names: Vec<String>,
    unary: Option<Vec<Vec<i64>>>,
    pairs: Option<Vec<Table>>,
    cells: usize,
    /// Largest sizes added up.
    sum: i64,
}

impl Form {
    fn finish(self) -> Result<Pairwise, FileError> {
        let missing =
            |what: &str| FileError::said("", format!("the member `{what}` is missing (docs/problem-format.md)"));
        let unary = self.unary.ok_or_else(|| missing("components"))?;
        let pairs = self.pairs.ok_or_else(|| missing("pairs"))?;
        let places = self.places.ok_or_else(|| missing("places"))?;
        if unary.is_empty() {
            return Err(FileError::said("components", "there is no component to place"));
        }
        let mut seen: HashMap<(usize, usize), usize> = HashMap::with_capacity(pairs.len());
        for (ordinal, pair) in pairs.iter().enumerate() {
            let told = |what: String| Err(FileError::said(format!("pairs[{ordinal}]"), what));
            if let Some(c) = [pair.a, pair.b].into_iter().find(|&c| c >= unary.len()) {
                let last = unary.len() - 1;
                return told(format!("there is no component {c}: components are numbered 0 to {last}"));
            }
            if pair.a == pair.b {
                let c = pair.a;
                return told(format!("component {c} is paired with itself: add the diagonal to its `cost`"));
            }
            if let Some(first) = seen.insert((pair.a.min(pair.b), pair.a.max(pair.b)), ordinal) {
                let (a, b) = (pair.a, pair.b);
                return told(format!(
                    "components {a} and {b} were paired before, in pairs[{first}]: add the two tables up"
                ));
            }
        }
        Ok(Pairwise { places, names: self.names, unary, pairs })
    }

    /// Takes note of the number of places that something has.
    fn sized<E: Error>(&mut self, found: usize) -> Result<usize, E> {
        let places = *self.places.get_or_insert(found);
        if places == found {
            return Ok(places);
        }
        Err(E::custom(format!("there are {found} costs for {places} places")))
    }

    /// Makes sure that so many more cells are within the limit.
    fn take<E: Error>(&mut self, cells: usize) -> Result<(), E> {
        self.cells = self.cells.saturating_add(cells);
        if self.cells > CELLS_MAX {
            return Err(E::custom(format!("there are more than {CELLS_MAX} costs, the limit of this form")));
        }
        Ok(())
    }

    /// Adds the largest size among costs.
    fn weigh<E: Error>(&mut self, costs: &[i64]) -> Result<(), E> {
        let size = |&cost: &i64| if cost == FORBIDDEN { 0 } else { cost.abs() };
        self.sum = self.sum.saturating_add(costs.iter().map(size).max().unwrap_or(0));
        if self.sum > SUM_MAX {
            return Err(E::custom(format!(
                "costs could add up to more than {SUM_MAX} (2^58), the limit of this form: use a larger unit"
            )));
        }
        Ok(())
    }
}

const CELL: Integer = Integer { most: SUM_MAX, null: Some(FORBIDDEN) };

/// Implements the seed of a visitor that accepts one kind of value.
macro_rules! seed {
    ($name:ident, $value:ty, $method:ident) => {
        impl<'de> DeserializeSeed<'de> for $name<'_> {
            type Value = $value;
            fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
                from.$method(self)
            }
        }
    };
}

/// The whole document.
struct Whole<'a>(&'a mut Form);
seed!(Whole, (), deserialize_map);

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object with `places`, `components` and `pairs`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let form = self.0;
        let mut stated = false;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "places" if !stated => {
                    stated = true;
                    let places = map.next_value_seed(Ordinal { least: 1, most: PLACES_MAX })?;
                    if let Some(found) = form.places.filter(|found| *found != places) {
                        return Err(A::Error::custom(format!(
                            "{places} places are stated, but there are {found} costs"
                        )));
                    }
                    form.places = Some(places);
                }
                "components" if form.unary.is_none() => {
                    form.unary = Some(Vec::new());
                    map.next_value_seed(Components(form))?;
                }
                "pairs" if form.pairs.is_none() => {
                    form.pairs = Some(Vec::new());
                    map.next_value_seed(Pairs(form))?;
                }
                "places" | "components" | "pairs" => return Err(twice(&key)),
                "name" | "comment" => drop(map.next_value::<IgnoredAny>()?),
                _ => return Err(unknown(&key, "places, components, pairs, name, comment")),
            }
        }
        if stated { Ok(()) } else { Err(A::Error::custom("the member `places` is missing")) }
    }
}

fn twice<E: Error>(key: &str) -> E {
    E::custom(format!("the member `{key}` is given twice"))
}

fn unknown<E: Error>(key: &str, known: &str) -> E {
    E::custom(format!(
        "the plain pairwise form has no member `{}` here, and leaving it out could change the problem; it has {known}",
        super::shown(key)
    ))
}

struct Components<'a>(&'a mut Form);
seed!(Components, (), deserialize_seq);

impl<'de> Visitor<'de> for Components<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list of components")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some((name, costs)) = list.next_element_seed(Component(self.0))? {
            let form = &mut *self.0;
            let ordinal = form.names.len();
            if ordinal == COMPONENTS_MAX {
                return Err(A::Error::custom(format!("there are more than {COMPONENTS_MAX} components")));
            }
            form.names.push(name.unwrap_or_else(|| format!("component {ordinal}")));
            form.unary.get_or_insert_default().push(costs);
        }
        Ok(())
    }
}

struct Component<'a>(&'a mut Form);
seed!(Component, (Option<String>, Vec<i64>), deserialize_map);

impl<'de> Visitor<'de> for Component<'_> {
    type Value = (Option<String>, Vec<i64>);

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a component: an object with `name` and `cost`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut name, mut costs) = (None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "name" if name.is_none() => name = Some(map.next_value::<String>()?),
                "cost" if costs.is_none() => {
                    let mut row = Vec::with_capacity(self.0.places.unwrap_or(0));
                    map.next_value_seed(Row { form: self.0, into: &mut row })?;
                    costs = Some(row);
                }
                "name" | "cost" => return Err(twice(&key)),
                _ => return Err(unknown(&key, "name, cost")),
            }
        }
        let costs = costs.ok_or_else(|| A::Error::custom("the component has no `cost`"))?;
        self.0.weigh(&costs)?;
        Ok((name, costs))
    }
}

/// A list of as many integers as there are places, appended.
struct Row<'a> {
    form: &'a mut Form,
    into: &'a mut Vec<i64>,
}
seed!(Row, (), deserialize_seq);

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list with an integer or null for each place")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let start = self.into.len();
        let most = self.form.places.unwrap_or(PLACES_MAX);
        while let Some(cost) = list.next_element_seed(CELL)? {
            if self.into.len() - start == most {
                return Err(A::Error::custom(format!("there are more than {most} costs for {most} places")));
            }
            self.into.push(cost);
        }
        let places = self.form.sized(self.into.len() - start)?;
        if places == 0 {
            return Err(A::Error::custom("there must be at least one place"));
        }
        self.form.take(places)
    }
}

struct Pairs<'a>(&'a mut Form);
seed!(Pairs, (), deserialize_seq);

impl<'de> Visitor<'de> for Pairs<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list of pairs")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut count = 0;
        while let Some(table) = list.next_element_seed(Pair(self.0))? {
            if count == PAIRS_MAX {
                return Err(A::Error::custom(format!("there are more than {PAIRS_MAX} pairs, the limit of this form")));
            }
            count += 1;
            self.0.pairs.get_or_insert_default().push(table);
        }
        Ok(())
    }
}

struct Pair<'a>(&'a mut Form);
seed!(Pair, Table, deserialize_map);

impl<'de> Visitor<'de> for Pair<'_> {
    type Value = Table;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a pair: an object with `a`, `b` and `cost`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Table, A::Error> {
        let (mut a, mut b, mut cost) = (None, None, None);
        let ordinal = Ordinal { least: 0, most: COMPONENTS_MAX - 1 };
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "a" if a.is_none() => a = Some(map.next_value_seed(ordinal)?),
                "b" if b.is_none() => b = Some(map.next_value_seed(ordinal)?),
                "cost" if cost.is_none() => cost = Some(map.next_value_seed(Rows(self.0))?),
                "a" | "b" | "cost" => return Err(twice(&key)),
                _ => return Err(unknown(&key, "a, b, cost")),
            }
        }
        let missing = |what: &str| A::Error::custom(format!("the pair has no `{what}`"));
        let cost = cost.ok_or_else(|| missing("cost"))?;
        self.0.weigh(&cost)?;
        Ok(Table { a: a.ok_or_else(|| missing("a"))?, b: b.ok_or_else(|| missing("b"))?, cost })
    }
}

/// As many rows as there are places.
struct Rows<'a>(&'a mut Form);
seed!(Rows, Vec<i64>, deserialize_seq);

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = Vec<i64>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list of rows, one for each place of `a`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<i64>, A::Error> {
        let room = self.0.places.map_or(0, |places| places * places);
        let mut cost = Vec::with_capacity(room.min(CELLS_MAX - self.0.cells));
        let mut rows = 0;
        while list.next_element_seed(Row { form: self.0, into: &mut cost })?.is_some() {
            rows += 1;
            let places = self.0.places.unwrap_or(rows);
            if rows > places {
                return Err(A::Error::custom(format!("there are more than {places} rows for {places} places")));
            }
        }
        match self.0.places {
            Some(places) if places != rows => {
                Err(A::Error::custom(format!("there are {rows} rows for {places} places")))
            }
            _ => Ok(cost),
        }
    }
}
