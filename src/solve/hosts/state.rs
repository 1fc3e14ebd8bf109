//! A node of the search: which components share a machine, which do not, and what is open.

use super::fused::{Base, Block, Way};
use super::group::{Crew, Crews, NEVER, members};
use crate::problem::{Host, Problem};
use std::collections::BTreeMap;

/// Two blocks of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub group: usize,
    pub a: Crew,
    pub b: Crew,
}

/// Blocks and who may not join them.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    groups: Vec<Sharing>,
}

#[derive(Clone, Debug, Default)]
struct Sharing {
    /// Disjoint, all members together; ascending by lowest member.
    blocks: Vec<Crew>,
    /// Per member: those that it does not share with.
    apart: Vec<Crew>,
}

impl Sharing {
    fn are_apart(&self, a: Crew, b: Crew) -> bool {
        members(a).any(|m| self.apart[m] & b != 0)
    }
}

impl State {
    /// Nothing is decided.
    pub fn undecided(crews: &[Crews]) -> Self {
        let sharing =
            |crews: &Crews| Sharing { blocks: (0..crews.len()).map(|m| 1 << m).collect(), apart: vec![0; crews.len()] };
        Self { groups: crews.iter().map(sharing).collect() }
    }

    /// Everything is decided: these crews by group, and everybody else alone.
    pub fn apart(crews: &[Crews], shared: &BTreeMap<usize, Vec<Crew>>) -> Self {
        let sharing = |(group, crews): (usize, &Crews)| {
            let mut blocks = shared.get(&group).cloned().unwrap_or_default();
            let taken = blocks.iter().fold(0, |all, block| all | block);
            blocks.extend((0..crews.len()).map(|m| 1 << m).filter(|m| taken & m == 0));
            blocks.sort_by_key(|block: &Crew| block.trailing_zeros());
            let all = (1_u32 << crews.len()) - 1;
            let mut apart = vec![0; crews.len()];
            for &block in &blocks {
                members(block).for_each(|m| apart[m] = all & !block);
            }
            Sharing { blocks, apart }
        };
        Self { groups: crews.iter().enumerate().map(sharing).collect() }
    }

    /// The same for equal ways of sharing.
    pub fn key(&self) -> Vec<Vec<Crew>> {
        self.groups.iter().map(|sharing| sharing.blocks.clone()).collect()
    }

    /// All blocks, group by group.
    pub fn blocks(&self) -> Vec<Block> {
        let of = |(group, sharing): (usize, &Sharing)| {
            sharing.blocks.iter().map(move |&crew| Block { group, crew }).collect::<Vec<_>>()
        };
        self.groups.iter().enumerate().flat_map(of).collect()
    }

    /// Per group: every crew that blocks may form together, and each block itself, as far as some machine holds it.
    pub fn unions(&self, crews: &[Crews]) -> Vec<Vec<Crew>> {
        let of = |(sharing, crews): (&Sharing, &Crews)| {
            let mut unions: Vec<Crew> = vec![0];
            for &block in &sharing.blocks {
                let more: Vec<Crew> =
                    unions.iter().filter(|&&u| !sharing.are_apart(block, u)).map(|u| u | block).collect();
                unions.extend(more);
            }
            unions.retain(|&u| u != 0 && crews.spots.iter().any(|spot| spot.least[u as usize] < NEVER));
            unions
        };
        self.groups.iter().zip(crews).map(of).collect()
    }

    /// The first pair of blocks that may share or not.
    pub fn undecided_pair(&self, crews: &[Crews]) -> Option<Pair> {
        let unions = self.unions(crews);
        self.groups.iter().enumerate().find_map(|(group, sharing)| {
            let together = |a: Crew, b: Crew| unions[group].iter().any(|&u| u & a != 0 && u & b != 0);
            let blocks = &sharing.blocks;
            let pairs = (0..blocks.len()).flat_map(|i| (i + 1..blocks.len()).map(move |j| (blocks[i], blocks[j])));
            pairs.into_iter().find(|&(a, b)| together(a, b)).map(|(a, b)| Pair { group, a, b })
        })
    }

    /// The two parts of a node: the pair shares, and it does not.
    pub fn split(&self, pair: Pair) -> [Self; 2] {
        let mut together = self.clone();
        let sharing = &mut together.groups[pair.group];
        sharing.blocks.retain(|&block| block != pair.a && block != pair.b);
        sharing.blocks.push(pair.a | pair.b);
        sharing.blocks.sort_by_key(|block| block.trailing_zeros());
        let both = members(pair.a | pair.b).fold(0, |all, m| all | sharing.apart[m]);
        members(pair.a | pair.b).for_each(|m| sharing.apart[m] = both);
        let mut apart = self.clone();
        let sharing = &mut apart.groups[pair.group];
        members(pair.a).for_each(|m| sharing.apart[m] |= pair.b);
        members(pair.b).for_each(|m| sharing.apart[m] |= pair.a);
        [together, apart]
    }

