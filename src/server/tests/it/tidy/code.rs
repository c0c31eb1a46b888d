//! Just enough of a Rust lexer to tell code from comments and literals.

/// The same text with comments and the insides of string and character literals turned into spaces. Line breaks stay,
/// so line numbers hold.
pub(super) fn code_only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = skipped(&chars, at);
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|&c| if c == '\n' { c } else { ' ' }));
            at = end;
        }
    }
    out
}

/// Where the comment or literal that starts at `at` ends; `at` itself when none starts there.
fn skipped(chars: &[char], at: usize) -> usize {
    let next = chars.get(at + 1).copied();
    match chars[at] {
        '/' if next == Some('/') => find(chars, at, '\n'),
        '/' if next == Some('*') => block_comment(chars, at),
        '"' => string(chars, at, '"'),
        '\'' => character(chars, at),
        'r' if at == 0 || !is_word(chars[at - 1]) || chars[at - 1] == 'b' => raw_string(chars, at),
        _ => at,
    }
}

fn find(chars: &[char], from: usize, wanted: char) -> usize {
    chars[from..].iter().position(|&c| c == wanted).map_or(chars.len(), |n| from + n)
}

fn block_comment(chars: &[char], at: usize) -> usize {
    let (mut depth, mut i) = (0_usize, at);
    while i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => (depth, i) = (depth + 1, i + 2),
            ('*', Some('/')) => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            return i;
        }
    }
    chars.len()
}

fn string(chars: &[char], at: usize, quote: char) -> usize {
    let mut i = at + 1;
    while i < chars.len() && chars[i] != quote {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    (i + 1).min(chars.len())
}

/// A quote starts a character literal when it closes again, else a lifetime.
fn character(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => string(chars, at, '\''),
        (Some(_), Some('\'')) => at + 3,
        _ => at,
    }
}

fn raw_string(chars: &[char], at: usize) -> usize {
    let hashes = chars[at + 1..].iter().take_while(|&&c| c == '#').count();
    let open = at + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return at;
    }
    let mut i = open + 1;
    while i < chars.len() {
        let closes = chars[i] == '"' && chars[i + 1..].iter().take_while(|&&c| c == '#').count() >= hashes;
        if closes {
            return i + 1 + hashes;
        }
        i += 1;
    }
    chars.len()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The lines, from 1, on which `word` stands as a whole word (or path: `time::sleep`).
pub(super) fn lines_with_word(text: &str, word: &str) -> Vec<usize> {
    let has = |line: &str| {
        line.match_indices(word).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = line[at + word.len()..].chars().next();
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
    };
    text.lines().enumerate().filter(|(_, line)| has(line)).map(|(n, _)| n + 1).collect()
}

#[test]
fn comments_and_literals_are_not_code() {
    let text =
        "let a = \"tokio \\\" tokio\"; // tokio\n/* tokio /* tokio */ tokio */ tokio::spawn();\nlet c = '\"'; tokio";
    assert_eq!(lines_with_word(&code_only(text), "tokio"), [2, 3]);
}

#[test]
fn raw_strings_end_at_their_own_hashes() {
    let text = "r#\"in \" in\"#out br\"in\"out for out in";
    assert_eq!(lines_with_word(&code_only(text), "for"), [1]);
    assert_eq!(code_only(text).split_whitespace().collect::<Vec<_>>(), ["out", "b", "out", "for", "out", "in"]);
}

#[test]
fn a_lifetime_is_not_an_open_quote() {
    assert_eq!(code_only("fn f<'a>(x: &'a str) -> &'a str { x }"), "fn f<'a>(x: &'a str) -> &'a str { x }");
}

#[test]
fn a_word_is_found_only_as_a_whole() {
    assert_eq!(lines_with_word("unsafe_code\nunsafe {\nxunsafe", "unsafe"), [2]);
}
