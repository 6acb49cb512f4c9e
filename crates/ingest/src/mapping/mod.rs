//! Recognising sources and mapping native fields to OCSF, from `content/sources`.
