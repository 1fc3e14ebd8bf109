//! A connected part of the network in working form: which component and place every variable and value stands for.

use super::cell::Cell;
use super::core::{Shape, State};
use super::network::{FORBIDDEN, Network};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A component that has left: where it goes, for every choice of the components it depends on.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) component: usize,
    /// The components it depends on, each with its possible places, ascending.
    pub(super) given: Vec<(usize, Vec<usize>)>,
    /// The place, the last given component running fastest; none where nothing is allowed.
    pub(super) picks: Vec<Option<usize>>,
}

/// A part of a network, or what is left of it.
#[derive(Debug)]
pub(super) struct Part<'n, C: Cell> {
    pub(super) shape: Shape<'n, C>,
    /// Per variable its component.
    pub(super) components: Vec<usize>,
    /// Per variable the place of each value.
    pub(super) places: Vec<Vec<usize>>,
    /// Components that are decided.
    pub(super) fixed: Vec<(usize, usize)>,
    /// Components that follow from others; the last one is to be filled in first.
    pub(super) steps: Vec<Step>,
    /// What stands outside the working form.
    pub(super) base: i64,
    /// What one in the working form is worth.
    pub(super) unit: i64,
}

impl<'n> Part<'n, i64> {
    /// The components of one connected part, in exact integers, on the network's own tables.
    ///
    /// The variables stand in an order in which every variable has few neighbours before it: what hangs on the core as a
    /// tree comes last, and messages settle in fewer sweeps than in the order given (about two thirds).
    pub(super) fn exact(network: &'n Network, components: &[usize], pairs: &[usize]) -> (Self, State<i64>) {
        let mut base = 0;
        let components = core_first(network, components, pairs);
        let mut var_of = vec![usize::MAX; network.components()];
        for (var, &component) in components.iter().enumerate() {
            var_of[component] = var;
        }
        let mut u = Vec::new();
        let mut sizes = Vec::new();
        for &component in &components {
            let costs = &network.unary()[component];
            let least = costs.iter().copied().filter(|&cost| cost < FORBIDDEN).min().unwrap_or(0);
            base += least;
            u.extend(costs.iter().map(|&cost| if cost < FORBIDDEN { cost - least } else { FORBIDDEN }));
            sizes.push(costs.len());
        }
        let mut tables = Vec::new();
        for &pair in pairs {
            let pair = &network.pairs()[pair];
            tables.push((var_of[pair.a], var_of[pair.b], Cow::Borrowed(pair.table.as_slice())));
        }
        let shape = Shape::new(&sizes, tables);
        let state = shape.start(0, u);
        let places = sizes.iter().map(|&size| (0..size).collect()).collect();
        (Self { shape, components, places, fixed: Vec::new(), steps: Vec::new(), base, unit: 1 }, state)
    }
}

