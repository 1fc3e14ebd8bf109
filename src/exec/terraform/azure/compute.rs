//! Virtual machines and their disks.

use super::{at, balance, inside};
use crate::exec::terraform::calls::Endpoints;
use crate::exec::terraform::containers::{self, Volume};
use crate::exec::terraform::hcl::{Block, Item, block, list, raw, resource};
use crate::exec::terraform::machines::{Placed, arch};
use crate::exec::terraform::model::{Draft, View};
use crate::exec::terraform::names;
use crate::units::{Arch, Purchase};

/// The machines of a part that leads some.
pub fn machines(view: &View, draft: &mut Draft, placed: &Placed, known: &Endpoints) {
    let part = &placed.part;
    let (label, file) = (&part.label, part.file());
    let name = names::side(&view.app.name, &part.side.seat, 54);
    for store in placed.stores(view) {
        draft.push(&file, containers::password(&store));
    }
    let group = at("azurerm_application_security_group", label, &name, part.region());
    draft.push(&file, group.raw("tags", format!("local.{label}_tags")));
    let data = placed.volume_gb(view);
    // The first where disks are NVMe devices, the second where they are SCSI.
    let devices = ["\"/dev/disk/azure/data/by-lun/0\"", "\"/dev/disk/azure/scsi1/lun0\""].map(str::to_owned).to_vec();
    let volume = data.map(|_| Volume { devices, passphrase: None });
    let start = containers::start(view, draft, part, known, true, volume.as_ref());
    let identity = identity(view, draft, placed, known, &name);
    let about = "Public SSH key of whoever may log in to machines; the network lets nobody reach that port.";
    draft.variable("ssh_public_key", "string", about, None);
    for (ending, purchase, count) in part.machines() {
        let group = (format!("{label}{ending}"), format!("{name}{}", ending.replace('_', "-")));
        cards(draft, placed, &group, count);
        let machine = machine(placed, &group, (purchase, count), &start, placed.boot_gb(view));
        draft.push(&file, if identity { machine.with(identity_of(label)) } else { machine });
    }
    if let Some(gb) = data {
        disk(draft, placed, &name, gb);
    }
    if placed.exposure.is_balanced() {
        balance::before(view, draft, placed);
    }
}

/// Network interfaces, with public addresses where the machines have some.
fn cards(draft: &mut Draft, placed: &Placed, (label, name): &(String, String), count: u32) {
    let part = &placed.part;
    let file = part.file();
    let counted = |kind: &str| {
        let block = resource(kind, label).set("count", count);
        inside(block, "", part.region())
    };
    let named = |mut block: Block| {
        let name = raw(format!("\"{name}-${{count.index}}\""));
        block.body.iter_mut().for_each(|item| {
            if let Item::Attribute(key, value) = item
                && key == "name"
            {
                *value = name.clone();
            }
        });
        block.raw("tags", format!("local.{}_tags", part.label))
    };
    if placed.exposure.has_address() {
        let address = named(counted("azurerm_public_ip")).set("allocation_method", "Static").set("sku", "Standard");
        draft.push(&file, address);
    }
    let mut ip = block("ip_configuration", [])
        .set("name", "main")
        .raw("subnet_id", format!("azurerm_subnet.{}_machines.id", placed.r()))
        .set("private_ip_address_allocation", "Dynamic");
    if placed.exposure.has_address() {
        ip = ip.raw("public_ip_address_id", format!("azurerm_public_ip.{label}[count.index].id"));
    }
    draft.push(&file, named(counted("azurerm_network_interface")).with(ip));
    let association = resource("azurerm_network_interface_application_security_group_association", label)
        .set("count", count)
        .raw("network_interface_id", format!("azurerm_network_interface.{label}[count.index].id"))
        .raw("application_security_group_id", format!("azurerm_application_security_group.{}.id", part.label));
    draft.push(&file, association);
}

