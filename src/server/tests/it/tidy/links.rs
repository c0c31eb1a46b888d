//! Links between Markdown documents lead somewhere: to a file that is there and a heading that is in it.

use super::{Finding, PROJECT, expect_none, lines_of};

/// A link's line and target, outside code.
fn targets(text: &str) -> Vec<(usize, String)> {
    let prose = prose(text);
    let lines = prose.lines().enumerate();
    lines.flat_map(|(n, line)| targets_in(line).into_iter().map(move |target| (n + 1, target))).collect()
}

fn targets_in(line: &str) -> Vec<String> {
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let defined = line.starts_with('[').then(|| line.split_once("]: ")).flatten().map(|(_, target)| target);
    let bare = |target: &str| target.split_whitespace().next().map(|t| t.trim_matches(['<', '>']).to_owned());
    inline.chain(defined).filter_map(bare).collect()
}

/// The text with fenced blocks and code spans blanked.
fn prose(text: &str) -> String {
    let mut fenced = false;
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        if !fence && !fenced {
            out.extend(line.split('`').step_by(2));
        }
        out.push('\n');
    }
    out
}

/// The anchors a document offers, made the way code hosts make them from headings.
fn anchors(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        if let (false, Some((hashes, title))) = (fenced, line.split_once(' '))
            && !hashes.is_empty()
            && hashes.chars().all(|c| c == '#')
        {
            let slug = slug(title);
            let repeats = out.iter().filter(|seen| **seen == slug).count();
            out.push(if repeats == 0 { slug } else { format!("{slug}-{repeats}") });
        }
    }
    out
}

fn slug(title: &str) -> String {
    let kept = title.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// `target` as seen from the document at `from`: a path relative to the root, `.` and `..` resolved.
fn resolve(from: &str, target: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// All links of one document. `text_at` gives a Markdown file's text, `exists` says whether a file or folder is there.
fn links<'a>(
    path: &str,
    text: &'a str,
    exists: impl Fn(&str) -> bool,
    text_at: impl Fn(&str) -> Option<&'a str>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, target) in targets(text) {
        if target.contains("://") || target.starts_with("mailto:") || target.starts_with('/') {
            continue;
        }
        let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
        let there = if file.is_empty() { path.to_owned() } else { resolve(path, file) };
        if !there.is_empty() && !exists(&there) {
            findings.push(Finding::new(path, line, format!("`{target}` leads nowhere: {there} is not there")));
        } else if let (false, Some(text)) = (anchor.is_empty(), text_at(&there))
            && !anchors(text).iter().any(|a| a == anchor)
        {
            findings.push(Finding::new(path, line, format!("`{target}`: {there} has no heading for #{anchor}")));
        }
    }
    findings
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let exists = |path: &str| PROJECT.paths.contains(path) || PROJECT.folders.contains(path);
    let documents: Vec<_> = PROJECT.files.iter().filter(|file| file.path.ends_with(".md")).collect();
    let text_at = |path: &str| documents.iter().find(|file| file.path == path).map(|file| file.text.as_str());
    expect_none(&documents.iter().flat_map(|file| links(&file.path, &file.text, exists, text_at)).collect::<Vec<_>>());
}

#[test]
fn a_link_to_a_missing_file_or_heading_is_reported() {
    let text = "[a](gone.md)\n[b](../README.md#two-words)\n[c](#nowhere)\n`[d](gone.md)`\n```\n[e](gone.md)\n```\n[f]: gone.md\n";
    let text_at = |path: &str| Some(if path == "README.md" { "# One\n## Two words!\n" } else { text });
    let found = links("docs/a.md", text, |path| matches!(path, "README.md" | "docs/a.md"), text_at);
    assert_eq!(lines_of(&found), [1, 3, 8]);
}

#[test]
fn anchors_are_made_as_code_hosts_make_them() {
    assert_eq!(anchors("# A `code` & B\n```\n# not one\n```\n## A\n## A\n"), ["a-code--b", "a", "a-1"]);
}
