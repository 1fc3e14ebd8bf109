//! A price that can be moved: which figures of a problem it stands behind, and the problem with another figure there.
//!
//! A knob is turned in nano-dollars of its unit. An offer's monthly cap moves in proportion to its hourly price (rounded
//! up), and the other way round where the cap is what is paid: providers state the two together.

use crate::catalog::{RegionId, Unit};
use crate::problem::lower::Loose;
use crate::problem::{Bill, ChargeItem, Choice, Line, LineItem, PlaceId, Problem, Route, Routes, capped_cost};
use crate::units::{Money, Purchase, Quantity};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a knob moves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dial {
    /// The price of an offer in a region, for every component.
    Offer {
        /// Where.
        place: PlaceId,
        /// Its name.
        offer: String,
        /// How it is bought.
        purchase: Purchase,
        /// The charge: machines or a managed tier.
        item: ChargeItem,
        /// Whether the monthly cap is what is turned, because it is what is paid.
        by_cap: bool,
    },
    /// What a charge is for, in a region, where it has this price now.
    Charge {
        /// Where; `None`: everywhere (people).
        place: Option<PlaceId>,
        /// For what.
        item: ChargeItem,
    },
    /// What is charged once for all components in a region, like a NAT gateway.
    Shared {
        /// Where.
        place: PlaceId,
        /// For what.
        item: ChargeItem,
    },
    /// A provider's price per GB between its zones or between its regions, wherever it is this now.
    Flat {
        /// Ordinal of the provider.
        provider: usize,
        /// Between zones of a region (else between regions).
        zones: bool,
    },
    /// A step of a provider's internet egress, wherever the step begins here and has this price now.
    Egress {
        /// Ordinal of the provider.
        provider: usize,
        /// Where the step begins.
        from: Quantity,
    },
}

/// A price that can be moved, and what it is now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Knob {
    /// What it moves.
    pub dial: Dial,
    /// Its price now, per unit (a monthly cap: per unit of the offer and month).
    pub now: Money,
    /// What a unit is.
    pub unit: Unit,
}

/// `amount x numerator / denominator`, rounded up.
fn proportional(amount: Money, numerator: Money, denominator: Money) -> Money {
    let exact = i128::from(amount.nanos()) * i128::from(numerator.nanos());
    let by = i128::from(denominator.nanos());
    Money::from_nanos(i64::try_from(-(-exact).div_euclid(by)).unwrap_or(i64::MAX))
}

impl Knob {
    /// The price behind a line of a bill; `None` for what has no price or cannot be moved on its own.
    #[must_use]
    pub fn of_line(problem: &Problem, picked: &[&Choice], line: &Line) -> Option<Self> {
        let price = line.price?;
        let knob = |dial| Some(Self { dial, now: price.usd, unit: price.unit });
        match line.item {
            LineItem::Charge(item @ (ChargeItem::Compute | ChargeItem::Managed)) => {
                Self::of_choice(picked[line.component?], item)
            }
            LineItem::Charge(ChargeItem::Operator) => knob(Dial::Charge { place: None, item: ChargeItem::Operator }),
            LineItem::Charge(item) => knob(Dial::Charge { place: Some(line.place), item }),
            LineItem::Shared(item) => knob(Dial::Shared { place: line.place, item }),
            LineItem::TransferZone | LineItem::TransferRegion => {
                let provider = problem.places[line.place].provider;
                knob(Dial::Flat { provider, zones: line.item == LineItem::TransferZone })
            }
            LineItem::EgressIncluded => None,
            LineItem::Egress { step } => {
                let flow = &problem.flows[line.flow?];
                let from = picked[flow.from].place;
                let route = match flow.to {
                    crate::problem::FlowTo::Internet(class) => problem.internet[class][from],
                    crate::problem::FlowTo::Component(to) => problem.route(from, picked[to].place),
                };
                let Route::Metered(ladder) = route else { return None };
                let ladder = &problem.ladders[ladder];
                knob(Dial::Egress { provider: ladder.meter, from: ladder.steps[step].from })
            }
        }
    }

