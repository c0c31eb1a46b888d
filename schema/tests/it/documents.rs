//! Reading `docs/protocol.md`.

use std::path::{Path, PathBuf};

/// One frame of the document: what the comment above it calls it, its line, its JSON.
#[derive(Debug)]
pub struct Example {
    pub label: String,
    pub line: usize,
    pub json: String,
}

pub fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

pub fn protocol() -> String {
    std::fs::read_to_string(docs().join("protocol.md")).expect("docs/protocol.md is there")
}

/// Every block behind a `<!-- frame: … -->` comment. A JSON block without one, or a comment without a block, is a mistake.
pub fn examples() -> Vec<Example> {
    let text = protocol();
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        if let Some(label) = line.strip_prefix("<!-- frame: ").and_then(|rest| rest.strip_suffix(" -->")) {
            assert_eq!(lines.get(number + 1), Some(&"```json"), "line {}: a block follows its label", number + 1);
            let body = lines[number + 2..].iter().take_while(|line| **line != "```").copied().collect::<Vec<_>>();
            found.push(Example { label: label.to_owned(), line: number + 1, json: body.join("\n") });
        }
    }
    let blocks = lines.iter().filter(|line| **line == "```json").count();
    assert_eq!(blocks, found.len(), "every JSON block of protocol.md has a label");
    found
}
