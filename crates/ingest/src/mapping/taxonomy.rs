//! Which OCSF attribute a Sigma field name stands for, by Sigma category (`content/taxonomy.yaml`).

use super::compile::MapError;
use super::yaml::TaxonomyYaml;

/// The compiled table.
#[derive(Debug, Default)]
pub(super) struct Taxonomy(TaxonomyYaml);

impl Taxonomy {
    pub(super) fn parse(text: &str) -> Result<Self, MapError> {
        serde_saphyr::from_str(text)
            .map(Self)
            .map_err(|error| MapError::new(format!("taxonomy.yaml: {error}")))
    }

    /// (Sigma name, OCSF paths in order of preference) of the given categories.
    pub(super) fn names(&self, categories: &[Box<str>]) -> Vec<(String, Vec<String>)> {
        let tables = categories.iter().filter_map(|category| self.0.get(&**category));
        tables.flatten().map(|(name, paths)| (name.clone(), paths.to_vec())).collect()
    }
}
