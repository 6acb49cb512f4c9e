//! A handler with the proof of another permission than the use case demands.

use engine::access::{Access, Authorized, permits};

async fn list_users(access: &Access, auth: &Authorized<permits::AuditRead>) {
    let _users = access.users(auth, None, 100).await;
}

fn main() {}
