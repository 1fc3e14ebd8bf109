//! EC2 instances, their volumes, and who may call whom.

use super::{Placed, balance, network, tagged};
use crate::app::Kind;
use crate::exec::terraform::calls::{self, Endpoints};
use crate::exec::terraform::containers::{self, Volume};
use crate::exec::terraform::hcl::{Block, Expr, block, list, object, raw, resource, text};
use crate::exec::terraform::model::{Draft, View};
use crate::exec::terraform::names;
use crate::units::Purchase;

/// The machines of a part that leads some.
pub fn machines(view: &View, draft: &mut Draft, placed: &Placed, all: &[Placed], known: &Endpoints) {
    let part = &placed.part;
    let file = part.file();
    let name = names::side(&view.app.name, &part.side.seat, 63);
    network::group(draft, placed, &part.label, &name, &format!("{} of {}", part.component.name, view.app.name));
    for store in placed.stores(view) {
        draft.push(&file, containers::password(&store));
    }
    let data = placed.volume_gb(view);
    let volume = data.map(|_| Volume {
        devices: vec![format!(
            "\"/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${{replace(aws_ebs_volume.{}.id, \"-\", \"\")}}\"",
            part.label
        )],
        passphrase: None,
    });
    let start = containers::start(view, draft, part, known, true, volume.as_ref());
    let profile = buckets(view, draft, placed, known);
    for (ending, purchase, count) in part.machines() {
        let machine = instance(placed, &name, &format!("{}{ending}", part.label), (purchase, count), data.is_some());
        let machine = machine.maybe("iam_instance_profile", profile.clone()).raw("user_data", &start);
        draft.push(&file, finish(machine, placed, purchase, placed.boot_gb(view)));
    }
    if let Some(gb) = data {
        self::volume(draft, placed, &name, gb);
    }
    if placed.exposure.is_balanced() {
        balance::before(view, draft, placed, all);
    }
}

fn instance(placed: &Placed, name: &str, label: &str, (purchase, count): (Purchase, u32), data: bool) -> Block {
    let part = &placed.part;
    let r = placed.r();
    let subnets = if placed.exposure.has_address() { "public" } else { "private" };
    let subnet = if data {
        format!("aws_subnet.{r}_{subnets}[0].id")
    } else {
        format!("element(aws_subnet.{r}_{subnets}[*].id, count.index)")
    };
    let mut machine = resource("aws_instance", label);
    if matches!(purchase, Purchase::Reserved1y | Purchase::Reserved3y) {
        machine = machine.comment("Bought in advance: the reservation or savings plan is an order of its own.");
    }
    machine
        .set("count", count)
        .set("region", part.region())
        .raw("ami", format!("data.aws_ssm_parameter.{r}_ubuntu_{}.insecure_value", network::image(part)))
        .set("instance_type", part.side.seat.offer.as_str())
        .raw("subnet_id", subnet)
        .set("vpc_security_group_ids", list([raw(format!("aws_security_group.{}.id", part.label))]))
        .set("associate_public_ip_address", placed.exposure.has_address())
        .set("user_data_replace_on_change", true)
        .set("tags", tagged(part, name))
}

/// Blocks inside an instance.
fn finish(machine: Block, placed: &Placed, purchase: Purchase, gb: u32) -> Block {
    let disk = block("root_block_device", [])
        .set("volume_type", "gp3")
        .set("volume_size", gb)
        .set("encrypted", true)
        .raw("tags", format!("local.{}_tags", placed.part.label));
    let spot = block("instance_market_options", [])
        .set("market_type", "spot")
        .with(block("spot_options", []).set("spot_instance_type", "one-time"));
    machine
        .with(disk)
        .with(block("metadata_options", []).set("http_tokens", "required").set("http_put_response_hop_limit", 2_i64))
        .when(purchase == Purchase::Spot, |machine| machine.with(spot))
        .with(
            block("lifecycle", [])
                .comment("A newer image is no reason to replace a machine.")
                .set("ignore_changes", list([raw("ami")])),
        )
}

fn volume(draft: &mut Draft, placed: &Placed, name: &str, gb: i64) {
    let part = &placed.part;
    let volume = resource("aws_ebs_volume", &part.label)
        .set("region", part.region())
        .raw("availability_zone", format!("aws_subnet.{}_private[0].availability_zone", placed.r()))
        .set("type", "gp3")
        .set("size", gb)
        .set("encrypted", true)
        .set("tags", tagged(part, name));
    draft.push(&part.file(), volume);
    let attachment = resource("aws_volume_attachment", &part.label)
        .set("region", part.region())
        .set("device_name", "/dev/sdf")
        .raw("volume_id", format!("aws_ebs_volume.{}.id", part.label))
        .raw("instance_id", format!("aws_instance.{}[0].id", part.label));
    draft.push(&part.file(), attachment);
}

