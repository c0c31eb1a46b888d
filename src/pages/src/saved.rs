//! The page that checks result sheets as one file, to be saved and opened from disk: without a server there is nobody to ask for
//! modules, and browsers load none from disk.

use crate::assets::{Content, Files, REVALIDATE, conditional, version};
use crate::packed::Packed;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

/// Where it is.
pub const ADDRESS: &str = "/verify/plenum-verify.html";
/// Its modules, each behind those that it imports.
const MODULES: [&str; 6] =
    ["views/dom.js", "verify/sha2.js", "verify/ed25519.js", "verify/sheet.js", "verify/words.js", "verify/verify.js"];
const STYLES: [&str; 2] = ["style.css", "verify/verify.css"];

/// `GET /verify/plenum-verify.html`: a file to keep. On this server itself it is never shown, so nothing of it runs in its origin.
pub async fn answer(request: HttpRequest, packed: Data<Packed>) -> HttpResponse {
    let body = Bytes::from(file());
    let (name, tag) = ("plenum-verify.html", version());
    let content = Content { name, tag, cache: REVALIDATE, content_type: "text/html; charset=utf-8", body };
    let mut answer = conditional(&request, &packed, content);
    let attached = HeaderValue::from_static("attachment; filename=\"plenum-verify.html\"");
    answer.headers_mut().insert(header::CONTENT_DISPOSITION, attached);
    answer
}

/// The file. Its own policy lets exactly this script and style work, and nothing be loaded or sent: what is checked stays where it is.
fn file() -> String {
    let script = script();
    let style = STYLES.map(source).concat();
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        source_hash(&script),
        source_hash(&style)
    );
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n<title>Plenum</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1, viewport-fit=cover\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<style>{style}</style>\n</head>\n<body>\n<div id=\"app\"></div>\n\
         <noscript><p class=\"noscript\">This page needs JavaScript.</p></noscript>\n<script>{script}</script>\n</body>\n</html>\n"
    )
}

/// As a policy names an inline text (CSP 3 §2.3.1).
fn source_hash(text: &str) -> String {
    format!("sha256-{}", BASE64.encode(Sha256::digest(text)))
}

fn source(name: &str) -> String {
    // Only in a debug build can a file have gone.
    let file = Files::get(&format!("assets/{name}"));
    file.map(|file| String::from_utf8_lossy(&file.data).into_owned()).unwrap_or_default()
}

/// All modules as one script: each is a function that answers what it exports, and an import is a look at what another answered.
fn script() -> String {
    let modules: String = MODULES.iter().map(|name| module(name, &source(name))).collect();
    format!("\n\"use strict\";\n(() => {{\nconst modules = {{}};\n{modules}}})();\n")
}

fn stem(path: &str) -> &str {
    path.rsplit('/').next().and_then(|name| name.strip_suffix(".js")).unwrap_or(path)
}

fn module(name: &str, source: &str) -> String {
    let mut exported = Vec::new();
    let mut text = String::with_capacity(source.len());
    for line in source.lines() {
        let import = line.strip_prefix("import ").and_then(|rest| rest.strip_suffix("\";")?.split_once(" from \""));
        if let Some((names, from)) = import {
            text.extend(["const ", names, " = modules.", stem(from), ";"]);
        } else if let Some(rest) = line.strip_prefix("export ") {
            exported.extend(declared(rest));
            text.push_str(rest);
        } else {
            text.push_str(line);
        }
        text.push('\n');
    }
    format!("modules.{} = (() => {{\n{text}return {{ {} }};\n}})();\n", stem(name), exported.join(", "))
}

/// The name that a line declares.
fn declared(line: &str) -> Option<&str> {
    let mut words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.find(|word| !["async", "function", "class", "const", "let", ""].contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_becomes_a_function_that_answers_what_it_exports() {
        let source =
            "import { a, b } from \"../x/y.js\";\nconst c = a;\nexport async function d(e) {}\nexport const F = 1;\n";
        let expected = "modules.m = (() => {\nconst { a, b } = modules.y;\nconst c = a;\nasync function d(e) {}\n\
                        const F = 1;\nreturn { d, F };\n})();\n";
        assert_eq!(module("verify/m.js", source), expected);
    }

    #[test]
    fn the_file_has_everything_in_it_and_ends_where_it_should() {
        let (script, style) = (script(), STYLES.map(source).concat());
        for word in ["import ", "export "] {
            assert!(!script.lines().any(|line| line.starts_with(word)), "{word}");
        }
        assert!(!script.contains("</") && !script.contains("<!--"), "the script would end early");
        assert!(!style.contains("</") && !style.contains("url("), "the style would end early, or load something");
        let file = file();
        assert!(!file.contains("src=") && !file.contains("href=\"/assets"), "nothing is loaded");
        for name in MODULES {
            assert!(script.contains(&format!("modules.{} = ", stem(name))), "{name}");
        }
    }
}