    /// From a relaxed answer: the best crews where it puts the blocks, and a pair that it is unclear about.
    pub fn suggestion(
        &self,
        base: &Base,
        blocks: &[Block],
        ways: &[Way],
    ) -> (BTreeMap<usize, Vec<Crew>>, Option<Pair>) {
        let mut found: BTreeMap<usize, Vec<Crew>> = BTreeMap::new();
        let mut pair = None;
        let unions = self.unions(&base.crews);
        for (group, crews) in base.crews.iter().enumerate() {
            let mine = || blocks.iter().zip(ways).filter(move |(block, _)| block.group == group);
            let shared = mine().filter(|(block, way)| matches!(way, Way::On { .. }) && block.crew.count_ones() > 1);
            found.entry(group).or_default().extend(shared.map(|(block, _)| block.crew));
            for at in 0..crews.spots.len() {
                let here = mine().filter(|(_, way)| **way == Way::Open { spot: at });
                let here: Vec<Crew> = here.map(|(block, _)| block.crew).collect();
                if here.is_empty() {
                    continue;
                }
                let crews_here = best_crews(base, group, at, &here, &unions[group]);
                let blocks = &self.groups[group].blocks;
                pair = pair.or_else(|| unclear(crews, at, group, (&here, blocks), &crews_here, &unions[group]));
                found.entry(group).or_default().extend(crews_here.into_iter().filter(|crew| crew.count_ones() > 1));
            }
        }
        (found, pair)
    }

    /// For each block: the zones that its place must have, when every block of several is on a shared machine.
    pub fn zones_needed(&self, crews: &[Crews], whole: &Problem) -> Vec<u8> {
        let of = |(sharing, crews): (&Sharing, &Crews)| {
            let shared: Vec<Crew> = sharing.blocks.iter().copied().filter(|b| b.count_ones() > 1).collect();
            let needed = zones(crews, whole, &shared);
            let least = |block: &Crew| shared.iter().position(|b| b == block).map_or(1, |at| needed[at]);
            sharing.blocks.iter().map(least).collect::<Vec<u8>>()
        };
        self.groups.iter().zip(crews).flat_map(of).collect()
    }

    /// Whether the shared machines of an answer are where there are zones enough.
    pub fn in_zones(base: &Base, blocks: &[Block], ways: &[Way]) -> bool {
        let mut good = true;
        for (group, crews) in base.crews.iter().enumerate() {
            let spot = |way: &Way| if let Way::On { spot, .. } = way { Some(*spot) } else { None };
            let mine = blocks.iter().zip(ways).filter(|(block, _)| block.group == group);
            let shared: Vec<(Crew, usize)> = mine.filter_map(|(b, way)| Some((b.crew, spot(way)?))).collect();
            let list: Vec<Crew> = shared.iter().map(|(crew, _)| *crew).collect();
            let needed = zones(crews, base.whole, &list);
            let has = |spot: usize| base.whole.places[crews.spots[spot].place].zones;
            good &= shared.iter().zip(needed).all(|((_, spot), needed)| has(*spot) >= needed);
        }
        good
    }
}

/// The cheapest way to form crews of the blocks at a spot; who finds no crew is alone.
fn best_crews(base: &Base, group: usize, at: usize, here: &[Crew], unions: &[Crew]) -> Vec<Crew> {
    let crews = &base.crews[group];
    let spot = &crews.spots[at];
    let alone = |crew: Crew| {
        if crew.count_ones() > 1 {
            return spot.least[crew as usize];
        }
        let component = members(crew).map(|m| crews.group.members[m].component).next().unwrap_or(0);
        let choices = base.whole.components[component].choices.iter().enumerate();
        let own = choices.filter(|(id, choice)| {
            base.allowed[component][*id] && choice.host == Host::Own && choice.place == spot.place
        });
        own.map(|(_, choice)| i128::from(choice.cost.nanos())).min().unwrap_or(NEVER)
    };
    // Sets of blocks by bit; `best[set]` is the least cost with the crew that the set's lowest block is in.
    let sets = 1_usize << here.len();
    let join = |set: usize| (0..here.len()).filter(|b| set >> b & 1 == 1).fold(0, |all, b| all | here[b]);
    let cost = |set: usize| {
        let crew = join(set);
        match set.count_ones() {
            1 => alone(crew),
            _ if unions.contains(&crew) => spot.least[crew as usize],
            _ => NEVER,
        }
    };
    let costs: Vec<i128> = (0..sets).map(|set| if set == 0 { 0 } else { cost(set) }).collect();
    let mut best: Vec<(i128, usize)> = vec![(0, 0)];
    for set in 1..sets {
        let low = set & set.wrapping_neg();
        let rest = set ^ low;
        let (mut least, mut part) = (i128::MAX, low);
        let mut more = rest;
        loop {
            let total = costs[low | more].min(NEVER) + best[rest ^ more].0;
            // Blocks that nothing holds together are not suggested; one alone always may be.
            if total < least && (more == 0 || costs[low | more] < NEVER) {
                (least, part) = (total, low | more);
            }
            if more == 0 {
                break;
            }
            more = (more - 1) & rest;
        }
        best.push((least.min(NEVER), part));
    }
    let mut crews_here = Vec::new();
    let mut left = sets - 1;
    while left != 0 {
        crews_here.push(join(best[left].1));
        left ^= best[left].1;
    }
    crews_here
}

