//! Packing: how many instances of each component, on which machines, at the least total price.
//!
//! A machine is one offer and carries at most one instance of a component. It is open to any of the components that fit
//! together; what they need adds up per resource and must stay within the offer's capacity. The model is that of the
//! SAGE and Zephyrus deployment benchmarks (Erascu, Micota, Zaharie and others; WordPress is CSPLib problem 90).
//!
//! [`check`] judges an answer by these rules and shares no code with the solver.

use std::fmt;

/// Largest amount of a resource, price or multiplier in a rule: sums over all machines stay far inside 64 bits.
pub const AMOUNT_MAX: i64 = 1 << 36;
/// Most machines that an answer may have at all ([`Packing::machines_max`] is at most this).
pub const MACHINES_MAX: u32 = 100_000;
/// Most components of one packing problem: sets of them are 64-bit masks.
pub const COMPONENTS_MAX: usize = 64;

/// What has to be packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Name.
    pub name: String,
    /// What one instance needs, per resource.
    pub needs: Vec<i64>,
}

/// A kind of machine, of which any number can be bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Name.
    pub name: String,
    /// What it holds, per resource.
    pub capacity: Vec<i64>,
    /// Price of one, in whatever unit the problem is stated.
    pub price: i64,
}

/// A demand on the number of instances or on what shares a machine. `count(c)` is the number of instances of `c`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The component shares no machine with any of `with`.
    Conflict {
        /// One.
        component: usize,
        /// The others.
        with: Vec<usize>,
    },
    /// One instance on every machine in use that carries nothing the component conflicts with. `except` are further
    /// components that it conflicts with. Void while the component is not deployed.
    Everywhere {
        /// The component.
        component: usize,
        /// More conflicts of it.
        except: Vec<usize>,
    },
    /// The two are always on a machine together.
    Together {
        /// One.
        a: usize,
        /// The other.
        b: usize,
    },
    /// `at_least <= sum of count(c) <= at_most`.
    Count {
        /// The components that are counted together.
        components: Vec<usize>,
        /// Least number.
        at_least: i64,
        /// Largest number; `None`: as many as one likes.
        at_most: Option<i64>,
    },
    /// `needs * count(component) <= gives * count(of)`.
    Requires {
        /// Who requires.
        component: usize,
        /// How many units each instance requires.
        needs: i64,
        /// Who provides.
        of: usize,
        /// How many units each instance provides.
        gives: i64,
    },
    /// One instance of the component for every `number` of `of`, rounded up:
    /// `0 <= number * count(component) - count(of) < number`.
    OneFor {
        /// The component.
        component: usize,
        /// Whose instances are counted.
        of: usize,
        /// For how many of them one is due.
        number: i64,
    },
    /// Exactly one of the two is deployed at all.
    Either {
        /// One.
        a: usize,
        /// The other.
        b: usize,
    },
}

/// A packing problem. Components that stand in no [`Rule::Either`] are deployed at least once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packing {
    /// Name of the application.
    pub name: String,
    /// Names of the resources.
    pub resources: Vec<String>,
    /// What has to be packed.
    pub components: Vec<Component>,
    /// What can be bought.
    pub offers: Vec<Offer>,
    /// Demands.
    pub rules: Vec<Rule>,
    /// Answers with more machines are not considered.
    pub machines_max: u32,
}

/// Machines of one sort in an answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bought {
    /// Ordinal in [`Packing::offers`].
    pub offer: usize,
    /// What each of them carries, ascending ordinals in [`Packing::components`].
    pub components: Vec<usize>,
    /// How many; more than 0.
    pub count: u32,
}

