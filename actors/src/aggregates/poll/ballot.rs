//! Which answers a question takes, and the one form of each.

use super::command::VotingLimits;
use super::definition::rating_bounds;
use plenum_schema::poll::{Answer, Definition, Number, OptionId, QuestionKind, Spot};
use plenum_schema::{Refusal, RefusalCode};

type Checked<T> = Result<T, Refusal>;

fn invalid<T>(field: &str, text: impl Into<String>) -> Checked<T> {
    Err(Refusal::field(RefusalCode::Invalid, field, text))
}

/// The answer in the one form that ballots are compared and counted in.
///
/// # Errors
/// `invalid` or `tooLarge`, naming the member of the answer.
pub(super) fn normalised(rules: &VotingLimits, question: &Definition, answer: &Answer) -> Checked<Answer> {
    match (question.kind, answer) {
        (
            QuestionKind::Single | QuestionKind::YesNo | QuestionKind::Quiz | QuestionKind::Feedback,
            Answer::Choice(picks),
        ) => choice(question, picks, 1, 1).map(Answer::Choice),
        (QuestionKind::Multiple, Answer::Choice(picks)) => {
            let (min, max) = picks_of(question);
            choice(question, picks, min, max).map(Answer::Choice)
        }
        (QuestionKind::Rating, Answer::Rating(rating)) => {
            let (low, high) = rating_bounds(question);
            if !(low..=high).contains(rating) {
                return invalid("answer.rating", format!("a rating between {low} and {high} is wanted"));
            }
            Ok(Answer::Rating(*rating))
        }
        (QuestionKind::Ranking, Answer::Ranking(ranked)) => ranking(question, ranked).map(Answer::Ranking),
        (QuestionKind::Words, Answer::Words(said)) => words(rules, question, said).map(Answer::Words),
        (QuestionKind::Text, Answer::Text(said)) => text(rules, said).map(Answer::Text),
        (QuestionKind::Number, Answer::Number(number)) => number_of(question, *number).map(Answer::Number),
        (QuestionKind::Point, Answer::Point(spot)) => point(*spot).map(Answer::Point),
        (kind, _) => invalid("answer", format!("this question wants {}", wanted(kind))),
    }
}

fn wanted(kind: QuestionKind) -> &'static str {
    match kind {
        QuestionKind::Single
        | QuestionKind::Multiple
        | QuestionKind::YesNo
        | QuestionKind::Quiz
        | QuestionKind::Feedback => "a choice",
        QuestionKind::Point => "a point",
        QuestionKind::Rating => "a rating",
        QuestionKind::Ranking => "a ranking",
        QuestionKind::Words => "words",
        QuestionKind::Text => "a text",
        QuestionKind::Number => "a number",
    }
}

fn bound(number: Option<Number>, usual: usize) -> usize {
    number.and_then(Number::as_whole).and_then(|whole| usize::try_from(whole).ok()).unwrap_or(usual)
}

/// Fewest and most picks of a multiple choice: 1 to all when nothing is said.
fn picks_of(question: &Definition) -> (usize, usize) {
    (bound(question.min, 1), bound(question.max, question.options.len()))
}

fn is_option(question: &Definition, id: OptionId) -> bool {
    id >= 1 && usize::from(id) <= question.options.len()
}

fn has_double(sorted: &[OptionId]) -> bool {
    sorted.windows(2).any(|pair| pair.first() == pair.get(1))
}

fn choice(question: &Definition, picks: &[OptionId], min: usize, max: usize) -> Checked<Vec<OptionId>> {
    const FIELD: &str = "answer.choice";
    if picks.len() < min || picks.len() > max {
        let text = if min == max { format!("{min} pick wanted") } else { format!("{min} to {max} picks wanted") };
        return invalid(FIELD, text);
    }
    if !picks.iter().all(|id| is_option(question, *id)) {
        return invalid(FIELD, "this is no option of the question");
    }
    let mut picks = picks.to_vec();
    picks.sort_unstable();
    if has_double(&picks) {
        return invalid(FIELD, "an option is picked once");
    }
    Ok(picks)
}

fn ranking(question: &Definition, ranked: &[OptionId]) -> Checked<Vec<OptionId>> {
    const FIELD: &str = "answer.ranking";
    let all = question.options.len();
    let least = bound(question.min, all);
    if ranked.len() < least || ranked.len() > all {
        return invalid(FIELD, format!("{least} to {all} options are ranked"));
    }
    if !ranked.iter().all(|id| is_option(question, *id)) {
        return invalid(FIELD, "this is no option of the question");
    }
    let mut sorted = ranked.to_vec();
    sorted.sort_unstable();
    if has_double(&sorted) {
        return invalid(FIELD, "an option is ranked once");
    }
    Ok(ranked.to_vec())
}

/// A word in lower case without spaces around it and with single spaces inside.
pub(super) fn normal_word(word: &str) -> String {
    word.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Words in their one form, each once, in the order of the alphabet.
fn words(rules: &VotingLimits, question: &Definition, said: &[String]) -> Checked<Vec<String>> {
    const FIELD: &str = "answer.words";
    let most = bound(question.max, rules.words.min(3));
    if said.len() > most {
        return invalid(FIELD, format!("1 to {most} words are wanted"));
    }
    let mut words: Vec<String> = said.iter().map(|word| normal_word(word)).filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words.dedup();
    if words.len() < bound(question.min, 1) {
        return invalid(FIELD, "there are too few words");
    }
    if words.iter().any(|word| word.chars().any(char::is_control)) {
        return invalid(FIELD, "a word has no control characters");
    }
    if words.iter().any(|word| word.chars().count() > rules.word_chars) {
        let text = format!("a word has at most {} characters", rules.word_chars);
        return Err(Refusal::field(RefusalCode::TooLarge, FIELD, text));
    }
    Ok(words)
}

fn text(rules: &VotingLimits, said: &str) -> Checked<String> {
    const FIELD: &str = "answer.text";
    let said = said.trim();
    if said.is_empty() {
        return invalid(FIELD, "the text is empty");
    }
    if said.chars().any(|c| c.is_control() && c != '\n') {
        return invalid(FIELD, "the text has no control characters");
    }
    if said.chars().count() > rules.text_chars {
        let text = format!("a text has at most {} characters", rules.text_chars);
        return Err(Refusal::field(RefusalCode::TooLarge, FIELD, text));
    }
    Ok(said.to_owned())
}

fn point(spot: Spot) -> Checked<Spot> {
    for (at, field) in [(spot.x, "answer.point.x"), (spot.y, "answer.point.y")] {
        if at < Number::whole(0) || at > Number::whole(1) {
            return invalid(field, "a point lies between 0 and 1");
        }
    }
    Ok(spot)
}

fn number_of(question: &Definition, number: Number) -> Checked<Number> {
    if question.min.is_some_and(|min| number < min) || question.max.is_some_and(|max| number > max) {
        return invalid("answer.number", "the number is out of bounds");
    }
    Ok(number)
}