/// A role that lets the machines of a part use the buckets that it calls; the expression of its profile.
fn buckets(view: &View, draft: &mut Draft, placed: &Placed, known: &Endpoints) -> Option<Expr> {
    let part = &placed.part;
    let labels = placed.buckets(view, known);
    if labels.is_empty() {
        return None;
    }
    let file = part.file();
    let name = names::side(&view.app.name, &part.side.seat, 63);
    let statement = |body: Vec<(&str, Expr)>| {
        let document = object([("Version", text("2012-10-17")), ("Statement", list([object(body)]))]);
        Expr::Call("jsonencode", vec![document])
    };
    let trust = statement(vec![
        ("Effect", text("Allow")),
        ("Action", text("sts:AssumeRole")),
        ("Principal", object([("Service", text("ec2.amazonaws.com"))])),
    ]);
    let role = resource("aws_iam_role", &part.label).set("name", name.as_str()).set("assume_role_policy", trust);
    draft.push(&file, role.raw("tags", format!("local.{}_tags", part.label)));
    let arns = labels.iter().flat_map(|label| {
        [raw(format!("aws_s3_bucket.{label}.arn")), raw(format!("\"${{aws_s3_bucket.{label}.arn}}/*\""))]
    });
    let actions = ["s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"].map(text);
    let policy = statement(vec![
        ("Effect", text("Allow")),
        ("Action", list(actions)),
        ("Resource", list(arns.collect::<Vec<_>>())),
    ]);
    let policy = resource("aws_iam_role_policy", &part.label)
        .set("name", "buckets")
        .raw("role", format!("aws_iam_role.{}.id", part.label))
        .set("policy", policy);
    draft.push(&file, policy);
    let profile = resource("aws_iam_instance_profile", &part.label).set("name", name.as_str());
    draft.push(&file, profile.raw("role", format!("aws_iam_role.{}.name", part.label)));
    Some(raw(format!("aws_iam_instance_profile.{}.name", part.label)))
}

/// Rules that let callers in: those in the region by their security group, those in other regions by their VPC, those at
/// other providers by their addresses.
pub fn who_may_call(view: &View, draft: &mut Draft, placed: &Placed, all: &[Placed]) {
    let part = &placed.part;
    if matches!(part.component.kind, Kind::ObjectStorage | Kind::StaticSite) {
        return;
    }
    let host = placed.host(all);
    let (into, port) = (host.part.label.clone(), part.port());
    let file = part.file();
    let callers: Vec<usize> = view.callers(part.ordinal).collect();
    let mut far: Vec<&str> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for caller in all.iter().filter(|caller| callers.contains(&caller.part.ordinal)) {
        let from = caller.host(all);
        if from.part.label == into || seen.contains(&from.part.label.as_str()) {
            continue;
        }
        seen.push(&from.part.label);
        if from.part.region() == part.region() {
            let label = format!("{}_from_{}", part.label, from.part.label);
            let what = format!("from {}", caller.part.component.name);
            let rule = network::rule(placed, &label, &into, port, &what);
            let source = format!("aws_security_group.{}.id", from.part.label);
            draft.push(&file, rule.raw("referenced_security_group_id", source));
        } else if !far.contains(&from.part.region()) {
            far.push(from.part.region());
        }
    }
    for region in far {
        let r = names::identifier(region);
        let label = format!("{}_from_{r}", part.label);
        let rule = network::rule(placed, &label, &into, port, &format!("from the network in {region}"));
        draft.push(&file, rule.raw("cidr_ipv4", format!("aws_vpc.{r}.cidr_block")));
    }
    if host.exposure.is_open(view, part.ordinal) && part.component.kind == Kind::Service {
        let rule = network::rule(placed, &format!("{}_from_everybody", part.label), &into, port, "from everybody");
        draft.push(&file, rule.set("cidr_ipv4", "0.0.0.0/0"));
    } else if let Some(variable) = calls::callers_away(draft, view, part.ordinal) {
        let label = format!("{}_from_away", part.label);
        let mut rule = network::rule(placed, &label, &into, port, "from callers at other providers");
        rule.body.insert(0, super::each(&variable));
        draft.push(&file, rule.raw("cidr_ipv4", "\"${each.value}/32\""));
    }
}
