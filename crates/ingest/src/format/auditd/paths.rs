//! What the PATH and CWD records of an audit event say together: which file the event is about.

use super::Gathered;
use crate::Fields;

/// The paths of one event. In the order of the kernel a rename has the old name (DELETE), perhaps the name
/// that it overwrites (DELETE) and the new name (CREATE); directories come first (PARENT).
#[derive(Debug, Default)]
pub(super) struct Paths {
    directory: Vec<u8>,
    created: Option<Vec<u8>>,
    deleted: Option<Vec<u8>>,
    deleted_last: Option<Vec<u8>>,
    normal: Option<Vec<u8>>,
    /// Of the record that is being read.
    name: Option<Vec<u8>>,
    nametype: Vec<u8>,
}

impl Paths {
    /// Takes note of a field of a record.
    pub(super) fn see(&mut self, kind: &[u8], key: &str, value: &[u8]) {
        match (kind, key) {
            (b"CWD", "cwd") => self.directory = value.to_vec(),
            (b"PATH", "name") => self.name = Some(value.to_vec()),
            (b"PATH", "nametype") => self.nametype = value.to_vec(),
            _ => {}
        }
    }

    /// Ends a record.
    pub(super) fn end_record(&mut self) {
        let nametype = std::mem::take(&mut self.nametype);
        let Some(name) = self.name.take() else { return };
        match nametype.as_slice() {
            b"CREATE" => self.created = Some(name),
            b"DELETE" => {
                self.deleted.get_or_insert_with(|| name.clone());
                self.deleted_last = Some(name);
            }
            b"NORMAL" => self.normal = Some(name),
            _ => {}
        }
    }

    /// Puts `target_path`, `created_path` and `deleted_path`.
    fn put(&self, fields: &mut Fields<'_>) {
        let target = self.created.as_ref().or(self.deleted_last.as_ref()).or(self.normal.as_ref());
        let paths = [
            ("target_path", target),
            ("created_path", self.created.as_ref()),
            ("deleted_path", self.deleted.as_ref()),
        ];
        for (field, path) in paths {
            if let Some(path) = path {
                fields.put(field, &absolute(&self.directory, path));
            }
        }
    }
}

/// The path from the root on, without `.` and `..`; as it is when it is relative and the directory unknown.
fn absolute(directory: &[u8], path: &[u8]) -> Vec<u8> {
    let whole = match (path.first(), directory.first()) {
        (Some(b'/'), _) => path.to_vec(),
        (_, Some(b'/')) => [directory, b"/", path].concat(),
        _ => return path.to_vec(),
    };
    let mut steps: Vec<&[u8]> = Vec::new();
    for step in whole.split(|byte| *byte == b'/') {
        match step {
            b"" | b"." => {}
            b".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    let mut plain = vec![b'/'];
    plain.extend_from_slice(&steps.join(&b'/'));
    plain
}

/// Puts what the records of an event give only together.
pub(super) fn put_gathered(gathered: &Gathered, fields: &mut Fields<'_>) {
    if !gathered.command_line.is_empty() {
        fields.put("command_line", &gathered.command_line);
    }
    gathered.paths.put(fields);
}

#[cfg(test)]
mod tests {
    use super::super::super::probe::line;
    use super::absolute;

    fn event(records: &[&str]) -> String {
        let records: Vec<String> = records
            .iter()
            .map(|record| {
                let (kind, rest) = record.split_once(' ').unwrap_or((record, ""));
                format!("type={kind} msg=audit(1364481363.243:7): {rest}")
            })
            .collect();
        records.join("\n")
    }

    #[test]
    fn a_rename_creates_and_deletes() {
        let probe = line(&event(&[
            "SYSCALL syscall=82",
            "CWD cwd=\"/home/u\"",
            "PATH item=0 name=\"/home/u\" nametype=PARENT",
            "PATH item=1 name=\"/etc/\" nametype=PARENT",
            "PATH item=2 name=\"./a\" nametype=DELETE",
            "PATH item=3 name=\"/etc/b\" nametype=DELETE",
            "PATH item=4 name=2F6574632F6220 nametype=CREATE",
        ]));
        assert_eq!(probe.first("target_path"), "/etc/b ");
        assert_eq!(probe.first("created_path"), "/etc/b ");
        assert_eq!(probe.first("deleted_path"), "/home/u/a");
        assert_eq!(probe.all("name").len(), 5);
    }

    #[test]
    fn removal_reading_and_directories() {
        let probe = line(&event(&[
            "PATH item=0 name=\"/tmp\" nametype=PARENT",
            "PATH item=1 name=\"../x\" nametype=DELETE",
            "CWD cwd=\"/tmp/y\"",
        ]));
        assert_eq!((probe.first("target_path"), probe.first("deleted_path")), ("/tmp/x", "/tmp/x"));
        assert_eq!(probe.first("created_path"), "(absent)");
        let probe = line(&event(&[
            "CWD cwd=\"/\"",
            "PATH item=0 name=\"/bin/sh\" nametype=NORMAL",
            "PATH item=1 name=(null) nametype=NORMAL",
            "PATH item=2 name=\"lib\" nametype=NORMAL",
        ]));
        assert_eq!(probe.first("target_path"), "/lib");
        let probe = line(&event(&["PATH item=0 name=\"/bin\" nametype=PARENT"]));
        assert_eq!(probe.first("target_path"), "(absent)");
        let probe = line(&event(&["PATH item=0 name=\"a\" nametype=NORMAL"]));
        assert_eq!(probe.first("target_path"), "a");
    }

    #[test]
    fn paths_become_absolute() {
        for (directory, path, whole) in [
            ("/a", "b/../c", "/a/c"),
            ("/a", "/x//y/", "/x/y"),
            ("/", "../../..", "/"),
            ("", "b", "b"),
        ] {
            assert_eq!(absolute(directory.as_bytes(), path.as_bytes()), whole.as_bytes());
        }
    }
}
