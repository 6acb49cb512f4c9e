//! Content is embedded: a file added below `content/` must rebuild the binary.

fn main() {
    // Cargo's build-script protocol is standard output.
    #[expect(clippy::print_stdout, reason = "cargo reads directives from standard output")]
    {
        println!("cargo::rerun-if-changed=../../content");
    }
}