impl<C: Cell> Part<'_, C> {
    /// The place of every component of the part, given the value of every variable; `None` when there is none for one.
    pub(super) fn assign(&self, values: &[usize], assignment: &mut [usize]) -> Option<()> {
        for &(component, place) in &self.fixed {
            assignment[component] = place;
        }
        for ((&component, places), &value) in self.components.iter().zip(&self.places).zip(values) {
            assignment[component] = places[value];
        }
        for step in self.steps.iter().rev() {
            let mut at = 0;
            for (component, places) in &step.given {
                at = at * places.len() + places.binary_search(&assignment[*component]).ok()?;
            }
            assignment[step.component] = step.picks[at]?;
        }
        Some(())
    }

    /// What is left: decided variables leave, values that are out leave, pairs in which nothing is left leave.
    pub(super) fn compact<D: Cell>(&self, state: &State<C>) -> (Part<'static, D>, State<D>) {
        let shape = &self.shape;
        let kept: Vec<Vec<usize>> = (0..shape.count())
            .map(|var| {
                let costs = shape.costs(state, var);
                (0..costs.len()).filter(|&v| costs[v] < C::TOP).collect()
            })
            .collect();
        let mut c0 = state.c0;
        let mut fixed = self.fixed.clone();
        let mut var_of = vec![usize::MAX; shape.count()];
        let mut u: Vec<Vec<i64>> = Vec::new();
        let (mut components, mut places) = (Vec::new(), Vec::new());
        for (var, values) in kept.iter().enumerate() {
            let costs = shape.costs(state, var);
            if let [only] = values[..] {
                c0 += costs[only].wide();
                fixed.push((self.components[var], self.places[var][only]));
            } else {
                var_of[var] = u.len();
                u.push(values.iter().map(|&v| costs[v].wide()).collect());
                components.push(self.components[var]);
                places.push(values.iter().map(|&v| self.places[var][v]).collect());
            }
        }
        let mut tables = Vec::new();
        let mut potentials: Vec<D> = Vec::new();
        for (ordinal, edge) in shape.edges.iter().enumerate() {
            if state.empty[ordinal] {
                continue;
            }
            let (rows, columns) = (&kept[edge.a], &kept[edge.b]);
            let width = shape.size(edge.b);
            let slack = |v: usize, y: usize| {
                let cell = edge.table[v * width + y];
                if cell >= C::HALF {
                    C::TOP.wide()
                } else {
                    (cell + state.p[edge.at_a + v] + state.p[edge.at_b + y]).wide()
                }
            };
            match (var_of[edge.a], var_of[edge.b]) {
                (usize::MAX, usize::MAX) => c0 += slack(rows[0], columns[0]),
                (usize::MAX, b) => add(&mut u[b], columns.iter().map(|&y| slack(rows[0], y))),
                (a, usize::MAX) => add(&mut u[a], rows.iter().map(|&v| slack(v, columns[0]))),
                (a, b) => {
                    if rows.iter().all(|&v| columns.iter().all(|&y| slack(v, y) == 0)) {
                        continue;
                    }
                    let cells: Vec<D> = rows
                        .iter()
                        .flat_map(|&v| columns.iter().map(move |&y| (v, y)))
                        .map(|(v, y)| narrow(edge.table[v * width + y].wide(), C::HALF.wide()))
                        .collect();
                    potentials.extend(rows.iter().map(|&v| D::narrow(state.p[edge.at_a + v].wide())));
                    potentials.extend(columns.iter().map(|&y| D::narrow(state.p[edge.at_b + y].wide())));
                    tables.push((a, b, Cow::Owned(cells)));
                }
            }
        }
        let sizes: Vec<usize> = u.iter().map(Vec::len).collect();
        let shape = Shape::new(&sizes, tables);
        let u = u.into_iter().flatten().map(|cost| narrow(cost, C::HALF.wide())).collect();
        let mut state = shape.start(c0, u);
        let marks = std::mem::replace(&mut state.p, potentials);
        for (p, mark) in state.p.iter_mut().zip(marks) {
            if mark >= D::HALF {
                *p = mark;
            }
        }
        let steps = self.steps.clone();
        (Part { shape, components, places, fixed, steps, base: self.base, unit: self.unit }, state)
    }
}

/// The reverse of an order in which always a component with the fewest remaining neighbours leaves.
fn core_first(network: &Network, components: &[usize], pairs: &[usize]) -> Vec<usize> {
    let mut near = vec![Vec::new(); network.components()];
    for &pair in pairs {
        let pair = &network.pairs()[pair];
        near[pair.a].push(pair.b);
        near[pair.b].push(pair.a);
    }
    let mut degree: Vec<usize> = near.iter().map(Vec::len).collect();
    let mut open: BTreeSet<(usize, usize)> =
        components.iter().map(|&component| (degree[component], component)).collect();
    let mut order = Vec::with_capacity(components.len());
    while let Some((_, component)) = open.pop_first() {
        order.push(component);
        for &other in &near[component] {
            if open.remove(&(degree[other], other)) {
                degree[other] -= 1;
                open.insert((degree[other], other));
            }
        }
    }
    order.reverse();
    order
}

fn add(costs: &mut [i64], more: impl Iterator<Item = i64>) {
    for (cost, more) in costs.iter_mut().zip(more) {
        *cost = cost.saturating_add(more);
    }
}

/// From half of one type's top on: the other type's top.
fn narrow<D: Cell>(value: i64, half: i64) -> D {
    if value >= half { D::TOP } else { D::narrow(value) }
}
