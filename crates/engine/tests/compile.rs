//! T40: a use case cannot be called, and its proof cannot be made, without the permission. Each file in `compile`
//! must fail to compile, with the words beside it.

#[test]
fn what_lacks_its_proof_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile/*.rs");
}