    /// The price of the machines or the managed tier of a choice.
    #[must_use]
    pub fn of_choice(choice: &Choice, item: ChargeItem) -> Option<Self> {
        let charge = choice.charges.iter().find(|charge| charge.item == item)?;
        let cap = charge.cap.filter(|&cap| charge.price.usd.times(charge.quantity) > cap);
        let dial = |by_cap| Dial::Offer {
            place: choice.place,
            offer: choice.offer.clone(),
            purchase: choice.purchase,
            item,
            by_cap,
        };
        Some(match cap {
            None => Self { dial: dial(false), now: charge.price.usd, unit: charge.price.unit },
            Some(cap) => Self { dial: dial(true), now: per_unit(cap, choice.count), unit: Unit::Month },
        })
    }

    /// The price of what a choice is: its machines or its tier; `None` for what is bought by several prices.
    #[must_use]
    pub fn of_offer(choice: &Choice) -> Option<Self> {
        Self::of_choice(choice, ChargeItem::Compute).or_else(|| Self::of_choice(choice, ChargeItem::Managed))
    }

    /// Every price that a bill rests on and that is above zero, each once, the dearest sums first.
    #[must_use]
    pub fn all(problem: &Problem, picked: &[&Choice], bill: &Bill) -> Vec<Self> {
        let mut sums: Vec<(Self, i64)> = Vec::new();
        for line in bill.lines.iter().filter(|line| line.cost > Money::ZERO) {
            let Some(knob) = Self::of_line(problem, picked, line) else { continue };
            match sums.iter_mut().find(|(known, _)| *known == knob) {
                Some((_, sum)) => *sum += line.cost.nanos(),
                None => sums.push((knob, line.cost.nanos())),
            }
        }
        sums.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        sums.into_iter().map(|(knob, _)| knob).collect()
    }

    /// What lowering must keep apart so that the problem stays complete when this price moves.
    pub fn loose(&self, region_of: impl Fn(PlaceId) -> RegionId) -> Option<Loose> {
        match &self.dial {
            Dial::Offer { place, offer, .. } => {
                Some(Loose::Offer { region: Some(region_of(*place)), offer: offer.clone() })
            }
            Dial::Charge { place, item } => Some(Loose::Item { region: place.map(region_of), item: *item }),
            // These prices are no part of any choice.
            Dial::Shared { .. } | Dial::Flat { .. } | Dial::Egress { .. } => None,
        }
    }

    /// Where in a problem, in which it is [`Self::now`], this price stands.
    fn spots(&self, problem: &Problem) -> Vec<Spot> {
        let now = |usd: Money| usd == self.now;
        match &self.dial {
            Dial::Offer { .. } | Dial::Charge { .. } => self.charges(problem),
            Dial::Shared { place, item } => {
                let here = |shared: &crate::problem::SharedCharge| {
                    shared.place == *place && shared.charge.item == *item && now(shared.charge.price.usd)
                };
                (0..problem.shared.len()).filter(|&at| here(&problem.shared[at])).map(Spot::Shared).collect()
            }
            Dial::Flat { provider, zones } => {
                let places = problem.places.len();
                let mine = |at: &usize| {
                    let (from, to) = (at / places, at % places);
                    matches!(problem.routes.at(*at), Route::Flat(price) if now(price.usd))
                        && problem.places[from].provider == *provider
                        && (from == to) == *zones
                };
                (0..problem.routes.len()).filter(mine).map(Spot::Route).collect()
            }
            Dial::Egress { provider, from } => {
                let steps =
                    |at: usize| problem.ladders[at].steps.iter().enumerate().map(move |(step, s)| (at, step, s));
                let mine = (0..problem.ladders.len()).filter(|&at| problem.ladders[at].meter == *provider);
                let mine = mine.flat_map(steps).filter(|(_, _, step)| step.from == *from && now(step.price.usd));
                mine.map(|(ladder, step, _)| Spot::Step { ladder, step }).collect()
            }
        }
    }

