//! Opening inputs: compression, archives, character sets, shape, splitting into chunks.
