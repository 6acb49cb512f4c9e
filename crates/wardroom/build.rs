//! Content is embedded: a file added below `content/` must rebuild the binary.

fn main() {
    println!("cargo::rerun-if-changed=../../content");
}
