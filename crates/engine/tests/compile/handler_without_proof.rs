//! A handler that calls a use case without proof.

use engine::access::{Access, Caller};

async fn list_users(access: &Access, caller: &Caller) {
    let _users = access.users(caller, None, 100).await;
}

fn main() {}