fn machine(
    placed: &Placed,
    (label, name): &(String, String),
    (purchase, count): (Purchase, u32),
    start: &str,
    gb: u32,
) -> Block {
    let part = &placed.part;
    let r = placed.r();
    let offer = part.side.seat.offer.as_str();
    let mut machine = resource("azurerm_linux_virtual_machine", label);
    if matches!(purchase, Purchase::Reserved1y | Purchase::Reserved3y) {
        machine = machine.comment("Bought in advance: the reservation is an order of its own.");
    }
    // The sixth generation has NVMe disks only; the A series is of the first generation.
    let nvme = ["_v6", "_v7"].iter().any(|ending| offer.ends_with(ending));
    let image = match (arch("azure", offer), offer.starts_with("Standard_A")) {
        (Arch::Arm64, _) => "server-arm64",
        (Arch::X86_64, true) => "server-gen1",
        (Arch::X86_64, false) => "server",
    };
    let spread = part.component.zones > 1;
    let disk = block("os_disk", [])
        .set("caching", "ReadWrite")
        .set("storage_account_type", "StandardSSD_LRS")
        .set("disk_size_gb", gb.max(30));
    let source = block("source_image_reference", [])
        .set("publisher", "Canonical")
        .set("offer", "ubuntu-24_04-lts")
        .set("sku", image)
        .set("version", "latest");
    machine
        .set("count", count)
        .raw("name", format!("\"{name}-${{count.index}}\""))
        .raw("resource_group_name", format!("azurerm_resource_group.{r}.name"))
        .raw("location", format!("azurerm_resource_group.{r}.location"))
        .set("size", offer)
        .when(spread, |m| m.raw("zone", format!("tostring(count.index % {} + 1)", part.component.zones.min(3))))
        .set("admin_username", "placer")
        .set("network_interface_ids", list([raw(format!("azurerm_network_interface.{label}[count.index].id"))]))
        .when(nvme, |machine| machine.set("disk_controller_type", "NVMe"))
        .when(purchase == Purchase::Spot, |m| m.set("priority", "Spot").set("eviction_policy", "Deallocate"))
        .raw("custom_data", format!("base64encode({start})"))
        .raw("tags", format!("local.{}_tags", part.label))
        .with(block("admin_ssh_key", []).set("username", "placer").raw("public_key", "var.ssh_public_key"))
        .with(disk)
        .with(source)
}

fn disk(draft: &mut Draft, placed: &Placed, name: &str, gb: i64) {
    let part = &placed.part;
    let label = &part.label;
    let disk = at("azurerm_managed_disk", label, &format!("{name}-data"), part.region())
        .set("storage_account_type", "StandardSSD_LRS")
        .set("create_option", "Empty")
        .set("disk_size_gb", gb)
        .when(part.component.zones > 1, |disk| disk.set("zone", "1"))
        .raw("tags", format!("local.{label}_tags"));
    draft.push(&part.file(), disk);
    let attachment = resource("azurerm_virtual_machine_data_disk_attachment", label)
        .raw("managed_disk_id", format!("azurerm_managed_disk.{label}.id"))
        .raw("virtual_machine_id", format!("azurerm_linux_virtual_machine.{label}[0].id"))
        .set("lun", 0_i64)
        .set("caching", "None");
    draft.push(&part.file(), attachment);
}

/// An identity that may use the storage that the machines call; whether there is one.
fn identity(view: &View, draft: &mut Draft, placed: &Placed, known: &Endpoints, name: &str) -> bool {
    let labels = placed.buckets(view, known);
    if labels.is_empty() {
        return false;
    }
    let part = &placed.part;
    let identity = at("azurerm_user_assigned_identity", &part.label, name, part.region());
    draft.push(&part.file(), identity.raw("tags", format!("local.{}_tags", part.label)));
    for label in labels {
        let role = resource("azurerm_role_assignment", &format!("{}_{label}", part.label))
            .raw("scope", format!("azurerm_storage_account.{label}.id"))
            .set("role_definition_name", "Storage Blob Data Contributor")
            .raw("principal_id", format!("azurerm_user_assigned_identity.{}.principal_id", part.label));
        draft.push(&part.file(), role);
    }
    true
}

fn identity_of(label: &str) -> Block {
    let id = raw(format!("azurerm_user_assigned_identity.{label}.id"));
    block("identity", []).set("type", "UserAssigned").set("identity_ids", list([id]))
}
