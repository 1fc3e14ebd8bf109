//! Lowering many applications against one book: what they have in common is made once.

use super::geo::{Geo, Here};
use super::network::Classes;
use super::{Draft, LowerError, Options};
use crate::app::{App, Locality};
use crate::catalog::{Place, PriceBook, RegionId, Rtt};
use crate::policy::Policy;
use crate::problem::Problem;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Sets of regions that are kept: each takes about a megabyte.
const GEOS_MAX: usize = 64;
/// Groups of users that are kept: each takes some kilobytes.
const USERS_MAX: usize = 2048;

/// Lowers applications against one price book. Cheap to make; meant to be shared by threads, since applications of one
/// organisation use the same regions and have their users in the same cities.
pub struct Lowerer<'a> {
    book: &'a PriceBook,
    classes: Classes,
    /// What each region means by itself.
    here: Vec<OnceLock<Here<'a>>>,
    geos: Mutex<HashMap<Vec<RegionId>, Arc<Geo<'a>>>>,
    users: Mutex<HashMap<(String, String), Arc<Users>>>,
}

/// Where an audience is.
pub(super) struct Users {
    pub place: Place,
    rtts: OnceLock<Vec<Rtt>>,
}

impl Users {
    /// Round-trip times to every region of the book.
    pub fn rtts(&self, book: &PriceBook) -> &[Rtt] {
        self.rtts.get_or_init(|| book.rtts_from_place(&self.place))
    }
}

impl<'a> Lowerer<'a> {
    /// For a book.
    #[must_use]
    pub fn new(book: &'a PriceBook) -> Self {
        Self {
            book,
            classes: Classes::of_book(book),
            here: book.regions.iter().map(|_| OnceLock::new()).collect(),
            geos: Mutex::default(),
            users: Mutex::default(),
        }
    }

    /// The book.
    #[must_use]
    pub fn book(&self) -> &'a PriceBook {
        self.book
    }

    /// Lowers an application: the whole problem, every choice with its charges.
    ///
    /// # Errors
    /// [`LowerError`] when names of the application are unknown to the book.
    pub fn lower(&self, app: &App, policy: &Policy, options: &Options) -> Result<Problem, LowerError> {
        Draft::of(self, app, policy, options, true).map(Draft::written)
    }

    /// Lowers an application as far as a solver looks: choices have what they cost, but neither names nor charges until
    /// [`Draft::write_out`] adds those that are wanted, and nobody counts the offers that are left out.
    ///
    /// # Errors
    /// As [`Self::lower`].
    pub fn draft<'x>(
        &'x self,
        app: &'x App,
        policy: &'x Policy,
        options: &'x Options,
    ) -> Result<Draft<'x>, LowerError> {
        Draft::of(self, app, policy, options, false)
    }

    pub(super) fn classes(&self) -> &Classes {
        &self.classes
    }

    /// What a region means by itself.
    pub(super) fn here(&self, region: RegionId) -> &Here<'a> {
        self.here[usize::from(region.0)].get_or_init(|| Here::of(self.book, region, &self.classes))
    }

    /// What a set of regions means.
    pub(super) fn geo(&self, regions: &[RegionId]) -> Arc<Geo<'a>> {
        if let Some(known) = self.geos.lock().unwrap_or_else(PoisonError::into_inner).get(regions) {
            return known.clone();
        }
        // Made outside of the lock; when two threads make the same, one of them is kept.
        let geo = Arc::new(Geo::of(self, regions));
        let mut geos = self.geos.lock().unwrap_or_else(PoisonError::into_inner);
        if geos.len() >= GEOS_MAX {
            geos.clear();
        }
        geos.entry(regions.to_vec()).or_insert(geo).clone()
    }

    /// Where an audience is, by the book's cities.
    pub(super) fn users(&self, locality: &Locality) -> Result<Arc<Users>, LowerError> {
        let key = match locality {
            Locality::City { name, country } => (name.clone(), country.clone().unwrap_or_default()),
            Locality::Point { lat, lon } => (format!("{:016x}", lat.to_bits()), format!("{:016x}", lon.to_bits())),
        };
        if let Some(known) = self.users.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(known.clone());
        }
        let made = Arc::new(Users { place: locate(self.book, locality)?, rtts: OnceLock::new() });
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if users.len() >= USERS_MAX {
            users.clear();
        }
        Ok(users.entry(key).or_insert(made).clone())
    }
}

fn locate(book: &PriceBook, locality: &Locality) -> Result<Place, LowerError> {
    match locality {
        Locality::Point { lat, lon } => Ok(book.place_at(*lat, *lon)),
        Locality::City { name, country } => book.find_city(name, country.as_deref()).map_err(|_| LowerError::Unknown {
            what: "city",
            name: name.clone(),
            as_of: book.as_of.clone(),
        }),
    }
}
