//! What is left of every component, as far as prices ask: gathered in one pass over its values.

use super::codes::Codes;
use super::model::Part;
use crate::problem::PlaceId;

/// In how many zones values are active, as bits: none (a regional service), one, several.
pub(super) const REGIONAL: u8 = 1;
pub(super) const ONE_ZONE: u8 = 2;
pub(super) const ZONES: u8 = 4;

/// What the values of a component have in them; every list without repetition.
#[derive(Default)]
pub(super) struct Left {
    /// Classes of own allowances.
    pub owns: Vec<usize>,
    /// Signatures, each with the provider that its values are at.
    pub signatures: Vec<(usize, usize)>,
    /// By provider: least and most that is pooled there, in micro-GB; least above most where it cannot be.
    pub pools: Vec<(i64, i64)>,
    pub providers: Vec<usize>,
    pub places: Vec<PlaceId>,
    /// By place: zones, as bits; 0 where it cannot be.
    pub zones: Vec<u8>,
    /// Classes of own allowances with classes of places; empty without codes.
    pub keys: Vec<(usize, usize)>,
    /// Classes of places, each with its only place; `None`: several.
    pub classes: Vec<(usize, Option<PlaceId>)>,
    seen: Seen,
}

/// What was met already.
#[derive(Default)]
struct Seen {
    signatures: Vec<bool>,
    keys: Vec<bool>,
    /// By class of places: where it stands in the list.
    classes: Vec<usize>,
}

impl Left {
    /// Looks at a domain.
    pub fn look(&mut self, part: &Part, domain: &[usize], codes: Option<&Codes>, (places, providers): (usize, usize)) {
        let classes = codes.map_or(0, |codes| codes.classes);
        self.clear(part, classes, (places, providers));
        let codes = codes.filter(|codes| codes.classes > 0);
        let mut last = (PlaceId::MAX, usize::MAX);
        for &v in domain {
            let value = &part.values[v];
            let zones = [REGIONAL, ONE_ZONE, ZONES][usize::from(value.zones.min(2))];
            let pool = &mut self.pools[value.provider];
            *pool = (pool.0.min(value.pooled), pool.1.max(value.pooled));
            let here = &mut self.zones[value.place];
            let fresh = *here == 0;
            *here |= zones;
            if fresh {
                self.places.push(value.place);
            }
            // Neighbours are at one place, where an allowance says the rest.
            if std::mem::replace(&mut last, (value.place, value.class)) == last {
                continue;
            }
            let signed = &mut self.seen.signatures[value.signature * providers + value.provider];
            if !std::mem::replace(signed, true) {
                self.signatures.push((value.signature, value.provider));
            }
            if !self.owns.contains(&value.class) {
                self.owns.push(value.class);
            }
            if let Some(codes) = codes {
                self.note_class((value.class, codes.at(value.place)), (value.place, fresh), classes);
            }
        }
        self.providers.extend((0..providers).filter(|&p| self.pools[p].0 <= self.pools[p].1));
    }

    fn note_class(&mut self, key: (usize, usize), (place, fresh): (PlaceId, bool), classes: usize) {
        if !std::mem::replace(&mut self.seen.keys[key.0 * classes + key.1], true) {
            self.keys.push(key);
        }
        let at = &mut self.seen.classes[key.1];
        if *at == usize::MAX {
            *at = self.classes.len();
            self.classes.push((key.1, Some(place)));
        } else if fresh {
            self.classes[*at].1 = None;
        }
    }

    fn clear(&mut self, part: &Part, classes: usize, (places, providers): (usize, usize)) {
        let lists = [&mut self.owns, &mut self.providers, &mut self.places];
        lists.into_iter().for_each(Vec::clear);
        self.signatures.clear();
        self.keys.clear();
        self.classes.clear();
        reset(&mut self.pools, providers, (i64::MAX, i64::MIN));
        reset(&mut self.zones, places, 0);
        reset(&mut self.seen.signatures, part.signatures.len() * providers, false);
        reset(&mut self.seen.keys, part.owns.len() * classes, false);
        reset(&mut self.seen.classes, classes, usize::MAX);
    }
}

fn reset<T: Clone>(list: &mut Vec<T>, len: usize, item: T) {
    list.clear();
    list.resize(len, item);
}