/// Why an answer is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Ordinals, order or counts that do not make sense, at this entry.
    Shape(usize),
    /// What the machine carries does not fit its offer.
    Full(usize),
    /// A rule does not hold.
    Rule(usize),
    /// A component that has to be deployed is not.
    Missing(usize),
    /// More machines than allowed.
    Machines,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape(entry) => write!(f, "entry {entry} of the answer is malformed"),
            Self::Full(entry) => write!(f, "entry {entry} of the answer does not fit its offer"),
            Self::Rule(rule) => write!(f, "rule {rule} does not hold"),
            Self::Missing(component) => write!(f, "component {component} is not deployed"),
            Self::Machines => write!(f, "there are more machines than allowed"),
        }
    }
}

/// The total price of an answer, or the first thing that is wrong with it.
///
/// # Errors
/// [`Broken`], when the answer does not keep the rules.
pub fn check(packing: &Packing, answer: &[Bought]) -> Result<i64, Broken> {
    let mut counts = vec![0_i64; packing.components.len()];
    let (mut price, mut machines) = (0_i64, 0_i64);
    for (entry, bought) in answer.iter().enumerate() {
        let ascending = bought.components.windows(2).all(|pair| pair[0] < pair[1]);
        let known = bought.components.last().is_some_and(|&last| last < packing.components.len());
        if !ascending || !known || bought.offer >= packing.offers.len() || bought.count == 0 {
            return Err(Broken::Shape(entry));
        }
        let offer = &packing.offers[bought.offer];
        for (resource, &capacity) in offer.capacity.iter().enumerate() {
            let needed: i64 = bought.components.iter().map(|&c| packing.components[c].needs[resource]).sum();
            if needed > capacity {
                return Err(Broken::Full(entry));
            }
        }
        bought.components.iter().for_each(|&c| counts[c] += i64::from(bought.count));
        machines += i64::from(bought.count);
        price += i64::from(bought.count) * offer.price;
    }
    if machines > i64::from(packing.machines_max) {
        return Err(Broken::Machines);
    }
    let optional = |c: usize| packing.rules.iter().any(|r| matches!(r, Rule::Either { a, b } if *a == c || *b == c));
    if let Some(missing) = (0..counts.len()).find(|&c| counts[c] == 0 && !optional(c)) {
        return Err(Broken::Missing(missing));
    }
    let broken = packing.rules.iter().position(|rule| !holds(packing, rule, &counts, answer));
    broken.map_or(Ok(price), |rule| Err(Broken::Rule(rule)))
}

fn holds(packing: &Packing, rule: &Rule, counts: &[i64], answer: &[Bought]) -> bool {
    let carries = |bought: &Bought, c: usize| bought.components.contains(&c);
    match rule {
        Rule::Conflict { component, with } => {
            answer.iter().all(|m| !carries(m, *component) || !with.iter().any(|&other| carries(m, other)))
        }
        Rule::Everywhere { component, except } => {
            let shares = answer.iter().any(|m| carries(m, *component) && except.iter().any(|&e| carries(m, e)));
            let due = |m: &Bought| !m.components.iter().any(|&c| conflict(packing, *component, c));
            !shares && (counts[*component] == 0 || answer.iter().all(|m| carries(m, *component) || !due(m)))
        }
        Rule::Together { a, b } => answer.iter().all(|m| carries(m, *a) == carries(m, *b)),
        Rule::Count { components, at_least, at_most } => {
            let sum: i64 = components.iter().map(|&c| counts[c]).sum();
            *at_least <= sum && at_most.is_none_or(|most| sum <= most)
        }
        Rule::Requires { component, needs, of, gives } => needs * counts[*component] <= gives * counts[*of],
        Rule::OneFor { component, of, number } => {
            let over = number * counts[*component] - counts[*of];
            (0..*number).contains(&over)
        }
        Rule::Either { a, b } => (counts[*a] > 0) != (counts[*b] > 0),
    }
}

/// Whether a rule keeps two components from sharing a machine.
fn conflict(packing: &Packing, x: usize, y: usize) -> bool {
    packing.rules.iter().any(|rule| match rule {
        Rule::Conflict { component, with } | Rule::Everywhere { component, except: with } => {
            (*component == x && with.contains(&y)) || (*component == y && with.contains(&x))
        }
        _ => false,
    })
}
