//! Where in a book an ask's price stands.

use super::{Ask, Refusal};
use crate::catalog::{PriceBook, ProviderId, RegionId, Unit};
use crate::units::{Money, Purchase};
use std::collections::HashMap;

/// Where the price of an ask stands in the book it was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// A machine: ordinal in [`PriceBook::compute`].
    Machine(usize, Purchase),
    /// A managed tier: ordinal in [`PriceBook::managed`].
    Managed(usize),
}

impl Key {
    fn region(self, book: &PriceBook) -> RegionId {
        match self {
            Self::Machine(at, _) => book.compute[at].region,
            Self::Managed(at) => book.managed[at].region,
        }
    }

    pub fn provider(self, book: &PriceBook) -> ProviderId {
        book.region(self.region(book)).provider
    }

    pub fn purchase(self) -> Purchase {
        match self {
            Self::Machine(_, purchase) => purchase,
            Self::Managed(_) => Purchase::OnDemand,
        }
    }

    /// The same offer, bought otherwise.
    pub fn bought(self, purchase: Purchase) -> Self {
        match self {
            Self::Machine(at, _) => Self::Machine(at, purchase),
            Self::Managed(_) => self,
        }
    }

    /// The book's own price.
    pub fn price(self, book: &PriceBook) -> Option<Money> {
        match self {
            Self::Machine(at, purchase) => book.compute[at].usd_hour[purchase as usize],
            Self::Managed(at) => Some(book.managed[at].price.usd),
        }
    }
}

/// The offers of a book by name.
#[derive(Clone, Debug)]
pub(super) struct Index {
    providers: HashMap<String, HashMap<String, HashMap<String, Key>>>,
}

impl Index {
    pub fn of(book: &PriceBook) -> Self {
        let mut providers: HashMap<String, HashMap<String, HashMap<String, Key>>> =
            book.providers.iter().map(|provider| (provider.name.clone(), HashMap::new())).collect();
        for region in &book.regions {
            let name = &book.providers[usize::from(region.provider.0)].name;
            providers.entry(name.clone()).or_default().insert(region.code.clone(), HashMap::new());
        }
        let mut insert = |region: RegionId, offer: String, key: Key| {
            let (provider, code) = (&book.provider_of(region).name, &book.region(region).code);
            let here = providers.get_mut(provider).and_then(|regions| regions.get_mut(code));
            if let Some(here) = here {
                here.insert(offer, key);
            }
        };
        for (at, offer) in book.managed.iter().enumerate() {
            insert(offer.region, offer.name(), Key::Managed(at));
        }
        for (at, offer) in book.compute.iter().enumerate() {
            insert(offer.region, book.shape(offer.shape).name.clone(), Key::Machine(at, Purchase::OnDemand));
        }
        Self { providers }
    }

    /// Where the price of an ask stands.
    pub fn key(&self, ask: &Ask) -> Result<Key, Refusal> {
        let unknown = |what, name: &str| Refusal::Unknown { what, name: name.to_owned() };
        let regions = self.providers.get(&ask.provider).ok_or_else(|| unknown("provider", &ask.provider))?;
        let offers = regions.get(&ask.region).ok_or_else(|| unknown("region", &ask.region))?;
        let key = *offers.get(&ask.offer).ok_or_else(|| unknown("offer", &ask.offer))?;
        match (key, ask.purchase) {
            (Key::Managed(_), purchase) if purchase != Purchase::OnDemand => {
                Err(Refusal::NotSoldAs { offer: ask.offer.clone(), purchase })
            }
            (key, purchase) => Ok(key.bought(purchase)),
        }
    }

    /// What stands there, by name.
    pub fn ask(book: &PriceBook, key: Key) -> Ask {
        let region = key.region(book);
        let offer = match key {
            Key::Machine(at, _) => book.shape(book.compute[at].shape).name.clone(),
            Key::Managed(at) => book.managed[at].name(),
        };
        Ask {
            provider: book.provider_of(region).name.clone(),
            region: book.region(region).code.clone(),
            offer,
            purchase: key.purchase(),
        }
    }

    /// Whether an offer has a price per hour.
    pub fn is_hourly(book: &PriceBook, key: Key) -> bool {
        match key {
            Key::Machine(..) => true,
            Key::Managed(at) => book.managed[at].price.unit == Unit::Hour,
        }
    }
}
