//! Which units a thing may be priced in, and between which prices it lies anywhere on the market.
//!
//! The bounds are wide on purpose: a decade beyond the cheapest and dearest known price of 2026. They catch wrong
//! units and currencies (a price per month read as per hour, paise as rupees), not small errors; those are the
//! outlier test's.

use super::key::Thing;
use crate::catalog::{Item, ManagedKind, Unit};
use crate::units::Money;

/// Dollars per unit, in millionths, so that the table reads without floats.
struct Range {
    unit: Unit,
    from_micros: i64,
    to_micros: i64,
}

const fn range(unit: Unit, from_micros: i64, to_micros: i64) -> Range {
    Range { unit, from_micros, to_micros }
}

/// Machines from 0.1 cent a day to the largest GPU and memory servers (u-32tb: $407/h).
const MACHINE: &[Range] = &[range(Unit::Hour, 20, 2_000_000_000)];
const MACHINE_MONTH: &[Range] = &[range(Unit::Month, 100_000, 1_500_000_000_000)];
const MANAGED: &[Range] = &[range(Unit::Hour, 500, 2_000_000_000), range(Unit::Month, 500_000, 1_500_000_000_000)];
const STORAGE: &[Range] = &[range(Unit::GbMonth, 100, 10_000_000)];
const TRANSFER: &[Range] = &[range(Unit::Gb, 50, 2_000_000)];
const REQUESTS: &[Range] = &[range(Unit::MillionRequests, 1_000, 200_000_000)];
const SMALL_SERVICE: &[Range] = &[range(Unit::Hour, 100, 100_000_000), range(Unit::Month, 50_000, 70_000_000_000)];

fn of(thing: &Thing) -> &'static [Range] {
    match thing {
        Thing::Region | Thing::Shape(_) | Thing::IncludedTraffic(_) => &[],
        Thing::Compute(..) => MACHINE,
        Thing::MonthCap(_) | Thing::ManagedMonthCap(_) => MACHINE_MONTH,
        Thing::Managed(_) => MANAGED,
        Thing::ManagedStorage(_) => STORAGE,
        Thing::Egress(_) | Thing::Transfer(_) => TRANSFER,
        Thing::Tariff(item, _) => match item {
            Item::BlockStorage | Item::BackupStorage | Item::ObjectStorage => STORAGE,
            Item::ObjectStorageBase => const { &[range(Unit::Month, 100_000, 1_000_000_000)] },
            Item::ObjectWrites | Item::ObjectReads | Item::ServerlessRequests => REQUESTS,
            Item::LoadBalancer | Item::NatGateway | Item::KubernetesControlPlane => SMALL_SERVICE,
            Item::LoadBalancerData | Item::NatData => TRANSFER,
            Item::PublicIpv4 => const { &[range(Unit::Hour, 50, 100_000), range(Unit::Month, 50_000, 70_000_000)] },
            Item::ServerlessVcpu => const { &[range(Unit::VcpuHour, 1_000, 5_000_000)] },
            Item::ServerlessMemory => const { &[range(Unit::GibHour, 100, 1_000_000)] },
        },
    }
}

/// Checks a price above zero.
///
/// # Errors
/// What is wrong: a unit that the thing is never sold by, or a price outside of the range of the whole market.
pub fn check(thing: &Thing, usd: Money, unit: Unit) -> Result<(), String> {
    let Some(range) = of(thing).iter().find(|range| range.unit == unit) else {
        return Err(format!("this is never priced per {}", unit.as_str()));
    };
    let bounds = [range.from_micros, range.to_micros].map(|micros| Money::from_nanos(micros * 1000));
    if (bounds[0]..=bounds[1]).contains(&usd) {
        return Ok(());
    }
    let [from, to] = bounds.map(Money::to_decimal);
    Err(format!("{} USD per {} is outside of {from} to {to}", usd.to_decimal(), unit.as_str()))
}

/// Whether this may be free where the publication says so: rules may, machines and managed tiers may not.
#[must_use]
pub fn may_be_free(thing: &Thing) -> bool {
    matches!(thing, Thing::Tariff(..) | Thing::Egress(_) | Thing::Transfer(_))
}

/// Whether a specification is one that is made.
///
/// # Errors
/// What is wrong with it.
pub fn check_spec(vcpu_milli: u32, memory_mib: u32, gpu_milli: u32) -> Result<(), String> {
    // The largest machines of 2026 have 1,920 vCPUs and 32 TiB; the smallest a sixteenth of a core and 128 MiB.
    let (vcpus, memory) = (50..=4_096_000, 128..=64 << 20);
    if !vcpus.contains(&vcpu_milli) {
        return Err(format!("{vcpu_milli} thousandths of a vCPU is no machine"));
    }
    if !memory.contains(&memory_mib) {
        return Err(format!("{memory_mib} MiB of memory is no machine"));
    }
    if gpu_milli > 256_000 {
        return Err(format!("{gpu_milli} thousandths of an accelerator is no machine"));
    }
    Ok(())
}

/// Whether a managed tier's specification can be (0 vCPUs means: the provider does not say).
///
/// # Errors
/// What is wrong with it.
pub fn check_tier(kind: ManagedKind, vcpu_milli: u32, memory_mib: u32) -> Result<(), String> {
    if vcpu_milli > 1_024_000 || memory_mib > 32 << 20 {
        return Err(format!("{vcpu_milli} thousandths of a vCPU and {memory_mib} MiB is no {} tier", kind.as_str()));
    }
    Ok(())
}
