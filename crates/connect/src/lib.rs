//! What reaches in over the network and the disk: syslog and followed files.
#![warn(missing_docs)]