/// A pair of blocks worth a decision: two that share in the suggested crews, else one that is alone there with one that
/// it could share with.
fn unclear(
    crews: &Crews,
    at: usize,
    group: usize,
    (here, blocks): (&[Crew], &[Crew]),
    formed: &[Crew],
    unions: &[Crew],
) -> Option<Pair> {
    for crew in formed {
        let mut inside = here.iter().copied().filter(|block| block & crew != 0);
        if let (Some(a), Some(b)) = (inside.next(), inside.next())
            && unions.iter().any(|union| union & a != 0 && union & b != 0)
        {
            return Some(Pair { group, a, b });
        }
    }
    let spot = &crews.spots[at];
    let a = *here.first()?;
    let mut with = unions.iter().filter(|&&union| union & a != 0 && spot.least[union as usize] < NEVER);
    let other = |&union: &Crew| blocks.iter().copied().find(|&b| b != a && b & union != 0);
    with.find_map(other).map(|b| Pair { group, a, b })
}

/// For each of some crews on shared machines: the least number of zones with which it and all that it has replicas in
/// common with can be dealt out, so that the replicas of each component lie in as many zones as the group asks for.
fn zones(crews: &Crews, whole: &Problem, shared: &[Crew]) -> Vec<u8> {
    let asked = usize::from(crews.group.zones);
    let mut needed = vec![1; shared.len()];
    if asked <= 1 {
        return needed;
    }
    let app = |m: usize| whole.components[crews.group.members[m].component].app_component;
    let replicas = |crew: Crew| members(crew).map(app).collect::<Vec<_>>();
    let mut cluster: Vec<usize> = (0..shared.len()).collect();
    for a in 0..shared.len() {
        for b in a + 1..shared.len() {
            let common = replicas(shared[a]).iter().any(|r| replicas(shared[b]).contains(r));
            if common && cluster[a] != cluster[b] {
                let (from, to) = (cluster[b], cluster[a]);
                cluster.iter_mut().filter(|c| **c == from).for_each(|c| *c = to);
            }
        }
    }
    for root in 0..shared.len() {
        let inside: Vec<usize> = (0..shared.len()).filter(|&c| cluster[c] == root).collect();
        let lists: Vec<Vec<usize>> = inside.iter().map(|&c| replicas(shared[c])).collect();
        let enough = (1..=inside.len()).find(|&colours| colour(&lists, asked, colours, &mut Vec::new()));
        let enough = u8::try_from(enough.unwrap_or(inside.len())).unwrap_or(u8::MAX).max(1);
        for crew in inside {
            needed[crew] = enough;
        }
    }
    needed
}

/// Whether machines with these replicas can be coloured so that each component shows `min(asked, machines)` colours.
fn colour(lists: &[Vec<usize>], asked: usize, colours: usize, chosen: &mut Vec<usize>) -> bool {
    if chosen.len() == lists.len() {
        let shows = |component: usize| {
            let on: Vec<usize> = (0..lists.len()).filter(|&m| lists[m].contains(&component)).collect();
            let mut seen: Vec<usize> = on.iter().map(|&m| chosen[m]).collect();
            seen.sort_unstable();
            seen.dedup();
            seen.len() >= asked.min(on.len())
        };
        return lists.iter().flatten().all(|&component| shows(component));
    }
    let fresh = chosen.iter().max().map_or(0, |most| most + 1);
    (0..colours.min(fresh + 1)).any(|next| {
        chosen.push(next);
        let good = colour(lists, asked, colours, chosen);
        chosen.pop();
        good
    })
}