    fn charges(&self, problem: &Problem) -> Vec<Spot> {
        let mut spots = Vec::new();
        for (component, spec) in problem.components.iter().enumerate() {
            for (choice, c) in spec.choices.iter().enumerate() {
                for (charge, x) in c.charges.iter().enumerate() {
                    let cap = x.cap.map(|cap| per_unit(cap, c.count));
                    let mine = match &self.dial {
                        Dial::Offer { place, offer, purchase, item, by_cap } => {
                            (c.place, &c.offer, c.purchase, x.item) == (*place, offer, *purchase, *item)
                                && if *by_cap { cap == Some(self.now) } else { x.price.usd == self.now }
                        }
                        Dial::Charge { place, item } => {
                            place.is_none_or(|place| place == c.place) && x.item == *item && x.price.usd == self.now
                        }
                        Dial::Shared { .. } | Dial::Flat { .. } | Dial::Egress { .. } => false,
                    };
                    if mine {
                        spots.push(Spot::Charge { component, choice, charge, usd: x.price.usd, cap });
                    }
                }
            }
        }
        spots
    }
}

/// Where a price stands in a problem.
#[derive(Clone, Copy, Debug)]
enum Spot {
    /// A charge of a choice, with its price and its cap per unit of the offer as they are now.
    Charge {
        component: usize,
        choice: usize,
        charge: usize,
        usd: Money,
        cap: Option<Money>,
    },
    Shared(usize),
    /// A pair of places; in a [`Turned`] problem the kind of its route.
    Route(usize),
    Step {
        ladder: usize,
        step: usize,
    },
}

/// A problem in which one price can be set again and again.
pub struct Turned {
    /// The problem, with the price as it was set last.
    pub problem: Problem,
    spots: Vec<Spot>,
    /// Codes and kinds of the routes, the moved ones apart from those that only cost the same now.
    routes: (Vec<u32>, Vec<Route>),
    now: Money,
    by_cap: bool,
}

impl Turned {
    /// A problem in which the knob's price is as it is now.
    pub fn new(base: &Problem, knob: &Knob) -> Self {
        let by_cap = matches!(knob.dial, Dial::Offer { by_cap: true, .. });
        let spots = knob.spots(base);
        let (mut codes, mut kinds) = (base.routes.codes().to_vec(), base.routes.kinds().to_vec());
        let mut apart: BTreeMap<u32, u32> = BTreeMap::new();
        for spot in &spots {
            let Spot::Route(pair) = *spot else { continue };
            codes[pair] = *apart.entry(codes[pair]).or_insert_with_key(|&kind| {
                kinds.push(kinds[kind as usize]);
                u32::try_from(kinds.len() - 1).unwrap_or(u32::MAX)
            });
        }
        let mut spots: Vec<Spot> = spots.into_iter().filter(|spot| !matches!(spot, Spot::Route(_))).collect();
        spots.extend(apart.values().map(|&kind| Spot::Route(kind as usize)));
        Self { problem: base.clone(), spots, routes: (codes, kinds), now: knob.now, by_cap }
    }

    /// Sets the price.
    pub fn set(&mut self, to: Money) {
        let mut moved_routes = false;
        for &spot in &self.spots {
            match spot {
                Spot::Charge { component, choice, charge, usd, cap } => {
                    let choice = &mut self.problem.components[component].choices[choice];
                    let x = &mut choice.charges[charge];
                    x.price.usd = if self.by_cap { proportional(usd, to, self.now) } else { to };
                    let cap = cap.map(|cap| if self.by_cap { to } else { proportional(cap, to, self.now) });
                    x.cap = cap.map(|cap| Money::from_nanos(cap.nanos().saturating_mul(i64::from(choice.count))));
                    choice.cost = choice.charges.iter().map(|c| capped_cost(c.price, c.quantity, c.cap)).sum();
                }
                Spot::Shared(at) => Arc::make_mut(&mut self.problem.shared)[at].charge.price.usd = to,
                Spot::Route(at) => {
                    if let Route::Flat(price) = &mut self.routes.1[at] {
                        price.usd = to;
                    }
                    moved_routes = true;
                }
                Spot::Step { ladder, step } => {
                    Arc::make_mut(&mut self.problem.ladders)[ladder].steps[step].price.usd = to;
                }
            }
        }
        if moved_routes {
            self.problem.routes = Routes::new(self.routes.0.clone(), self.routes.1.clone());
        }
    }
}

/// The cap of one unit: caps of several machines are that many times the cap of one.
fn per_unit(cap: Money, count: u32) -> Money {
    Money::from_nanos(cap.nanos() / i64::from(count.max(1)))
}
