//! How many entries of an audit log are proved in a second: `FIGURE audit_verify <entries> entries/s`.

use std::time::Instant;

use engine::audit::{Draft, Outcome, Signer, next, verify};
use model::Timestamp;
use ports::AuditEntry;

const ENTRIES: usize = 500_000;
const ROUNDS: u32 = 3;

#[expect(clippy::print_stdout, reason = "a bench says what it measured")]
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
#[expect(clippy::expect_used, reason = "a bench that cannot begin ends")]
fn main() {
    let mut all: Vec<AuditEntry> = Vec::with_capacity(ENTRIES);
    for number in 0..ENTRIES {
        let draft = Draft::new(
            "user/0199a1b2-0000-7000-8000-000000000001",
            "user.change",
            "user/0199a1b2-0000-7000-8000-000000000002",
        )
        .with("changes", "roles")
        .with("roles", "analyst hunter");
        let entry = next(all.last(), &draft, Outcome::Done, Timestamp(number as i64));
        all.push(entry);
    }
    let key = Signer::new(&[1; 32]).expect("a seed of 32 bytes").verify_key();
    let none: [&str; 0] = [];
    let best = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            let report = verify(&all, none, &key);
            assert!(report.is_whole());
            began.elapsed()
        })
        .min()
        .unwrap_or_default();
    println!("FIGURE audit_verify {:.0} entries/s", ENTRIES as f64 / best.as_secs_f64());
}
