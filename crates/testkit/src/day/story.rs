//! The attack, beat by beat, in the order in which it happens. All times are UTC; Hamburg is an hour ahead.
//!
//! Password spray, tired approval, inside phishing, an administrator's workstation, the file server, the
//! jump host, the cloud account, theft, traces removed. The same people, machines and addresses run
//! through all sources: anna.keller (mailbox), markus.brandt (ws-105, 10.20.1.105), adm.brandt, fs01,
//! jump01, the AWS user backup-sync.

mod cloud;
mod endpoint;
mod identity;
mod network;
mod server;

use super::Day;
use super::clock::{Moment, at};
use super::sysmon::Process;

/// Guesses passwords and uses the mailbox.
const SPRAY: &str = "203.0.113.66";
/// Calls the cloud with the stolen key.
const CLOUD: &str = "203.0.113.91";
/// Serves the loader and its programs.
const STAGING: &str = "198.51.100.44";
const STAGING_NAME: &str = "cdn.metrics-edge.example";
/// The command server.
const COMMAND: &str = "198.51.100.23";
const COMMAND_NAME: &str = "sync.metrics-edge.example";
/// Takes what is stolen.
const DROP: &str = "198.51.100.77";
const DROP_NAME: &str = "files.parcel-drop.example";
/// Names below this one carry data out.
const TUNNEL: &str = "t.metrics-edge.example";

/// The administrator's workstation and its address.
const ADMIN_HOST: &str = "ws-105.corp.example";
const ADMIN_IP: &str = "10.20.1.105";
/// The implant on it.
const IMPLANT: &str = "C:\\Users\\markus.brandt\\AppData\\Roaming\\Adobe\\armsync.exe";

/// A process of the attack that several beats refer to.
fn known(guid: &str, pid: u64, image: &str, user: &str) -> Process {
    Process {
        guid: format!("{{{guid}}}"),
        pid,
        image: image.to_owned(),
        command: format!("\"{image}\""),
        user: user.to_owned(),
    }
}

/// When something begins, and what writes it.
type Beat = (Moment, fn(&mut Day, Moment));

/// The beats with their times.
fn beats() -> [Beat; 23] {
    [
        // 06:32 A spray: one password, forty-two accounts, slow enough to lock nobody out.
        (at(6, 32, 0), identity::spray),
        // 07:04 It fits anna.keller. The attacker sends push after push until she approves one.
        (at(7, 4, 0), identity::push_fatigue),
        // 07:19 The attacker registers an authenticator of their own.
        (at(7, 19, 20), identity::new_factor),
        // 07:26 Mail is read over OWA, the mailbox searched, a rule hides what answers come.
        (at(7, 26, 0), identity::mailbox),
        // 08:41 A document with a macro goes into her OneDrive; a link to it to six people at work.
        (at(8, 41, 0), identity::inside_phishing),
        // 09:05 As every morning, markus.brandt starts a console as adm.brandt: credentials lie in memory.
        (at(9, 5, 12), endpoint::admin_console),
        // 09:13 He opens the document: Word, encoded PowerShell, download through the proxy, implant.
        (at(9, 13, 0), endpoint::document),
        // 09:15 The implant stays: Run key and scheduled task.
        (at(9, 15, 40), endpoint::persistence),
        // 09:17 It calls its command server every sixty seconds from now on.
        (at(9, 17, 0), network::beacon),
        // 09:22 Who am I, where am I, who is in charge here.
        (at(9, 22, 0), endpoint::discovery),
        // 09:38 The implant starts itself once more with full rights, by way of fodhelper.
        (at(9, 38, 0), endpoint::elevation),
        // 09:41 Memory of LSASS is read: the password of adm.brandt.
        (at(9, 41, 7), endpoint::credentials),
        // 09:52 Tickets in RC4 for every service account, to be cracked elsewhere.
        (at(9, 52, 0), endpoint::kerberoast),
        // 10:02 adm.brandt opens ADMIN$ on fs01 and installs a service there.
        (at(10, 2, 0), server::lateral),
        // 10:18 On fs01 the finance share is packed with a password.
        (at(10, 18, 0), server::collection),
        // 10:34 With the same password to the jump host: sudo, a script from the net, cron, cloud credentials.
        (at(10, 34, 0), server::jump_host),
        // 10:52 His kubeconfig lies there as well: secrets are listed, a pod mounts the node's disk.
        (at(10, 52, 0), server::cluster),
        // 11:05 The key of backup-sync, from another address: what may it do? It may too much.
        (at(11, 5, 0), cloud::reconnaissance),
        // 11:12 A second way in: a user with a harmless name, all rights, a key. Then the trail is stopped.
        (at(11, 12, 0), cloud::persistence),
        // 11:30 The backups bucket is emptied object by object.
        (at(11, 30, 0), cloud::theft),
        // 12:33 What could help the company is deleted: snapshots and the newest backups.
        (at(12, 33, 0), cloud::destruction),
        // 13:30 fs01 sends a test of eight minutes through DNS; at 15:02 the archive leaves over TLS.
        (at(13, 30, 0), network::theft),
        // 15:38 The Security log of fs01 is cleared.
        (at(15, 38, 0), server::traces),
    ]
}

/// Writes the attack into the day.
pub(super) fn tell(day: &mut Day) {
    for (at, beat) in beats() {
        // Nobody acts on the stroke of a second.
        let late = day.random.below(7_000);
        beat(day, at + late);
    }
}
