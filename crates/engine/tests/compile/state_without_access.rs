//! A handler that reaches past the use cases to the state.

use engine::access::Access;

fn state(access: &Access) {
    let _state = &access.state;
}

fn main() {}
